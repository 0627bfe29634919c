"""A build on Spark: clean, core and marts are folders of Parquet, <layer>/<table>/g=N/, that a manifest names.

A generation writes new files beside the old and touches none of them. Readers follow CURRENT to a manifest, so all tables
change at once. Where Spark has a metastore (spark.sql.catalogImplementation=hive), its tables are pointed there afterwards.
"""

import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from shoplake.build import agents, clean
from shoplake.build.builder import Builder
from shoplake.build.metastore import Metastore
from shoplake.build.models import Model
from shoplake.build.plan import Plan
from shoplake.build.render import render
from shoplake.build.table_files import FilesByDay, by_day, data_files, finished, folders_of, stored
from shoplake.contracts import Contracts, Table
from shoplake.engines import spark as facts
from shoplake.engines.spark import Spark
from shoplake.engines.spark_raw import raw_records
from shoplake.engines.spark_stats import cost_of
from shoplake.lake.layout import Lake
from shoplake.lake.manifest import DataFile, Manifest, Partition
from shoplake.lake.publish import kill_point
from shoplake.settings import Session
from shoplake.terminal import Steps


class SparkHouse:
    """The tables of a build as temporary views over their files."""

    facts: Any = facts

    def __init__(self, engine: Spark, lake: Lake, number: int) -> None:
        self.engine, self.lake, self.number = engine, lake, number
        self.tables: dict[str, FilesByDay] = {}
        self._kept = 0

    def place(self, name: str) -> str:
        return name.replace(".", "__")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.engine.rows(sql)

    def count(self, name: str) -> int:
        return sum(f.rows for files in self.tables[name].values() for f in files)

    def keep(self, name: str, select: str) -> None:
        self._kept += 1
        folder = self.lake.address(self.lake.scratch / "work" / f"{name}-{self._kept}")
        schema = self.engine.write(select, folder)
        self.engine.show_files(self.place(f"work.{name}"), schema, folder, [folder])

    def drop(self, *names: str) -> None:
        for name in names:
            self.engine.execute(f"DROP VIEW IF EXISTS {self.place(f'work.{name}')}")

    def replace(self, table: Table, select: str) -> None:
        self.tables[table.full_name] = self.write(table, select)
        self.show(table)

    def apply(self, table: Table, gone: str, come: str) -> None:
        there, columns = self.place(table.full_name), ", ".join(table.names)
        gone, come, day = self.place(f"work.{gone}"), self.place(f"work.{come}"), table.spec.partition
        same = " AND ".join(f"t.{k} = g.{k}" for k in table.spec.key)
        touched = f" AND t.{day} IN (SELECT {day} FROM {gone} UNION SELECT {day} FROM {come})" if day else ""
        stays = f"SELECT {columns} FROM {there} AS t WHERE NOT EXISTS (SELECT 1 FROM {gone} AS g WHERE {same}){touched}"
        if day:
            days = {str(r[0]) for r in self.rows(f"SELECT {day} FROM {gone} UNION SELECT {day} FROM {come}")}
        written = self.write(table, f"{stays} UNION ALL SELECT {columns} FROM {come}")
        kept = {d: f for d, f in self.tables[table.full_name].items() if day and d not in days}
        self.tables[table.full_name] = {**kept, **written}
        self.show(table)

    def write(self, table: Table, select: str) -> FilesByDay:
        """Write new files of a table under this generation's name; they are invisible until a manifest names them."""
        folder = self.folder(table)
        self.engine.write(select, self.lake.address(folder), table.spec.partition)
        return data_files(self.lake, folder, table.spec.partition)

    def folder(self, table: Table) -> Path:
        """Where this generation's files of a table go."""
        return self.lake.home / table.layer / table.name / f"g={self.number:06d}"

    def show(self, table: Table, as_name: str | None = None, files: FilesByDay | None = None) -> None:
        """The view of a table's files."""
        files = files if files is not None else self.tables.get(table.full_name, {})
        paths = sorted(folders_of(self.lake, files).values())
        base = self.lake.address(self.lake.home / table.layer / table.name)
        self.engine.show_files(self.place(as_name or table.full_name), facts.ddl(table), base, paths)


class SparkBuilder(Builder):
    """See Builder."""

    def __init__(self, session: Session, plan: Plan) -> None:
        super().__init__(session, plan)
        scratch = self.lake.scratch.resolve() / "spark"
        self.engine = Spark(
            scratch=scratch,
            master=facts.master_of(session["spark_master"], session["threads"]),
            memory=facts.memory_of(session["memory"]),
        )
        self.house: SparkHouse = SparkHouse(self.engine, self.lake, self.number)
        self._agents = self._unseen = pa.table({})
        self._step_began = time.monotonic()
        self._next_step()

    def run(self) -> Manifest:
        with self.engine.watched():
            return super().run()

    def show_ref(self, name: str, rows: pa.Table) -> None:
        table = self.plan.contracts.table(f"ref.{name}")
        folder = self.lake.scratch / "ref" / name
        folder.mkdir(parents=True, exist_ok=True)
        pq.write_table(rows, folder / "rows.parquet")
        self.lake.files.share(self.lake.name_of(folder / "rows.parquet"))
        there = self.lake.address(folder)
        self.engine.show_files(self.house.place(table.full_name), facts.ddl(table), there, [there])

    def make_clean(self, shown: Steps) -> list[Partition]:
        made: list[Partition] = []
        self._agents = self.ref.known_agents()
        for model in (m for m in self.plan.models if m.table.layer == "clean"):
            mine = [a for a in self.plan.new if a.table == model.table.name]
            if mine:
                if model.name == clean.AGENTS_OF:
                    self._classify(mine)
                made += (new := self._clean_table(model, mine))
                rows = sum(p.clean for p in new)
                shown.done(f"{model.name}: {rows} rows of {len(mine)} days{self.cost(model.name)}")
        self.ref.keep_agents(self._agents.sort_by("user_agent"))
        return made

    def _show_raw(self, table: Table, arrivals: list[clean.Arrival]) -> None:
        files = [f for one in arrivals for f in one.files]
        raw = self.plan.contracts.table(f"raw.{table.name}")
        records = raw_records(self.engine.session, raw, files, self.lake.files.address)
        records.createOrReplaceTempView(self.house.place(raw.full_name))

    def _classify(self, arrivals: list[clean.Arrival]) -> None:
        """ref.user_agents with the agents of these records."""
        self._show_raw(self.plan.contracts.table(clean.AGENTS_OF), arrivals)
        raw, there = self.house.place("raw.clickstream"), self.house.place("ref.user_agents")
        arriving = f"SELECT DISTINCT TRIM(user_agent) AS user_agent FROM {raw} WHERE TRIM(user_agent) <> ''"
        unseen = self.house.rows(f"{arriving} EXCEPT SELECT user_agent FROM {there}")
        self._unseen = agents.classify(sorted(str(row[0]) for row in unseen))
        self.show_ref("user_agents", pa.concat_tables([self._agents, self._unseen]))

    def _remember_agents(self, model: Model) -> None:
        """Of the new agents those stay known that a record has which nothing else is wrong with: as on the embedded engine."""
        if clean.judges_robots_last(model):
            judged = self.house.place("work.judged")
            right = "reject IS NULL OR reject LIKE 'bot%'"
            seen = {row[0] for row in self.house.rows(f"SELECT DISTINCT user_agent FROM {judged} WHERE {right}")}
            self._unseen = self._unseen.filter(pc.is_in(self._unseen.column("user_agent"), pa.array(seen, pa.string())))
        self._agents = pa.concat_tables([self._agents, self._unseen])
        self.show_ref("user_agents", self._agents)

    def _clean_table(self, model: Model, arrivals: list[clean.Arrival]) -> list[Partition]:
        house, table = self.house, model.table
        clean.check_unchanged(self.lake, [f for one in arrivals for f in one.files], 2)
        self._show_raw(table, arrivals)
        names = ", ".join(table.names)
        house.keep(
            "judged",
            f"SELECT MONOTONICALLY_INCREASING_ID() AS row_id, {names}, reject, nulled_values, "
            f"CASE WHEN reject IS NOT NULL THEN raw_text END AS raw_text, source_file "
            f"FROM ({render(model, facts, place=house.place)}) AS j",
        )
        if model.name == clean.AGENTS_OF:
            self._remember_agents(model)
        judged, extra = house.place("work.judged"), house.place("work.extra")
        house.keep("extra", clean.further_copies(model, judged, "row_id"))
        found = clean.counted(house.rows(clean.count_select(judged, extra, "row_id")))
        rejected = self.plan.contracts.layer("rejected")
        into = next(t for t in rejected if t.name == table.name)
        written = {
            "clean": house.write(
                table,
                f"SELECT {names} FROM {judged} AS j LEFT ANTI JOIN {extra} AS e ON e.row_id = j.row_id WHERE j.reject IS NULL",
            ),
            "rejected": house.write(into, f"SELECT {clean.REJECTED}, ds FROM {judged} WHERE reject IS NOT NULL"),
        }
        kill_point("in_clean_files")
        house.drop("judged", "extra")
        days = {layer: {str(day): files for day, files in some.items()} for layer, some in written.items()}
        self.lake.files.settle(f.path for some in days.values() for files in some.values() for f in files)
        return [clean.account(one, found.get(one.ds, {}), days) for one in arrivals]

    def show_clean(self, name: str, table: str, partitions: list[Partition]) -> None:
        of = self.plan.contracts.table(f"clean.{table}")
        self.house.show(of, name, {p.ds: p.clean_files for p in partitions})

    def begin(self) -> None:
        parent = self.plan.parent
        if self.plan.whole or parent is None:
            return
        for name, files in parent.table_files.items():
            table = self.plan.contracts.table(name)
            self.house.tables[name] = by_day(table.spec.partition, files)
            self.house.show(table)

    def store(self, name: str, rows: pa.Table) -> None:
        table = self.plan.contracts.table(name)
        self.house.tables[name] = stored(self.lake, self.house.folder(table), rows.select(table.names))

    def finish(self, tables: dict[str, int]) -> tuple[DataFile | None, dict[str, list[DataFile]]]:
        return None, finished(self.lake, self.house.tables)

    def published(self, manifest: Manifest) -> None:
        if self.engine.has_metastore:
            Metastore(self.engine, facts).register(self.lake, self.plan.contracts, manifest)

    def cost(self, step: str) -> str:
        """What the step cost by Spark's own account; the next step's account begins."""
        context = self.engine.session.sparkContext
        one = cost_of(context, self._group, step, time.monotonic() - self._step_began)
        layer, _, table = step.partition(".")
        folder = self.house.folder(self.plan.contracts.table(step)) if table else self.lake.home / layer
        one.files = sum(1 for f in self.lake.files.below(self.lake.name_of(folder)) if f.path.endswith(".parquet"))
        self.costs.append(one.as_json())
        self._next_step()
        return f", {one.told()}"

    def _next_step(self) -> None:
        self._group, self._step_began = f"step-{len(self.costs)}", time.monotonic()
        self.engine.session.sparkContext.setJobGroup(self._group, self._group)

    def close(self) -> None:
        self.engine.close()


def catch_up(lake: Lake, contracts: Contracts, manifest: Manifest) -> None:
    """What a build that was killed after publishing left undone in the metastore. Only spark-submit brings one."""
    if not facts.is_submitted():
        return
    engine = Spark(scratch=lake.scratch)
    try:
        if engine.has_metastore:
            Metastore(engine, facts).register(lake, contracts, manifest)
    finally:
        engine.close()
