"""A new model with all it needs: SELECT, contract and a first case that passes. `make new-model name=core.x`."""

import re
import sys
from pathlib import Path

from shoplake.build.models import READS
from shoplake.contracts import Contracts
from shoplake.contracts.loader import load
from shoplake.contracts.project import project_folder
from shoplake.errors import ShoplakeError, WrongUse
from shoplake.terminal import out, say

SCHEMA = "# yaml-language-server: $schema=../../docs/reference/schemas/table.json"
# How a raw text becomes a column of a type.
READERS = {"text": "tidy", "bigint": "to_int", "decimal": "to_decimal", "timestamp": "to_time", "date": "to_day"}

CORE = """\
-- One row per day and currency. Say here what one row is, and why it is computed so.
SELECT
    f.order_date,
    f.currency,
    COUNT(DISTINCT f.transaction_id) AS order_count
FROM core.fact_transactions AS f
GROUP BY f.order_date, f.currency
"""
MARTS = """\
-- One row per day and currency. Say here which question it answers, and what is left out.
-- Reading marts.order_lines, it knows nothing of as_of or later.
SELECT
    MAX(l.as_of) AS as_of,
    l.order_date,
    l.currency,
    COUNT(DISTINCT l.transaction_id) AS order_count
FROM marts.order_lines AS l
WHERE l.is_sale
GROUP BY l.order_date, l.currency
"""
ORDERS_CASE = """\
# Say what the case shows. tests/models/README.md tells the format.
given:
  clean.transactions:
    - {transaction_id: t1, quantity: 1, unit_price: 10, ordered_at: "2024-06-14 10:00:00"}
    - {transaction_id: t2, quantity: 1, unit_price: 20, ordered_at: "2024-06-14 11:00:00"}
expect:
  - {order_date: 2024-06-14, currency: EUR, order_count: 2}
"""


def new_model(name: str, folder: Path) -> list[Path]:
    """Write warehouse/<layer>/<table>.sql, its contract and tests/models/<layer>.<table>/ordinary.yml into a project.

    Returns the three files. They work as they are: the model loads and the case passes. Raises WrongUse, having written
    nothing, for an unknown layer, a name that is none or is taken, a folder without a project, a file that is there already.
    """
    layer, _, table = name.partition(".")
    if layer not in READS or not re.fullmatch(r"[a-z][a-z0-9_]*", table):
        raise WrongUse(
            f"name: found {name!r}, expected a layer ({', '.join(READS)}), a dot and a table in lower case. "
            "Try: make new-model name=core.fact_returns"
        )
    contracts = load(project_folder(str(folder)) / "contracts")
    _refuse_taken(layer, table, contracts)
    texts = _clean(table, contracts) if layer == "clean" else _star(layer)
    files = {
        folder / "warehouse" / layer / f"{table}.sql": texts[0],
        folder / "contracts" / layer / f"{table}.yml": f"{SCHEMA}\n{texts[1]}",
        folder / "tests" / "models" / name / "ordinary.yml": texts[2],
    }
    for path in files:
        if path.exists():
            raise WrongUse(f"{path}: is there already. Nothing was written; delete it, or take another name.")
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(files)


def _refuse_taken(layer: str, table: str, contracts: Contracts) -> None:
    # On a cluster core and marts are one database.
    for other in ("core", "marts") if layer != "clean" else ("clean",):
        if f"{other}.{table}" in contracts.tables:
            raise WrongUse(
                f"{layer}.{table}: {other}.{table} is there already. Nothing was written; take another name."
            )


def _star(layer: str) -> tuple[str, str, str]:
    columns = ["order_date", "currency", "order_count"]
    contract = _contract("a day x currency", ["as_of", *columns] if layer == "marts" else columns, columns[:2])
    return MARTS if layer == "marts" else CORE, contract, ORDERS_CASE


def _clean(table: str, contracts: Contracts) -> tuple[str, str, str]:
    """Each column of the raw table, read as its type; rejected when malformed or without its first column."""
    raw = contracts.tables.get(f"raw.{table}")
    if raw is None:
        raise WrongUse(
            f"clean.{table}: reads raw.{table}, which has no contract. Write contracts/raw/{table}.yml first."
        )
    key = raw.names[0]
    kinds = {c: contracts.columns[c].type.partition("(")[0] for c in raw.names}
    columns = [c for c in raw.names if kinds[c] in READERS]
    typed = "".join(f"    {READERS[kinds[c]]}(r.{c}) AS {c},\n" for c in columns)
    sql = (
        f"-- One row per record of raw.{table}, typed, with the first reason that rejects it (NULL: none).\nSELECT\n{typed}"
        f"    CASE\n        WHEN r.is_malformed THEN 'malformed'\n        WHEN tidy(r.{key}) IS NULL THEN 'missing_required:{key}'\n"
        f"    END AS reject,\n    0 AS nulled_values,\n    r.raw_text,\n    r.source_file,\n    r.ds\nFROM raw.{table} AS r\n"
    )
    case = (
        "# Say what the case shows. tests/models/README.md tells the format.\n"
        f'given:\n  raw.{table}:\n    - {{is_malformed: "false"}}\n    - {{is_malformed: "true"}}\n'
        f'expect:\n  - {{reject: "missing_required:{key}"}}\n  - {{reject: malformed}}\n'
    )
    return sql, _contract(raw.spec.grain, [*columns, "ds"], [key]) + "partition: ds\n", case


def _contract(grain: str, columns: list[str], key: list[str]) -> str:
    keys = ", ".join(key)
    unique = "" if "ds" in columns else f", unique: [[{keys}]]"
    return (
        f"grain: {grain}\nowner: analytics\ncolumns: [{', '.join(columns)}]\nkey: [{keys}]\n"
        f"checks:\n  stop: {{not_null: [{keys}]{unique}}}\n"
    )


def main(arguments: list[str]) -> int:
    """`python -m shoplake.build.scaffold core.x`, in a project's folder."""
    try:
        if len(arguments) != 1:
            raise WrongUse("name: expected one. Try: make new-model name=core.fact_returns")
        files = new_model(arguments[0], Path())
    except ShoplakeError as e:
        say(str(e))
        return e.exit_code
    out("Wrote\n" + "\n".join(f"  {path}" for path in files))
    out(
        "Next\n"
        "  1. Write your SELECT; name its columns in the contract (new ones in contracts/columns.yml).\n"
        "  2. Change the case to what it must answer, and add one of the nasty kind: a tie, a NULL, a late row, a year's end.\n"
        f"  3. Run .venv/bin/python -m pytest tests/models -k {arguments[0]}, then make render and make lint."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
