"""Raw records on Spark: every plain or odd file as text columns, with ds, source_file, raw_text and is_malformed.

The same records as engines/duckdb.py gives, by Spark's own readers; what plain and odd mean, lake/receipts.py says.
"""

from collections.abc import Callable, Sequence
from typing import Any

from shoplake.contracts import Table
from shoplake.lake.receipts import RawFile

# No plain CSV holds a tab, and no JSON the control character behind it: a whole line is one field.
_NO_SEPARATOR = "\t\u0002"
_DAY = "ds DATE"


def raw_records(session: Any, table: Table, files: Sequence[RawFile], address: Callable[[str], str]) -> Any:
    """A DataFrame of these files' records. `address` tells where raw/<table>/ds=D/ lies."""
    parts = []
    for (kind, form), read in _READERS.items():
        paths = [address(f.path) for f in files if f.kind == kind and f.format == form]
        if paths:
            source = session.read.option("basePath", address(f"raw/{table.name}"))
            parts.append(read(source, table, paths))
    if not parts:
        nothing = [f"CAST(NULL AS STRING) AS {c}" for c in [*table.names, "raw_text", "source_file"]]
        return session.range(0).selectExpr(*nothing, "FALSE AS is_malformed", "CAST(NULL AS DATE) AS ds")
    found = parts[0]
    for part in parts[1:]:
        found = found.unionByName(part)
    return found


def _origin(table: Table) -> list[str]:
    name = f"CONCAT('raw/{table.name}/ds=', CAST(ds AS STRING), '/', _metadata.file_name)"
    return [f"{name} AS source_file", "ds"]


def _lines(source: Any, paths: list[str], header: bool) -> Any:
    options = {"sep": _NO_SEPARATOR, "quote": "", "escape": "", "lineSep": "\n", "maxCharsPerColumn": "-1"}
    return source.options(header=header, **options).schema(f"line STRING, {_DAY}").csv(paths)


def _csv(source: Any, table: Table, paths: list[str]) -> Any:
    """Plain CSV has no quotes, so a record is its line. With another number of commas it is no record of this table."""
    wide = _lines(source, paths, True).selectExpr("line", "SPLIT(line, ',', -1) AS fields", *_origin(table))
    columns = [f"NULLIF(GET(fields, {n}), '') AS {c}" for n, c in enumerate(table.names)]
    return wide.selectExpr(
        *columns, "line AS raw_text", f"SIZE(fields) <> {len(table.names)} AS is_malformed", "source_file", "ds"
    )


def _json(source: Any, table: Table, paths: list[str]) -> Any:
    shape = ", ".join(f"{c} STRING" for c in table.names)
    read = source.option("lineSep", "\n").schema(f"value STRING, {_DAY}").text(paths)
    found = read.selectExpr("value AS raw_text", f"FROM_JSON(value, '{shape}') AS j", *_origin(table))
    return found.selectExpr(
        *(f"j.{c} AS {c}" for c in table.names), "raw_text", "FALSE AS is_malformed", "source_file", "ds"
    )


def _odd(source: Any, table: Table, paths: list[str]) -> Any:
    shape = ", ".join(f"{c} STRING" for c in [*table.names, "raw_text"]) + ", is_malformed BOOLEAN"
    read = source.option("lineSep", "\n").schema(f"value STRING, {_DAY}").text(paths)
    found = read.selectExpr(f"FROM_JSON(value, '{shape}') AS j", *_origin(table))
    columns = [f"{_blanks(f'j.{c}')} AS {c}" for c in table.names]
    return found.selectExpr(*columns, "j.raw_text AS raw_text", "j.is_malformed AS is_malformed", "source_file", "ds")


def _parquet(source: Any, table: Table, paths: list[str]) -> Any:
    """Values as text; the record is the row as JSON."""
    text = source.parquet(*paths).selectExpr(*(f"CAST({c} AS STRING) AS {c}" for c in table.names), *_origin(table))
    row = f"TO_JSON(STRUCT({', '.join(table.names)}), MAP('ignoreNullFields', 'false')) AS raw_text"
    columns = [f"{_blanks(c)} AS {c}" for c in table.names]
    return text.selectExpr(*columns, row, "FALSE AS is_malformed", "source_file", "ds")


def _blanks(x: str) -> str:
    """Tabs, line breaks and no-break spaces become spaces. Plain text holds none by definition."""
    return f"TRANSLATE({x}, '\\t\\n\\r\\u00a0', '    ')"


_READERS: dict[tuple[str, str], Callable[[Any, Table, list[str]], Any]] = {
    ("plain", "csv"): _csv,
    ("plain", "jsonl"): _json,
    ("plain", "parquet"): _parquet,
    ("odd", "jsonl"): _odd,
}
