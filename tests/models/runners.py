"""An engine under test: runs a model over tables, and calls a named function. Another engine is another such class."""

from collections.abc import Callable
from typing import Any, Protocol

import pyarrow as pa

from shoplake.build.models import Model
from shoplake.build.render import render
from shoplake.engines import duckdb as facts
from shoplake.engines.duckdb import CATALOGS, DuckDB

Row = dict[str, Any]


class Runner(Protocol):
    """What a test asks of an engine."""

    name: str

    def run(self, model: Model, inputs: dict[str, pa.Table]) -> list[Row]:
        """The model's rows over its inputs (full name -> rows, columns as the contract types them)."""

    def call(self, function: str, columns: pa.Table, literals: tuple[str, ...]) -> list[Any]:
        """A named function of every row's columns, in the rows' order; `literals` are its last arguments."""


class DuckDBRunner:
    """One connection a process. A table is loaded once: the same Arrow table again costs nothing."""

    name = "duckdb"

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
            self._rendered[id(model)] = (model, render(model, facts, catalogs=CATALOGS))
        return self.engine.fetch(self._rendered[id(model)][1])

    def call(self, function: str, columns: pa.Table, literals: tuple[str, ...]) -> list[Any]:
        numbered = columns.append_column("row_number", pa.array(range(columns.num_rows)))
        self.engine.arrow_table("work.calls", numbered)
        call = facts.FUNCTIONS[function](*columns.column_names, *literals)
        return [row[0] for row in self.engine.rows(f"SELECT {call} FROM lake.work.calls ORDER BY row_number")]

    def _show(self, name: str, table: pa.Table) -> None:
        """Make lake.<name> or gen.<name> these rows. Large ones (the ref layer) stay loaded, a copy an Arrow table."""
        full = f"{CATALOGS[name.partition('.')[0]]}.{name}"
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


# Engines every case runs on. The first also makes the inputs that a case does not give.
ENGINES: list[Callable[[], Runner]] = [DuckDBRunner]
