"""A build on DuckDB: core and marts live in one file a generation, ref and clean are shown beside it."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

import pyarrow as pa

from shoplake.build import agents, clean
from shoplake.build.builder import Builder
from shoplake.build.models import Model
from shoplake.build.plan import Plan
from shoplake.contracts import Table
from shoplake.engines import duckdb as facts
from shoplake.engines.duckdb import DuckDB
from shoplake.errors import ShoplakeError
from shoplake.lake.manifest import DataFile, Partition, database_path, database_written
from shoplake.settings import Session
from shoplake.terminal import Steps

RAW_ORDER = ("users", "products", "transactions", "refunds", "clickstream")


class EmbeddedHouse:
    """The generation's file, attached."""

    facts: Any = facts

    def __init__(self, engine: DuckDB) -> None:
        self.engine = engine

    def place(self, name: str) -> str:
        return facts.place(name)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.engine.rows(sql)

    def count(self, name: str) -> int:
        return int(self.engine.rows(f"SELECT COUNT(*) FROM {facts.place(name)}")[0][0])

    def keep(self, name: str, select: str) -> None:
        self.engine.execute(f"CREATE OR REPLACE TABLE lake.work.{name} AS {select}")

    def drop(self, *names: str) -> None:
        for name in names:
            self.engine.execute(f"DROP TABLE IF EXISTS lake.work.{name}")

    def replace(self, table: Table, select: str) -> None:
        self.engine.execute(
            f"DROP TABLE IF EXISTS gen.{table.full_name}; CREATE TABLE gen.{table.full_name} AS {select}"
        )

    def apply(self, table: Table, gone: str, come: str) -> None:
        same = " AND ".join(f"t.{k} = g.{k}" for k in table.spec.key)
        self.engine.execute(
            f"DELETE FROM gen.{table.full_name} AS t USING lake.work.{gone} AS g WHERE {same}; "
            f"INSERT INTO gen.{table.full_name} SELECT {', '.join(table.names)} FROM lake.work.{come}"
        )


class EmbeddedBuilder(Builder):
    """See Builder."""

    def __init__(self, session: Session, plan: Plan) -> None:
        super().__init__(session, plan)
        self.engine = DuckDB(
            threads=int(session["threads"]), memory=session["memory"], scratch=self.lake.scratch / "duckdb"
        )
        self.lake.files.register(self.engine.connection)
        self.house = EmbeddedHouse(self.engine)
        self._file = Path()
        self._classifying = Lock()

    def show_ref(self, name: str, rows: pa.Table) -> None:
        self.engine.arrow_table(f"ref.{name}", rows)

    def make_clean(self, shown: Steps) -> list[Partition]:
        models = {m.table.name: m for m in self.plan.models if m.table.layer == "clean"}
        at_once, waiting = self._batches()
        selects = {table: clean.select(models[table]) for table in waiting}
        made: list[Partition] = []
        # A checkpoint writes the table in memory anew whenever robots or copies were taken out of it: seconds for nothing. The
        # written order of joins is right (small tables are joined to a large one); the optimizer guesses the size of text files wrongly.
        self.engine.execute("SET checkpoint_threshold = '1TB'; SET disabled_optimizers = 'join_order,build_side_probe_side'")
        with self.engine.side_by_side(at_once) as run:
            cleaned = {
                table: [run(partial(self._clean, model=models[table], select=selects[table], batch=batch)) for batch in batches]
                for table, batches in waiting.items()
            }
            for table, batches in cleaned.items():
                partitions = [p for batch in batches for p in batch.result()]
                shown.done(f"clean.{table}: {sum(p.clean for p in partitions)} rows of {len(partitions)} days")
                made += partitions
        self.engine.execute("RESET disabled_optimizers; RESET checkpoint_threshold")
        self.ref.keep_agents(self.engine.fetch("SELECT * FROM lake.ref.user_agents ORDER BY user_agent"))
        return made

    def _batches(self) -> tuple[int, dict[str, list[list[clean.Arrival]]]]:
        """How many at a time, and the batches of each table. Two: while one waits for the disk, or for agents to be told apart, the
        other works on. One, with all threads, where a single batch is most of the work."""
        new = self.plan.new
        tables = sorted({a.table for a in new}, key=lambda t: RAW_ORDER.index(t) if t in RAW_ORDER else len(RAW_ORDER))
        for at_once in (2, 1):
            found = {table: clean.batches([a for a in new if a.table == table], at_once) for table in tables}
            largest = max((sum(a.bytes for a in batch) for batches in found.values() for batch in batches), default=0)
            if self.engine.threads > 1 and largest < 0.6 * sum(a.bytes for a in new):
                break
        return at_once, found

    def _clean(self, engine: DuckDB, model: Model, select: str, batch: list[clean.Arrival]) -> list[Partition]:
        contracts = self.plan.contracts
        has_agents = model.name == clean.AGENTS_OF
        last = has_agents and clean.judges_robots_last(model)
        if has_agents and not last:
            self._classify(engine, lambda: clean.arriving_agents(engine, self.lake, contracts, batch))
        clean.judge(engine, self.lake, contracts, model, select, batch)
        if last:
            self._classify(engine, lambda: clean.unseen_agents(engine))
            clean.judge_robots(engine)
        return clean.write(engine, self.lake, model, batch)

    def _classify(self, engine: DuckDB, unseen: Callable[[], list[str]]) -> None:
        """Each agent once, though two batches may hold it."""
        with self._classifying:
            found = unseen()
            if found:
                engine.arrow_table("work.agents", agents.classify(found))
                work = engine.place("work.agents")
                engine.execute(f"INSERT INTO lake.ref.user_agents SELECT * FROM {work}; DROP TABLE {work}")

    def show_clean(self, name: str, table: str, partitions: list[Partition]) -> None:
        paths = [self.lake.files.address(f.path) for p in partitions for f in p.clean_files]
        self.engine.parquet_view(name, self.plan.contracts.table(f"clean.{table}"), paths)

    def begin(self) -> None:
        self._file = database_path(self.lake, self.number)
        self._file.parent.mkdir(parents=True, exist_ok=True)
        parent = self.plan.parent
        former = self.lake.root / parent.database.path if parent is not None and parent.database is not None else None
        if not self.plan.whole and former:
            shutil.copyfile(former, self._file)
        self.engine.attach(self._file, read_only=False)
        if self.plan.whole and former and self.models:
            self._keep_learnt(former)

    def _keep_learnt(self, former: Path) -> None:
        """A whole build may be what mends a damaged file: then what was learnt is lost, and told."""
        try:
            self.engine.copy_tables(former, self.learnt())
        except ShoplakeError as e:
            self.told.append(f"{', '.join(self.learnt())}: not kept, since {former.name} cannot be read ({str(e).splitlines()[0]}). Make them anew with `shoplake learn promote`.")
            for name in self.learnt():
                self.engine.execute(f"DROP TABLE IF EXISTS gen.{name}")
            self.models = {}

    def store(self, name: str, rows: pa.Table) -> None:
        self.engine.arrow_table("work.ledger", rows)
        order = "table_name, ds" if "ds" in rows.column_names else "table_name"
        self.engine.execute(
            f"CREATE OR REPLACE TABLE gen.{name} AS SELECT * FROM lake.work.ledger ORDER BY {order}; DROP TABLE lake.work.ledger"
        )

    def finish(self, tables: dict[str, int]) -> tuple[DataFile | None, dict[str, list[DataFile]]]:
        self.engine.detach()
        return database_written(self.lake, self._file, sum(tables.values())), {}

    def close(self) -> None:
        self.engine.close()
