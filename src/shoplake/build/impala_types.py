"""Whether the types in a query fit, as Impala sees it: it turns text into a time, and nothing else into anything of another kind."""

from collections.abc import Callable, Iterator

from sqlglot import exp

from shoplake.engines.impala import DIALECT

_KINDS = {
    "number": exp.DataType.NUMERIC_TYPES,
    "text": exp.DataType.TEXT_TYPES,
    "time": exp.DataType.TEMPORAL_TYPES,
    "boolean": {exp.DataType.Type.BOOLEAN},
}

_COMPARE = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NullSafeEQ, exp.NullSafeNEQ)
_COUNTING = (
    exp.Sum,
    exp.Avg,
    exp.Stddev,
    exp.Variance,
    exp.Floor,
    exp.Ceil,
    exp.Round,
    exp.Abs,
    exp.Neg,
    exp.Mod,
    exp.Mul,
    exp.Div,
)
_WRITING = (exp.Upper, exp.Lower, exp.Trim, exp.Concat, exp.Like, exp.RegexpLike, exp.GroupConcat)


def kind(node: exp.Expr | None) -> str | None:
    """number, text, time, boolean; None of NULL, and of what sqlglot knows no type of."""
    if node is None or node.type is None:
        return None
    return next((name for name, types in _KINDS.items() if node.type.this in types), None)


def type_problems(query: exp.Query) -> Iterator[str]:
    """What does not fit in a query whose names are resolved and whose types are annotated."""
    for node in query.walk():
        for types, judge in _RULES:
            if isinstance(node, types):
                yield from judge(node)
    for column in query.selects:
        if column.type is None or column.type.this == exp.DataType.Type.UNKNOWN:
            yield f"{column.alias_or_name} has no type that could be told: {column.sql(DIALECT)[:80]}"


def _said(node: exp.Expr, what: str) -> str:
    return f"{what}: {node.sql(DIALECT)[:120]}"


def _alike(node: exp.Expr, parts: list[exp.Expr]) -> Iterator[str]:
    """All of one kind; a literal of text may stand for a time."""
    kinds = {k for p in parts if (k := kind(p))}
    literals = {kind(p) for p in parts if isinstance(p, exp.Literal)}
    if "time" in kinds and "text" in literals and all(isinstance(p, exp.Literal) for p in parts if kind(p) == "text"):
        kinds.discard("text")
    if len(kinds) > 1:
        yield _said(node, f"{' and '.join(sorted(kinds))} do not go together")


def _compared(node: exp.Expr) -> Iterator[str]:
    return _alike(node, [node.this, node.expression])


def _among(node: exp.Expr) -> Iterator[str]:
    parts = [node.args[a] for a in ("low", "high")] if isinstance(node, exp.Between) else node.expressions
    return _alike(node, [node.this, *parts])


def _branches(node: exp.Expr) -> Iterator[str]:
    if isinstance(node, exp.Case):
        parts = [i.args["true"] for i in node.args["ifs"]] + [d for d in [node.args.get("default")] if d is not None]
        if node.this is not None:
            yield from _alike(node, [node.this, *(i.this for i in node.args["ifs"])])
    else:
        parts = [node.this, *node.expressions]
    yield from _alike(node, parts)


def _needs(wanted: str, *names: str) -> Callable[[exp.Expr], Iterator[str]]:
    def judge(node: exp.Expr) -> Iterator[str]:
        given = [node.args.get(n) for n in names]
        for part in [p for g in given for p in (g if isinstance(g, list) else [g])]:
            found = kind(part.this if isinstance(part, exp.Distinct) and part.this is not None else part)
            if isinstance(part, exp.Expr) and found not in (None, wanted):
                yield _said(node, f"takes a {wanted}, not a {found}")

    return judge


def _added(node: exp.Expr) -> Iterator[str]:
    if isinstance(node.expression, exp.Interval):
        yield from _needs("time", "this")(node)
    else:
        yield from _needs("number", "this", "expression")(node)


def _condition(node: exp.Expr) -> Iterator[str]:
    if isinstance(node, exp.If) and isinstance(node.parent, exp.Case) and node.parent.this is not None:
        return
    yield from _needs("boolean", "this")(node)


def _united(node: exp.Expr) -> Iterator[str]:
    left, right = node.this.selects, node.expression.selects
    if len(left) != len(right):
        yield _said(node, f"{len(left)} and {len(right)} columns do not go together")
        return
    for a, b in zip(left, right, strict=True):
        yield from _alike(node, [a.unalias(), b.unalias()])


_RULES: tuple[tuple[tuple[type[exp.Expr], ...], Callable[[exp.Expr], Iterator[str]]], ...] = (
    (_COMPARE, _compared),
    ((exp.Between, exp.In), _among),
    ((exp.Case, exp.Coalesce), _branches),
    (_COUNTING, _needs("number", "this", "expression")),
    ((exp.Add, exp.Sub), _added),
    (_WRITING, _needs("text", "this", "expression", "expressions")),
    ((exp.And, exp.Or), _needs("boolean", "this", "expression")),
    ((exp.Not, exp.Where, exp.Having, exp.If), _condition),
    ((exp.Join,), _needs("boolean", "on")),
    ((exp.DateDiff,), _needs("time", "this", "expression")),
    ((exp.SetOperation,), _united),
)
