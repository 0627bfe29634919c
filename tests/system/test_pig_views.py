"""The casting views, over Parquet such as Pig writes: the contract's types and the very values, on the engines they are made for."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shoplake.contracts import Table, load
from shoplake.engines.duckdb import DuckDB
from shoplake.engines.pig import TABLES, casting_select
from shoplake.engines.spark import Spark
from shoplake.look.hashes import arrow_type

CONTRACTS = load()
# As stored, and as meant.
TIMES = [(946684800000000, dt.datetime(2000, 1, 1)), (4102444799999999, dt.datetime(2099, 12, 31, 23, 59, 59, 999999)), (None, None)]
DATES = [(0, dt.date(1970, 1, 1)), (19_782, dt.date(2024, 2, 29)), (None, None)]
MONEY = [(-1, Decimal("-0.0001")), (999_999_999_999_999_999, Decimal("99999999999999.9999")), (None, None)]
OTHERS: dict[str, tuple[pa.DataType, list[tuple[Any, Any]]]] = {
    "text": (pa.string(), [("a", "a"), ("", ""), (None, None)]),
    "bigint": (pa.int64(), [(-1, -1), (2**62, 2**62), (None, None)]),
    "timestamp": (pa.int64(), TIMES),
    "date": (pa.int32(), DATES),
    "decimal(18,4)": (pa.int64(), MONEY),
}
ARRIVED = (pa.string(), [("2024-02-29", dt.date(2024, 2, 29)), ("2099-12-31", dt.date(2099, 12, 31)), ("1999-12-31", dt.date(1999, 12, 31))])


def with_duckdb(sql: str, scratch: Path) -> pa.Table:
    engine = DuckDB(threads=1, memory="1GB")
    try:
        return engine.fetch(sql)
    finally:
        engine.close()


def with_spark(sql: str, scratch: Path) -> pa.Table:
    engine = Spark(scratch=scratch, master="local[1]")
    try:
        return engine.fetch(sql)
    finally:
        engine.close()


def _store(table: Table, folder: Path) -> pa.Table:
    """Write rows as Pig stores them; the same rows as the contract means them."""
    columns = {c.name: ARRIVED if c.name == table.spec.partition else OTHERS[c.type] for c in table.columns}
    folder.mkdir(parents=True)
    stored = {name: pa.array([pair[0] for pair in pairs], kind) for name, (kind, pairs) in columns.items()}
    pq.write_table(pa.table(stored), folder / "part-r-00000.parquet")
    return pa.table({c.name: pa.array([pair[1] for pair in columns[c.name][1]], arrow_type(c.type)) for c in table.columns})


@pytest.mark.parametrize(
    ("engine", "fetch"),
    [pytest.param("duckdb", with_duckdb, id="duckdb"), pytest.param("spark", with_spark, id="spark", marks=pytest.mark.spark)],
)
@pytest.mark.parametrize("name", TABLES)
def test_a_view_gives_the_contracts_types(engine: str, fetch: Callable[[str, Path], pa.Table], name: str, tmp_path: Path) -> None:
    for layer in ("clean", "rejected"):
        table = CONTRACTS.table(f"{layer}.{name}")
        folder = tmp_path / "a shop's lake" / layer
        wanted = _store(table, folder)
        found = fetch(casting_select(table, engine, str(folder)), tmp_path / "scratch")
        assert found.schema.types == wanted.schema.types
        assert found.to_pylist() == wanted.to_pylist()
