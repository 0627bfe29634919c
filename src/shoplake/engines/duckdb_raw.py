"""Raw files as DuckDB reads them: records as text."""

from collections.abc import Callable, Sequence

from shoplake.contracts import Table
from shoplake.engines.duckdb import quote_all
from shoplake.lake.receipts import RawFile


def raw_select(table: Table, files: Sequence[RawFile], address: Callable[[str], str]) -> str:
    """A SELECT of a partition's records as text, with ds, source_file, raw_text and is_malformed. `address`: where a file lies."""
    parts = []
    for kind, form in (("plain", "csv"), ("plain", "jsonl"), ("plain", "parquet"), ("odd", "jsonl")):
        paths = [address(f.path) for f in files if f.kind == kind and f.format == form]
        if paths:
            parts.append(_READERS[kind, form](table, quote_all(paths), len(address("raw")) - 2))
    empty = ", ".join(f"CAST(NULL AS VARCHAR) AS {c}" for c in [*table.names, "raw_text", "source_file"])
    parts = parts or [f"SELECT {empty}, FALSE AS is_malformed, CAST(NULL AS DATE) AS ds WHERE FALSE"]
    return "\nUNION ALL\n".join(parts)


_HIVE = "hive_partitioning = true, hive_types = {'ds': DATE}, filename = true"


def _read_csv(table: Table, paths: str, cut: int) -> str:
    """Plain CSV has no quotes, so a record is its line, and splitting at commas is exact (and four times as fast as a reader
    that looks for quotes). A line with another number of commas is no record of this table: malformed."""
    columns = ", ".join(f"NULLIF(fields[{n}], '') AS {c}" for n, c in enumerate(table.names, 1))
    return (
        f"SELECT {columns}, line AS raw_text, LENGTH(fields) <> {len(table.names)} AS is_malformed, source_file, ds FROM ("
        f"SELECT line, STRING_SPLIT(line, ',') AS fields, SUBSTR(filename, {cut}) AS source_file, ds "
        f"FROM {_lines(paths, header=True)})"
    )


def _lines(paths: str, *, header: bool, longest: int = 2 * 1024 * 1024) -> str:
    """The lines of text files: read as CSV with one column and a separator no file holds: plain CSV has no tab, and no JSON
    has the control character behind it."""
    separator = chr(9) + chr(2)
    return (
        f"read_csv({paths}, auto_detect = false, delim = '{separator}', quote = '', escape = '', header = {str(header).lower()}, "
        f"max_line_size = {longest}, columns = {{'line': 'VARCHAR'}}, {_HIVE})"
    )


def _read_json_lines(table: Table, paths: str, cut: int) -> str:
    shape = "{" + ", ".join(f'"{c}": "VARCHAR"' for c in table.names) + "}"
    columns = ", ".join(f"j.{c} AS {c}" for c in table.names)
    return (
        f"SELECT {columns}, line AS raw_text, FALSE AS is_malformed, source_file, ds FROM ("
        f"SELECT line, json_transform(line, '{shape}') AS j, SUBSTR(filename, {cut}) AS source_file, ds "
        f"FROM {_lines(paths, header=False)})"
    )


def _read_parquet(table: Table, paths: str, cut: int) -> str:
    text = " || ',' || ".join(
        f"COALESCE('\"{c}\":' || to_json(CAST({c} AS VARCHAR)), '\"{c}\":null')" for c in table.names
    )
    columns = ", ".join(f"{_blanks(f'CAST({c} AS VARCHAR)')} AS {c}" for c in table.names)
    return (
        f"SELECT {columns}, '{{' || {text} || '}}' AS raw_text, FALSE AS is_malformed, SUBSTR(filename, {cut}) AS source_file, ds "
        f"FROM read_parquet({paths}, {_HIVE})"
    )


def _blanks(x: str) -> str:
    """Tabs, line breaks and no-break spaces become spaces. Plain text holds none by definition."""
    return f"TRANSLATE({x}, chr(9) || chr(10) || chr(13) || chr(160), '    ')"


def _read_odd(table: Table, paths: str, cut: int) -> str:
    """Lines and json_transform, although read_json would do: of hundreds of small files it takes ten times as long, and
    128 MB for each."""
    shape = "{" + ", ".join(f'"{c}": "VARCHAR"' for c in [*table.names, "raw_text"]) + ', "is_malformed": "BOOLEAN"}'
    columns = ", ".join(f"{_blanks(f'j.{c}')} AS {c}" for c in table.names)
    return (
        f"SELECT {columns}, j.raw_text AS raw_text, j.is_malformed AS is_malformed, source_file, ds FROM ("
        f"SELECT json_transform(line, '{shape}') AS j, SUBSTR(filename, {cut}) AS source_file, ds "
        f"FROM {_lines(paths, header=False, longest=64 * 1024 * 1024)})"
    )


_READERS: dict[tuple[str, str], Callable[[Table, str, int], str]] = {
    ("plain", "csv"): _read_csv,
    ("plain", "jsonl"): _read_json_lines,
    ("plain", "parquet"): _read_parquet,
    ("odd", "jsonl"): _read_odd,
}
