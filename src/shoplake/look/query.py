"""`shoplake query`: a person's SELECT over one generation, checked and locked."""

import csv
import difflib
import re
import sys
from typing import Any

import duckdb

from shoplake.engines.duckdb import explain
from shoplake.errors import ShoplakeError, WrongUse
from shoplake.look import drawing
from shoplake.look.guard import check, known_tables, no_such_table
from shoplake.look.opened import Opened
from shoplake.settings import Session
from shoplake.terminal import emit_json, out, say

FORMATS = ("table", "csv", "json")
# Rows a table on the terminal shows; csv and json give all.
TABLE_ROWS = 1000
_BATCH = 10_000


def run(session: Session, one: Opened, sql: str, form: str) -> None:
    """Check, run and print. Raises WrongUse for whatever is not a SELECT over the lake's tables, or is wrong in it."""
    check(sql, one.contracts)
    text = sql.strip().rstrip(";")
    if one.lake.engine:
        from shoplake.look.elsewhere import ask

        one.engine.arrow_table("work.answer", ask(session, one, text))
        text = "SELECT * FROM lake.work.answer"
    one.lock()
    try:
        cursor = one.engine.connection.execute(text)
        names = [d[0] for d in cursor.description or []]
        types = [str(d[1]) for d in cursor.description or []]
        _PRINTERS[form](cursor, names, types, one)
    except duckdb.Error as e:
        raise told(e, sql, one) from e


def _print_table(cursor: duckdb.DuckDBPyConnection, names: list[str], types: list[str], one: Opened) -> None:
    rows = cursor.fetchmany(TABLE_ROWS + 1)
    numbers = [i for i, t in enumerate(types) if re.match(r"DECIMAL|NUMBER|.*INT|DOUBLE|FLOAT", t)]
    shown = [["NULL" if v is None else v for v in row] for row in rows[:TABLE_ROWS]]
    for line in drawing.table(names, shown, indent=0, right=numbers):
        out(line)
    if len(rows) > TABLE_ROWS:
        say(f"The first {TABLE_ROWS} rows. Add LIMIT, or take all with --format csv.")


def _print_csv(cursor: duckdb.DuckDBPyConnection, names: list[str], types: list[str], one: Opened) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(names)
    while rows := cursor.fetchmany(_BATCH):
        writer.writerows([_plain(v) for v in row] for row in rows)


def _plain(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _print_json(cursor: duckdb.DuckDBPyConnection, names: list[str], types: list[str], one: Opened) -> None:
    columns = [{"name": n, "type": t} for n, t in zip(names, types, strict=True)]
    rows = [[_json_value(v) for v in row] for row in cursor.fetchall()]
    emit_json(
        "query", {"generation": one.manifest.generation, "as_of": one.manifest.as_of, "columns": columns, "rows": rows}
    )


def _json_value(value: Any) -> Any:
    """Whole numbers of more than 64 bits as text, as decimals are."""
    return str(value) if isinstance(value, int) and abs(value) >= 2**63 else value


_PRINTERS = {"table": _print_table, "csv": _print_csv, "json": _print_json}


def told(e: duckdb.Error, sql: str, one: Opened) -> ShoplakeError:
    """DuckDB's error as a sentence that names the nearest table or column."""
    text = str(e)
    column = re.search(
        r'column "([^"]+)" not found|does not have a column named "([^"]+)"|"([^"]+)" not found in FROM', text
    )
    if column:
        return _no_such_column(next(g for g in column.groups() if g), sql, one)
    table = re.search(r'Table with name "?([\w.]+)"? does not exist', text)
    if table:
        return no_such_table(table.group(1), one.contracts)
    general = explain(e, sql)
    if general.exit_code != ShoplakeError.exit_code or isinstance(e, duckdb.IOException):
        return general
    first = text.split("\n\n")[0].replace("\n", " ")
    return WrongUse(f"query: {first[:300].rstrip('. ')}. `shoplake explain TABLE` tells columns and types.")


def _no_such_column(name: str, sql: str, one: Opened) -> WrongUse:
    used = [t for t in known_tables(one.contracts) if re.search(rf"\b{re.escape(t)}\b", sql, re.IGNORECASE)]
    columns = {c: t for t in used for c in one.contracts.table(t).names}
    short = name.rpartition(".")[2].strip('"')
    near = difflib.get_close_matches(short.lower(), columns, n=3, cutoff=0.5)
    near = near or [c for c in columns if short.lower() in c][:3]
    where = ", ".join(used) or "the query"
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    return WrongUse(
        f"query: no column {short} in {where}.{hint} `shoplake explain {used[0] if used else 'TABLE'}` lists them."
    )
