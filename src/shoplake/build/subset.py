"""The portable subset: what every engine answers alike. An allow-list over the sqlglot tree; all else is refused.

Each rule stands because an engine was seen to differ: division is a DOUBLE on DuckDB and a DECIMAL on Spark, a cast of a
fraction to an integer rounds on one and cuts on the other, NULLs sort first on one and last on the other.
"""

import re
from pathlib import Path

from sqlglot import exp

from shoplake.errors import WrongUse

NAMED_FUNCTIONS = {"TIDY", "FOLD", "TO_INT", "TO_DECIMAL", "TO_TIME", "TO_DAY", "MICROS", "DAY_OF", "RATIO"}

ALLOWED: tuple[type[exp.Expr], ...] = (
    # structure
    exp.Select, exp.Union, exp.Subquery, exp.With, exp.CTE, exp.From, exp.Join, exp.Where, exp.Group, exp.Having, exp.Order,
    exp.Ordered, exp.Distinct, exp.Table, exp.TableAlias, exp.Alias, exp.Column, exp.Identifier, exp.Star, exp.Exists,
    exp.Window, exp.WindowSpec, exp.Tuple, exp.Paren,
    # values
    exp.Literal, exp.Null, exp.Boolean, exp.DataType, exp.DataTypeParam, exp.Cast, exp.Neg,
    # conditions
    exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Is, exp.In, exp.Between, exp.Like,
    exp.NullSafeEQ, exp.Case, exp.If,
    # arithmetic and functions
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Floor, exp.DPipe, exp.Coalesce, exp.Nullif, exp.Upper, exp.DateDiff,
    exp.Count, exp.Sum, exp.Min, exp.Max, exp.RowNumber, exp.Lag, exp.Lead, exp.Ntile, exp.Anonymous, exp.TsOrDsToDate,
)  # fmt: skip

CAST_TYPES = {
    exp.DataType.Type.DECIMAL, exp.DataType.Type.DATE, exp.DataType.Type.TIMESTAMPNTZ, exp.DataType.Type.TEXT, exp.DataType.Type.BIGINT,
}  # fmt: skip


def check_subset(tree: exp.Expr, path: Path, text: str) -> None:
    """Raise WrongUse, naming file and line, for the first thing that not every engine answers alike."""
    # The parser fills in Spark's own default, so only the text tells whether NULLS FIRST or LAST was said.
    for ordered, said in _orders(tree, text):
        if not said:
            raise WrongUse(
                f"{path}:{line_of(ordered)}: this ORDER BY does not say NULLS FIRST or NULLS LAST; engines differ. Add it to each column."
            )
    for node in tree.walk():
        problem = _problem(node)
        if problem:
            raise WrongUse(f"{path}:{line_of(node)}: {problem}\nin: {node.sql(dialect='spark')[:160]}")


def _problem(node: exp.Expr) -> str | None:
    if type(node) not in ALLOWED:
        return f"{type(node).__name__} is not in the portable subset (build/subset.py). Say it with what is, or add it there with a test on every engine."
    if isinstance(node, exp.Anonymous) and node.name.upper() not in NAMED_FUNCTIONS:
        return f"{node.name} is neither in the portable subset nor a named function ({', '.join(sorted(n.lower() for n in NAMED_FUNCTIONS))})."
    if isinstance(node, exp.Div) and not (
        isinstance(node.parent, exp.Floor) and isinstance(node.expression, exp.Literal)
    ):
        return "`/` is a DOUBLE on one engine and a DECIMAL on another. Use ratio(a, b, scale), or FLOOR(a / literal)."
    if isinstance(node, exp.Cast):
        return _cast_problem(node)
    if (
        isinstance(node, exp.Window)
        and isinstance(node.this, exp.RowNumber | exp.Lag | exp.Lead | exp.Ntile)
        and not node.args.get("order")
    ):
        return "a window that numbers or looks around needs an ORDER BY that ends in a key."
    return None


def _orders(tree: exp.Expr, text: str) -> list[tuple[exp.Expr, bool]]:
    ordered = list(tree.find_all(exp.Ordered))
    said = len(re.findall(r"\bNULLS\s+(?:FIRST|LAST)\b", re.sub(r"--[^\n]*", "", text), re.IGNORECASE))
    return [(ordered[0], False)] if ordered and said != len(ordered) else []


def _cast_problem(node: exp.Cast) -> str | None:
    kind = node.to.this
    if kind not in CAST_TYPES:
        return f"a CAST to {node.to.sql(dialect='spark')} is not portable. Use BIGINT, DECIMAL(p,s), STRING, DATE or TIMESTAMP_NTZ."
    if kind == exp.DataType.Type.BIGINT and not isinstance(node.this, exp.Floor):
        return "a CAST of a fraction to an integer rounds on one engine and cuts on another. CAST only a FLOOR."
    return None


def line_of(node: exp.Expr) -> int:
    """The nearest line known: of the node, what it holds, or what holds it."""
    for part in node.walk():
        if "line" in part.meta:
            return int(part.meta["line"])
    return line_of(node.parent) if node.parent is not None else 1
