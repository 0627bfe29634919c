"""An engine under test: runs a model over tables, and calls a named function. Another engine is another such class."""

import atexit
import itertools
import shutil
import tempfile
from pathlib import Path
from typing import Any, Protocol

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shoplake.build.models import Model
from shoplake.build.render import render
from shoplake.engines import duckdb as facts
from shoplake.engines import hive, spark
from shoplake.engines.duckdb import DuckDB, place
from shoplake.engines.hive import Hive
from shoplake.engines.spark import Spark

Row = dict[str, Any]


class Runner(Protocol):
    """What a test asks of an engine."""

    name: str
    version: str

    def run(self, model: Model, inputs: dict[str, pa.Table]) -> list[Row]:
        """The model's rows over its inputs (full name -> rows, columns as the contract types them)."""

    def call(self, function: str, columns: pa.Table, literals: tuple[str, ...]) -> list[Any]:
        """A named function of every row's columns, in the rows' order; `literals` are its last arguments."""


class DuckDBRunner:
    """One connection a process. A table is loaded once: the same Arrow table again costs nothing."""

    name = "duckdb"
    version = duckdb.__version__

    def __init__(self) -> None:
        self.engine = DuckDB(threads=1, memory="1GB")
        self.engine.execute("ATTACH ':memory:' AS gen")
        for schema in ("core", "marts"):
            self.engine.execute(f"CREATE SCHEMA gen.{schema}")
        self.engine.execute("SET search_path = 'gen.core,lake.clean'")
        self._rendered: dict[int, tuple[Model, str]] = {}
        self._kept: dict[int, tuple[pa.Table, str]] = {}
        self._shown: dict[str, str] = {}

    def run(self, model: Model, inputs: dict[str, pa.Table]) -> list[Row]:
        found: list[Row] = self.table(model, inputs).to_pylist()
        return found

    def table(self, model: Model, inputs: dict[str, pa.Table]) -> pa.Table:
        for name, table in inputs.items():
            self._show(name, table)
        if id(model) not in self._rendered:
            self._rendered[id(model)] = (model, render(model, facts, place=place))
        return self.engine.fetch(self._rendered[id(model)][1])

    def call(self, function: str, columns: pa.Table, literals: tuple[str, ...]) -> list[Any]:
        numbered = columns.append_column("row_number", pa.array(range(columns.num_rows)))
        self.engine.arrow_table("work.calls", numbered)
        call = facts.FUNCTIONS[function](*columns.column_names, *literals)
        return [row[0] for row in self.engine.rows(f"SELECT {call} FROM lake.work.calls ORDER BY row_number")]

    def _show(self, name: str, table: pa.Table) -> None:
        """Make lake.<name> or gen.<name> these rows. Large ones (the ref layer) stay loaded, a copy an Arrow table."""
        full = place(name)
        if name.startswith("ref."):
            if id(table) not in self._kept:
                copy = f"work.ref_{len(self._kept)}"
                self.engine.arrow_table(copy, table)
                self._kept[id(table)] = (table, copy)
            copy = self._kept[id(table)][1]
            if self._shown.get(name) != copy:
                self.engine.execute(f"CREATE OR REPLACE VIEW {full} AS SELECT * FROM lake.{copy}")
                self._shown[name] = copy
            return
        self.engine.connection.register("arriving", table)
        self.engine.execute(f"CREATE OR REPLACE TABLE {full} AS SELECT * FROM arriving")
        self.engine.connection.unregister("arriving")


class SparkRunner:
    """One session a process. An input is a folder of Parquet, made once for the same Arrow table."""

    name = "spark"

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="shoplake-spark-"))
        atexit.register(shutil.rmtree, self.folder, ignore_errors=True)
        # Cases are a few rows: one partition a shuffle, and no code generated for what runs once.
        small = {"spark.sql.shuffle.partitions": "1", "spark.sql.codegen.wholeStage": "false"}
        self.engine = Spark(scratch=self.folder, master="local[1]", settings=small)
        self.version = self.engine.version
        atexit.register(self.engine.close)
        self._written: dict[int, tuple[pa.Table, Path]] = {}
        self._shown: dict[str, Path] = {}

    def run(self, model: Model, inputs: dict[str, pa.Table]) -> list[Row]:
        for name, table in inputs.items():
            self._show(spark.place(name), table)
        found: list[Row] = self.engine.fetch(render(model, spark, place=spark.place)).to_pylist()
        return found

    def call(self, function: str, columns: pa.Table, literals: tuple[str, ...]) -> list[Any]:
        self._show("calls", columns.append_column("row_number", pa.array(range(columns.num_rows))))
        call = spark.FUNCTIONS[function](*columns.column_names, *literals)
        return [
            row[0] for row in self.engine.rows(f"SELECT {call} AS found, row_number FROM calls ORDER BY row_number")
        ]

    def _show(self, name: str, table: pa.Table) -> None:
        if id(table) not in self._written:
            folder = self.folder / f"input-{len(self._written)}"
            folder.mkdir()
            pq.write_table(table, folder / "rows.parquet")
            self._written[id(table)] = (table, folder)
        folder = self._written[id(table)][1]
        if self._shown.get(name) != folder:
            self.engine.parquet_table(name, columns_of(table.schema, "TIMESTAMP_NTZ"), folder)
            self._shown[name] = folder


class HiveRunner:
    """One HiveServer2 a process. An input is a table made once, whose file is exchanged under it: that costs no statement."""

    name = "hive"

    def __init__(self) -> None:
        from cluster.servers import Hive as Server

        self.folder = Path(tempfile.mkdtemp(prefix="shoplake-hive-"))
        atexit.register(shutil.rmtree, self.folder, ignore_errors=True)
        server = Server(self.folder / "server").start()
        atexit.register(server.stop)
        # NULLs are where Hive's own default would not put them, and small steps are looked after more often.
        small = {"hive.default.nulls.last": "true", "hive.tez.dag.status.check.interval": "50ms"}
        self.engine = Hive(port=server.port, settings=small)
        atexit.register(self.engine.close)
        self.engine.create_databases()
        self.version = self.engine.version
        self._shown: dict[str, pa.Table] = {}
        self._numbers = itertools.count()

    def run(self, model: Model, inputs: dict[str, pa.Table]) -> list[Row]:
        for name, table in inputs.items():
            self._show(hive.place(name), table)
        found: list[Row] = self.engine.fetch(render(model, hive, place=hive.place)).to_pylist()
        return found

    def call(self, function: str, columns: pa.Table, literals: tuple[str, ...]) -> list[Any]:
        name = f"calls_{next(self._numbers)}"
        self._show(name, columns.append_column("row_number", pa.array(range(columns.num_rows))))
        call = hive.FUNCTIONS[function](*columns.column_names, *literals)
        return [row[0] for row in self.engine.rows(f"SELECT {call}, row_number FROM {name} ORDER BY row_number")]

    def _show(self, name: str, table: pa.Table) -> None:
        folder = self.folder / name
        if name not in self._shown:
            folder.mkdir()
            self.engine.parquet_table(name, columns_of(table.schema, "TIMESTAMP"), folder)
        if self._shown.get(name) is not table:
            for old in folder.iterdir():
                old.unlink()
            pq.write_table(table, folder / f"rows-{next(self._numbers)}.parquet")
            self._shown[name] = table


def columns_of(schema: pa.Schema, timestamp: str) -> str:
    """The columns of a CREATE TABLE on Spark or Hive."""
    kinds = {"string": "STRING", "bool": "BOOLEAN", "int64": "BIGINT", "date32[day]": "DATE", "timestamp[us]": timestamp}
    return ", ".join(f"{f.name} {kinds.get(str(f.type)) or str(f.type).replace('decimal128', 'DECIMAL')}" for f in schema)


# Engines every case runs on. The first also makes the inputs that a case does not give.
ENGINES = [
    pytest.param(DuckDBRunner, id="duckdb"),
    pytest.param(SparkRunner, id="spark", marks=pytest.mark.spark),
    pytest.param(HiveRunner, id="hive", marks=pytest.mark.hadoop),
]
