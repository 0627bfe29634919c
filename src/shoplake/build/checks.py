"""Checks of the contracts, run before anything is published. stop: nothing is published. tell: it is, and said."""

from collections.abc import Callable
from dataclasses import dataclass

from shoplake.build.warehouse import Warehouse
from shoplake.contracts import Table
from shoplake.contracts.model import ChecksSpec
from shoplake.errors import CheckFailed


@dataclass(frozen=True)
class Finding:
    """A check that did not hold."""

    table: str
    check: str
    rows: int
    example: str

    def __str__(self) -> str:
        return f"{self.table}: {self.check}: {self.rows} rows" + (
            f", for example {self.example}" if self.example else ""
        )


def check_table(house: Warehouse, table: Table, relation: str, filled: set[str], rows: int) -> list[str]:
    """Run a table's checks on a relation, in one statement. `filled` holds the full names of the tables that have rows.

    Returns the tell-level findings as sentences. Raises CheckFailed with every stop-level finding, an example each.
    """
    checks = [(c, is_stop) for spec, is_stop in _levels(table) for c in _checks(house, table, spec, relation)]
    found = list(zip(checks, _counts(house, [c for c, _ in checks], relation), strict=True))
    findings = [(_finding(house, table, check, count), is_stop) for (check, is_stop), count in found if count]
    for spec, is_stop in _levels(table):
        if spec.not_empty_when in filled and not rows:
            findings.append(
                (Finding(table.full_name, f"not empty, since {spec.not_empty_when} is not", 0, ""), is_stop)
            )
    stops = [finding for finding, is_stop in findings if is_stop]
    if stops:
        raise CheckFailed(
            "\n".join(str(f) for f in stops)
            + f"\nNothing was published. Look at the rows with `shoplake query`, mend the source or the check in {table.path.name}."
        )
    return [str(finding) for finding, _ in findings]


@dataclass(frozen=True)
class _Check:
    """`count` is an aggregate over the relation, or (is_alone) a SELECT of one number n; `example` gives `columns` of a bad row."""

    name: str
    count: str
    example: str
    columns: list[str]
    is_alone: bool = False


def _levels(table: Table) -> list[tuple[ChecksSpec, bool]]:
    return [(table.spec.checks.stop, True), (table.spec.checks.tell, False)]


def _checks(house: Warehouse, table: Table, spec: ChecksSpec, relation: str) -> list[_Check]:
    found = []
    keys = ", ".join(table.spec.key)
    for name, bad in _row_conditions(table, spec, house.facts.quote).items():
        count = f"SUM(CASE WHEN {bad} THEN 1 ELSE 0 END)"
        found.append(_Check(name, count, f"SELECT {keys} FROM {relation} WHERE {bad} LIMIT 1", table.spec.key))
    for columns in spec.unique:
        names = ", ".join(columns)
        repeated = f"SELECT {names}, COUNT(*) AS n FROM {relation} GROUP BY {names} HAVING COUNT(*) > 1"
        count = f"SELECT SUM(x.n) AS n FROM ({repeated}) AS x"
        found.append(_Check(f"unique ({names})", count, f"{repeated} LIMIT 1", columns, is_alone=True))
    for column, target in spec.references.items():
        other, _, name = target.rpartition(".")
        held = f"SELECT {name} FROM {house.place(other)} WHERE {name} IS NOT NULL"
        lost = f"FROM {relation} WHERE {column} IS NOT NULL AND {column} NOT IN ({held})"
        example = f"SELECT {column} {lost} LIMIT 1"
        found.append(
            _Check(f"{column} refers to {target}", f"SELECT COUNT(*) AS n {lost}", example, [column], is_alone=True)
        )
    return found


def _counts(house: Warehouse, checks: list[_Check], relation: str) -> list[int]:
    """How many rows each check finds, all asked in one statement: a statement costs a cluster more than a scan does."""
    together = [f"{c.count} AS c{i}" for i, c in enumerate(checks) if not c.is_alone]
    parts = [f"(SELECT {', '.join(together)} FROM {relation}) AS together"] if together else []
    parts += [f"({c.count}) AS alone{i}" for i, c in enumerate(checks) if c.is_alone]
    if not parts:
        return []
    names = ", ".join(f"alone{i}.n AS c{i}" if c.is_alone else f"together.c{i}" for i, c in enumerate(checks))
    return [int(n or 0) for n in house.rows(f"SELECT {names} FROM {' CROSS JOIN '.join(parts)}")[0]]


def _finding(house: Warehouse, table: Table, check: _Check, count: int) -> Finding:
    values = house.rows(check.example)[0]
    example = ", ".join(f"{c} = {v}" for c, v in zip(check.columns, values, strict=False))
    return Finding(table.full_name, check.name, count, example)


def _row_conditions(table: Table, checks: ChecksSpec, quote: Callable[[str], str]) -> dict[str, str]:
    """Name of a check -> the condition that a bad row meets."""
    found = {f"{c} not NULL": f"{c} IS NULL" for c in checks.not_null}
    for c in checks.accepted:
        values = ", ".join(quote(v) for v in table.column(c).values or ())
        found[f"{c} one of its values"] = f"{c} IS NOT NULL AND {c} NOT IN ({values})"
    for c, bounds in checks.range.items():
        if bounds.min is not None:
            found[f"{c} at least {bounds.min}"] = f"{c} < {bounds.min}"
        if bounds.max is not None:
            found[f"{c} at most {bounds.max}"] = f"{c} > {bounds.max}"
    for name, condition in checks.expressions.items():
        found[name] = f"NOT ({condition})"
    return found
