"""The SQL that Impala reads, for sqlglot, which knows only Hive's. Importing this module registers the dialect `impala`.

What is here is what Hive's rendering gets wrong for Impala, and what Impala has no form for, which is refused.
"""

from collections.abc import Callable
from typing import ClassVar

from sqlglot import exp
from sqlglot.dialects.dialect import rename_func
from sqlglot.dialects.hive import Hive
from sqlglot.generator import Generator
from sqlglot.generators.hive import HiveGenerator

from shoplake.engines.impala_words import RESERVED
from shoplake.errors import WrongUse

Write = Callable[[Generator, exp.Expr], str]


def _refuse(what: str, instead: str) -> Write:
    def refuse(self: Generator, node: exp.Expr) -> str:
        raise WrongUse(f"Impala has no {what}: {node.sql(dialect='spark')[:160]}. {instead}.")

    return refuse


def _date_diff(self: Generator, node: exp.Expr) -> str:
    """Of DATE columns as they are: Hive wraps them in TO_DATE, whose result is text in Impala."""
    sides = [s.this if isinstance(s, exp.TsOrDsToDate) else s for s in (node.this, node.expression)]
    return self.func("DATEDIFF", *sides)


def _interval(self: Generator, node: exp.Expr) -> str:
    """A number, where Hive writes it as text."""
    value = node.this
    if isinstance(value, exp.Literal) and value.is_string and value.this.lstrip("-").isdigit():
        value = exp.Literal.number(value.this)
    return f"INTERVAL {self.sql(value)} {self.sql(node, 'unit') or 'DAY'}"


def _truncate(self: Generator, node: exp.Expr) -> str:
    """Hive's TRUNC(x, 'DAY') is the start of the week in Impala."""
    unit = node.args.get("unit")
    return self.func("DATE_TRUNC", exp.Literal.string(unit.name.lower() if unit else "day"), node.this)


def _filtered(self: Generator, node: exp.Expr) -> str:
    """SUM(x) FILTER (WHERE c) as SUM(CASE WHEN c THEN x END)."""
    aggregate = node.this.copy()
    counted = aggregate.this
    if counted is None or isinstance(counted, exp.Star):
        counted = exp.Literal.number(1)
    aggregate.set("this", exp.Case(ifs=[exp.If(this=node.expression.this.copy(), true=counted.copy())]))
    return self.sql(aggregate)


def _joined(self: Generator, node: exp.Expr) -> str:
    """`||` is OR on Impala unless both sides are known to be text. A chain becomes one CONCAT."""
    parts: list[exp.Expr] = []
    left: exp.Expr = node
    while isinstance(left, exp.DPipe):
        parts.insert(0, left.expression)
        left = left.this
    return self.func("CONCAT", left, *parts)


def _when(self: Generator, node: exp.Expr) -> str:
    """IF is both a function and a branch of CASE in sqlglot's tree."""
    if isinstance(node, exp.If) and isinstance(node.parent, exp.Case):
        return self.if_sql(node)
    return self.sql(
        exp.Case(ifs=[exp.If(this=node.this.copy(), true=node.args["true"].copy())], default=node.args.get("false"))
    )


class Impala(Hive):
    # NULL is greater than any value. Hive's is the opposite, so that its rendering drops the NULLS LAST of a DESC.
    NULL_ORDERING = "nulls_are_large"

    class Generator(HiveGenerator):
        NULL_ORDERING_SUPPORTED = True
        RESERVED_KEYWORDS: ClassVar = set(RESERVED)
        TRANSFORMS: ClassVar = {
            **HiveGenerator.TRANSFORMS,
            exp.DateDiff: _date_diff,
            exp.Interval: _interval,
            exp.DateTrunc: _truncate,
            exp.TimestampTrunc: _truncate,
            exp.Filter: _filtered,
            exp.DPipe: _joined,
            exp.If: _when,
            exp.ApproxDistinct: rename_func("NDV"),
            exp.ArrayAgg: _refuse("aggregate that gives an array", "Count, or GROUP_CONCAT"),
            exp.Explode: _refuse("EXPLODE", "Join a table with one row an element"),
            exp.Lateral: _refuse("LATERAL", "Join a table with one row an element"),
            exp.PercentileCont: _refuse("PERCENTILE_CONT", "NTILE, or APPX_MEDIAN"),
            exp.TableSample: _refuse("sample of so many rows", "TABLESAMPLE SYSTEM takes a percentage of the files"),
        }
