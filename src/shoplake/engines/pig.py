"""Pig: what its scripts write, and the views that give it the contract's types.

Parquet made by Pig holds no dates, times or decimals. A time is stored in microseconds since 1970, a date in days since 1970, money in
units of its last decimal; the day of arrival is text.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from shoplake.contracts import Column, Contracts, Table

NAME = "pig"
TABLES = ("clickstream", "transactions")
# Where the scripts write, in the lake: clean_pig/<table>/clean and clean_pig/<table>/rejected.
FOLDER = "clean_pig"

_Reading = Mapping[str, Callable[[str], str]]
_DUCKDB: _Reading = {
    "timestamp": lambda x: f"MAKE_TIMESTAMP({x})",
    "date": lambda x: f"DATE '1970-01-01' + CAST({x} AS INTEGER)",
}
# Right in a session whose time zone is UTC.
_SPARK: _Reading = {
    "timestamp": lambda x: f"CAST(TIMESTAMP_MICROS({x}) AS TIMESTAMP_NTZ)",
    "date": lambda x: f"DATE_FROM_UNIX_DATE(CAST({x} AS INT))",
}
_SOURCES: _Reading = {
    "duckdb": lambda folder: "read_parquet('" + folder.replace("'", "''") + "/part-*.parquet')",
    "spark": lambda folder: "parquet.`" + folder.replace("`", "``") + "`",
}
_READINGS = {"duckdb": _DUCKDB, "spark": _SPARK}


def casting_select(table: Table, engine: str, folder: str) -> str:
    """The SELECT that reads what Pig wrote for a table of clean or rejected in the contract's columns and types."""
    columns = ",\n".join(f"    {_read(c, table, engine)} AS {c.name}" for c in table.columns)
    return f"SELECT\n{columns}\nFROM {_SOURCES[engine](folder)}"


def _read(column: Column, table: Table, engine: str) -> str:
    if column.name == table.spec.partition:
        return f"CAST({column.name} AS DATE)"
    if column.type.startswith("decimal("):
        scale = int(column.type.rstrip(")").split(",")[1])
        unit = f"CAST({1 / 10**scale:.{scale}f} AS DECIMAL({scale}, {scale}))"
        return f"CAST(CAST({column.name} AS DECIMAL(19, 0)) * {unit} AS {column.type.upper()})"
    reading = _READINGS[engine].get(column.type)
    return reading(column.name) if reading else column.name


def rendered_views(contracts: Contracts) -> dict[Path, str]:
    """rendered/pig/: for each engine the views over a lake's clean_pig/."""
    found = {}
    for engine in _READINGS:
        lines = [
            f"-- What the Pig scripts wrote, in the types of the contracts, for {engine}. Run it where {FOLDER}/ lies, or put the path",
            "-- before it. Made by `make render` from contracts/clean: change that.",
        ]
        for layer in ("clean", "rejected"):
            for name in TABLES:
                select = casting_select(contracts.table(f"{layer}.{name}"), engine, f"{FOLDER}/{name}/{layer}")
                lines.append(f"CREATE OR REPLACE TEMPORARY VIEW {layer}_{name} AS\n{select};\n")
        found[Path("rendered/pig") / f"{engine}_views.sql"] = "\n".join(lines)
    return found
