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


def check_table(house: Warehouse, table: Table, relation: str, filled: set[str]) -> list[str]:
    """Run a table's checks on a relation. `filled` holds the full names of the tables that have rows.

    Returns the tell-level findings as sentences. Raises CheckFailed with every stop-level finding, an example each.
    """
    stops = _findings(house, table, table.spec.checks.stop, relation, filled)
    if stops:
        raise CheckFailed(
            "\n".join(str(f) for f in stops)
            + f"\nNothing was published. Look at the rows with `shoplake query`, mend the source or the check in {table.path.name}."
        )
    return [str(f) for f in _findings(house, table, table.spec.checks.tell, relation, filled)]


def _findings(house: Warehouse, table: Table, checks: ChecksSpec, relation: str, filled: set[str]) -> list[Finding]:
    conditions = _row_conditions(table, checks, house.facts.quote)
    found: list[Finding] = []
    if conditions:
        sums = ", ".join(f"SUM(CASE WHEN {bad} THEN 1 ELSE 0 END)" for bad in conditions.values())
        counts = house.rows(f"SELECT {sums} FROM {relation}")[0]
        for (name, bad), count in zip(conditions.items(), counts, strict=True):
            if count:
                found.append(Finding(table.full_name, name, int(count), _example(house, table, relation, bad)))
    for columns in checks.unique:
        keys = ", ".join(columns)
        repeated = house.rows(f"SELECT {keys}, COUNT(*) FROM {relation} GROUP BY {keys} HAVING COUNT(*) > 1 LIMIT 1")
        if repeated:
            found.append(Finding(table.full_name, f"unique ({keys})", int(repeated[0][-1]), _row(columns, repeated[0])))
    for column, target in checks.references.items():
        other, _, name = target.rpartition(".")
        held = f"SELECT {name} FROM {house.place(other)} WHERE {name} IS NOT NULL"
        lost = house.rows(
            f"SELECT {column}, COUNT(*) FROM {relation} WHERE {column} IS NOT NULL AND {column} NOT IN ({held}) GROUP BY {column} LIMIT 1"
        )
        if lost:
            found.append(
                Finding(table.full_name, f"{column} refers to {target}", int(lost[0][1]), _row([column], lost[0]))
            )
    if checks.not_empty_when in filled and not house.rows(f"SELECT 1 FROM {relation} LIMIT 1"):
        found.append(Finding(table.full_name, f"not empty, since {checks.not_empty_when} is not", 0, ""))
    return found


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


def _example(house: Warehouse, table: Table, relation: str, bad: str) -> str:
    keys = table.spec.key
    return _row(keys, house.rows(f"SELECT {', '.join(keys)} FROM {relation} WHERE {bad} LIMIT 1")[0])


def _row(columns: list[str], values: tuple[object, ...]) -> str:
    return ", ".join(f"{c} = {v}" for c, v in zip(columns, values, strict=False))
