"""The content hash of a table: one expression, run by DuckDB over its own tables or over Arrow from any other engine.

A row becomes the text of its values, each as `length:value` and NULL as `~`, so that no two different rows read alike
(NULL, the empty text and '~' are `~`, `0:` and `1:~`). The two halves of that text's MD5 are summed over all rows: the
order of rows, files and partitions does not matter, a row twice is not a row once, and hashes of parts can be added.
Columns stand in the contract's order and types; arrival columns are left out, because the day a row came must not matter.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from shoplake.contracts import Column, Table
from shoplake.engines.duckdb import DuckDB, sql_type
from shoplake.errors import ShoplakeError, WrongUse

_HALF = 2**64


def arrow_type(contract_type: str) -> pa.DataType:
    """The Arrow type of a contract's type."""
    if contract_type.startswith("decimal("):
        precision, scale = contract_type[8:-1].split(",")
        return pa.decimal128(int(precision), int(scale))
    return {
        "text": pa.string(),
        "boolean": pa.bool_(),
        "bigint": pa.int64(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us"),
    }[contract_type]


def arrow_schema(table: Table) -> pa.Schema:
    """The columns a content hash covers, as Arrow."""
    return pa.schema([pa.field(c.name, arrow_type(c.type)) for c in table.hashed])


def value_text(column: Column) -> str:
    """A value as the text that is hashed: days, microseconds, 0 or 1, decimals at the contract's own scale."""
    value = f'CAST("{column.name}" AS {sql_type(column.type)})'
    return {
        "date": f"CAST(DATE_DIFF('day', DATE '1970-01-01', {value}) AS VARCHAR)",
        "timestamp": f"CAST(EPOCH_US({value}) AS VARCHAR)",
        "boolean": f"CAST(CAST({value} AS TINYINT) AS VARCHAR)",
    }.get(column.type, value if column.type == "text" else f"CAST({value} AS VARCHAR)")


def row_text(table: Table) -> str:
    """A row as one text."""
    parts = (f"COALESCE(LENGTH({v}) || ':' || {v}, '~')" for v in (value_text(c) for c in table.hashed))
    return " || ".join(parts)


def hash_select(relation: str, table: Table) -> str:
    """The SELECT that gives the three numbers of a content hash."""
    return (
        "SELECT COUNT(*), COALESCE(SUM(md5_number_lower(r)), 0), COALESCE(SUM(md5_number_upper(r)), 0) "
        f"FROM (SELECT {row_text(table)} AS r FROM {relation})"
    )


def hash_relation(engine: DuckDB, relation: str, table: Table) -> str:
    """The content hash of a relation the engine knows by name."""
    rows, lower, upper = engine.rows(hash_select(relation, table))[0]
    return combined(int(rows), int(lower), int(upper))


def combined(rows: int, lower: int, upper: int) -> str:
    """Forty hex digits: the number of rows, then the two sums, each modulo 2^64."""
    return f"{rows:08x}{lower % _HALF:016x}{upper % _HALF:016x}"


def content_hash(data: pa.Table | pa.RecordBatchReader, table: Table, partition: dict[str, str] | None = None) -> str:
    """The content hash of rows that any engine wrote, read back as Arrow, a batch at a time.

    partition: values of columns that stand in the path and not in the file. Raises WrongUse for a column that is missing
    or cannot be cast to the contract's type without loss.
    """
    reader = data.to_reader() if isinstance(data, pa.Table) else data
    schema = arrow_schema(table)

    unreadable: list[WrongUse] = []

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in reader:
            try:
                yield cast_batch(batch, schema, table, partition or {})
            except WrongUse as e:
                unreadable.append(e)  # DuckDB would only pass on its words
                raise

    with _engine() as engine:
        engine.connection.register("arriving", pa.RecordBatchReader.from_batches(schema, batches()))
        try:
            return hash_relation(engine, "arriving", table)
        except ShoplakeError:
            if unreadable:
                raise unreadable[0] from None
            raise
        finally:
            engine.connection.unregister("arriving")


def cast_batch(batch: pa.RecordBatch, schema: pa.Schema, table: Table, partition: dict[str, str]) -> pa.RecordBatch:
    """A batch in the contract's columns and types, whatever an engine made of them."""
    columns: list[Any] = []
    for field in schema:
        if field.name in partition:
            columns.append(_constant(partition[field.name], field.type, batch.num_rows))
            continue
        if field.name not in batch.schema.names:
            raise WrongUse(
                f"{table.full_name}: the rows have no column {field.name}, which the contract {table.path} names. "
                "Rebuild the table with the contracts of today."
            )
        try:
            columns.append(_cast(batch.column(field.name), field.type))
        except pa.ArrowException as e:
            raise WrongUse(f"{table.full_name}.{field.name}: cannot be read as {field.type} ({e}).") from e
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _cast(values: Any, wanted: pa.DataType) -> Any:
    """Dictionaries are decoded, bytes are UTF-8; a time with a zone keeps its instant, in UTC."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    return values if values.type == wanted else pc.cast(values, wanted)


def _constant(text: str, wanted: pa.DataType, rows: int) -> Any:
    value: Any = dt.date.fromisoformat(text) if pa.types.is_date(wanted) else text
    return (
        pa.array([value], pa.date32() if pa.types.is_date(wanted) else pa.string())
        .cast(wanted)
        .take(pa.array([0] * rows, pa.int32()))
    )


@contextmanager
def _engine() -> Iterator[DuckDB]:
    engine = DuckDB()
    try:
        yield engine
    finally:
        engine.close()
