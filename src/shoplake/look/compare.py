"""Content hashes of a generation, and five rows each way where two lakes differ."""

from typing import Any

from shoplake.contracts import Table
from shoplake.errors import ShoplakeError, WrongUse
from shoplake.look.hashes import hash_relation, row_text
from shoplake.look.opened import Opened, relation

# The ledger tells how rows arrived, which may differ between lakes that hold the same.
HASHED_LAYERS = ("clean", "core", "marts")
SHOWN = 5


def all_hashes(one: Opened) -> dict[str, str]:
    """Table -> content hash, sorted by name."""
    found = {}
    for table in _sorted(one):
        try:
            found[table.full_name] = hash_relation(one.engine, relation(table), table)
        except ShoplakeError as e:
            raise WrongUse(
                f"{table.full_name}: generation {one.manifest.generation} does not hold what {table.path} names "
                f"({str(e).splitlines()[0]}). It was made with other contracts: name them with --project, or build again."
            ) from e
    return found


def _sorted(one: Opened) -> list[Table]:
    return sorted(one.tables(HASHED_LAYERS), key=lambda t: t.full_name)


def differences(here: Opened, there: Opened, names: list[str]) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """For each table: up to five rows that only one of the two holds, by the table's key.

    Of each side only two numbers a row are kept in memory, so large tables can be compared.
    """
    found = {}
    for name in names:
        table = here.contracts.table(name)
        for side in (here, there):
            side.engine.execute(
                f"CREATE OR REPLACE TABLE lake.work.prints AS SELECT p, COUNT(*) AS n FROM "
                f"(SELECT md5({row_text(table)}) AS p FROM {relation(table)}) GROUP BY p"
            )
        found[name] = {"only_here": _only(here, there, table), "only_there": _only(there, here, table)}
    return found


def _only(mine: Opened, other: Opened, table: Table) -> list[dict[str, Any]]:
    theirs = other.engine.fetch("SELECT p, n FROM lake.work.prints")
    mine.engine.arrow_table("work.theirs", theirs)
    columns = ", ".join(c.name for c in table.hashed)
    key = ", ".join(k for k in table.spec.key if k in {c.name for c in table.hashed}) or "1"
    return mine.dicts(
        f"SELECT {columns} FROM {relation(table)} WHERE md5({row_text(table)}) IN ("
        "SELECT a.p FROM lake.work.prints AS a LEFT JOIN lake.work.theirs AS b ON b.p = a.p WHERE b.n IS NULL OR b.n < a.n) "
        f"ORDER BY {key} LIMIT {SHOWN}"
    )


def compared(here: Opened, there: Opened, mine: dict[str, str], theirs: dict[str, str]) -> dict[str, Any]:
    """What differs between two lakes, and rows of it."""
    both = sorted(set(mine) & set(theirs))
    different = [name for name in both if mine[name] != theirs[name]]
    one_sided = sorted(set(mine) ^ set(theirs))
    return {
        "tables": len(set(mine) | set(theirs)),
        "equal": [name for name in both if mine[name] == theirs[name]],
        "different": different + one_sided,
        "hashes": {name: {"here": mine.get(name), "there": theirs.get(name)} for name in different + one_sided},
        "rows": differences(here, there, different),
    }


def compared_as_text(found: dict[str, Any]) -> str:
    lines = [f"{len(found['equal'])} of {found['tables']} tables are equal."]
    for name in found["different"]:
        hashes = found["hashes"][name]
        lines += ["", f"{name}: {hashes['here'] or 'not here'} here, {hashes['there'] or 'not there'} there"]
        for side, title in (("only_here", "only here"), ("only_there", "only there")):
            for row in found["rows"].get(name, {}).get(side, []):
                lines.append(f"  {title}: " + ", ".join(f"{k}={'NULL' if v is None else v}" for k, v in row.items()))
    return "\n".join(lines)
