"""A build on Hive: core and marts are made by a HiveServer2, of clean that the embedded engine made from raw.

Everything is made in a database of this build alone, over folders <layer>/<table>/g-N/ of the lake, checked there, and named by a
manifest: readers of the lake change with CURRENT, all tables at once. Then the metastore follows, a table at a time: the tables
of `ecommerce` and `ecommerce_clean` are pointed at the new folders, and no file is moved.

The server must see the lake under the same path or on the same HDFS, and may write in it.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from shoplake.build.embedded import EmbeddedBuilder
from shoplake.build.metastore import Metastore, uri
from shoplake.build.plan import Plan
from shoplake.build.reference import fingerprint
from shoplake.build.table_files import FilesByDay, by_day, data_files, finished, folders_of, stored
from shoplake.contracts import Contracts, Table
from shoplake.engines import hive as facts
from shoplake.engines.duckdb import quote
from shoplake.engines.hive import Hive
from shoplake.errors import Lacking
from shoplake.lake.layout import Lake
from shoplake.lake.manifest import DataFile, Manifest, Partition
from shoplake.settings import Session
from shoplake.terminal import say

WRITES = {
    # Timestamps as other engines read them, not Hive's own INT96.
    "hive.parquet.write.int64.timestamp": "true",
    "hive.parquet.timestamp.time.unit": "micros",
    # A day after the other: many at a time break an embedded metastore ("rolling back to savepoint").
    "hive.load.dynamic.partitions.thread": "1",
    # What a UNION ALL writes lies in the table's folder, not in one of each branch.
    "hive.tez.union.flatten.subdirectories": "true",
}


# By default one waits for a lock for an hour and more.
IMPATIENT = {"hive.lock.numretries": "2", "hive.lock.sleep.between.retries": "1s"}


class HiveHouse:
    """The tables of a build as external tables of a database that only this build uses."""

    facts: Any = facts

    def __init__(self, hive: Hive, lake: Lake, number: int, database: str) -> None:
        self.hive, self.lake, self.number, self.database = hive, lake, number, database
        self.metastore = Metastore(hive, facts)
        self.tables: dict[str, FilesByDay] = {}
        self._kept = 0

    def place(self, name: str) -> str:
        return f"{self.database}.{name.replace('.', '__')}"

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.hive.rows(sql)

    def count(self, name: str) -> int:
        return sum(f.rows for files in self.tables[name].values() for f in files)

    def keep(self, name: str, select: str) -> None:
        self._kept += 1
        folder = self.lake.address(self.lake.scratch / "work" / f"{name}-{self._kept}")
        self.drop(name)
        self.hive.execute(
            f"CREATE EXTERNAL TABLE {self.place(f'work.{name}')} STORED AS PARQUET LOCATION {facts.quote(uri(folder))} AS {select}"
        )

    def drop(self, *names: str) -> None:
        for name in names:
            self.hive.execute(f"DROP TABLE IF EXISTS {self.place(f'work.{name}')}")

    def replace(self, table: Table, select: str) -> None:
        there = self.place(table.full_name)
        self.hive.execute(f"DROP TABLE IF EXISTS {there}")
        self.tables[table.full_name] = self._write(table, there, select)

    def apply(self, table: Table, gone: str, come: str) -> None:
        there, columns, day = self.place(table.full_name), ", ".join(table.names), table.spec.partition
        gone, come = self.place(f"work.{gone}"), self.place(f"work.{come}")
        same = " AND ".join(f"t.{k} = g.{k}" for k in table.spec.key)
        stays = f"SELECT {columns} FROM {there} AS t WHERE NOT EXISTS (SELECT 1 FROM {gone} AS g WHERE {same})"
        days: set[str] = set()
        if day:
            touched = f"SELECT {day} FROM {gone} UNION SELECT {day} FROM {come}"
            days = {str(row[0]) for row in self.rows(touched)}
            named = ", ".join(f"DATE '{d}'" for d in sorted(days)) or "NULL"
            stays += f" AND t.{day} IN ({named})"
        following = f"{there}_next"
        self.hive.execute(f"DROP TABLE IF EXISTS {following}")
        written = self._write(table, following, f"{stays} UNION ALL SELECT {columns} FROM {come}")
        if day:
            folders = {d: uri(folder) for d, folder in folders_of(self.lake, written).items()}
            self.metastore.point_days(there, day, sorted(days), folders)
            self.hive.execute(f"DROP TABLE {following}")
            written = {**{d: f for d, f in self.tables[table.full_name].items() if d not in days}, **written}
        else:
            self.hive.execute(f"DROP TABLE {there}")
            self.hive.execute(f"ALTER TABLE {following} RENAME TO {there}")
        self.tables[table.full_name] = written

    def _write(self, table: Table, name: str, select: str) -> FilesByDay:
        """A new table over this generation's folder, filled. Invisible to readers until a manifest names its files."""
        folder, day = self.folder(table), table.spec.partition
        self.hive.execute(facts.external(table, name, uri(self.lake.address(folder))))
        columns = [c for c in table.names if c != day] + ([day] if day else [])
        into = f"{name} PARTITION ({day})" if day else name
        self.hive.execute(f"INSERT OVERWRITE TABLE {into} SELECT {', '.join(columns)} FROM ({select}) AS w")
        return data_files(self.lake, folder, day)

    def folder(self, table: Table) -> Path:
        """Where this generation's files of a table go. Not g=N: Hive would take it for a partition of the day's."""
        return self.lake.home / table.layer / table.name / f"g-{self.number:06d}"

    def show(self, table: Table, files: FilesByDay) -> None:
        """A table of a former generation."""
        self.metastore.point(table, self.place(table.full_name), self.lake, files)


def own_database(session: Session, lake: Lake) -> str:
    """An empty database for a build of this lake. What killed builds left goes: its tables are external, no file goes with them.

    A server that died may still hold locks on it, until the metastore sets them free, if ever: then another name is taken, and a
    later build takes the rest away. Raises Lacking when all names are held.
    """
    first = f"ecommerce_build_{fingerprint(lake.place if lake.hdfs else str(lake.root.resolve()))}"
    beside = connect(session, IMPATIENT)
    held: Lacking | None = None
    free = []
    try:
        for name in (first, f"{first}_2", f"{first}_3"):
            try:
                beside.execute(f"DROP DATABASE IF EXISTS {name} CASCADE")
                free.append(name)
            except Lacking as e:
                if facts.LOCKED not in str(e):
                    raise
                held = e
                say(f"Hive: {name}, which a killed build left, is still locked; it is left to a later build")
        if not free and held is not None:
            raise held
        beside.execute(f"CREATE DATABASE {free[0]}")
    finally:
        beside.close()
    return free[0]


class HiveBuilder(EmbeddedBuilder):
    """See Builder. raw -> clean runs as on the embedded engine, into a place of this engine's own."""

    def __init__(self, session: Session, plan: Plan) -> None:
        super().__init__(session, plan)
        self.hive = connect(session)
        for key, value in WRITES.items():
            self.hive.execute(f"SET {key}={value}")
        self.house: Any = HiveHouse(self.hive, self.lake, self.number, own_database(session, self.lake))
        self._shown = 0

    def show_ref(self, name: str, rows: pa.Table) -> None:
        super().show_ref(name, rows)
        folder = self._scratch(f"ref.{name}")
        pq.write_table(rows, folder / "rows.parquet")
        self._parquet(f"ref.{name}", self.plan.contracts.table(f"ref.{name}"), folder)

    def show_clean(self, name: str, table: str, partitions: list[Partition]) -> None:
        """In one piece, with its ds: a partition a day would cost the metastore more than the rows cost here."""
        super().show_clean(name, table, partitions)
        folder = self._scratch(name)
        self.engine.execute(
            f"COPY (SELECT * FROM lake.{name}) TO {quote(str(folder / 'rows.parquet'))} (FORMAT parquet, COMPRESSION snappy)"
        )
        self._parquet(name, self.plan.contracts.table(f"clean.{table}"), folder)

    def _scratch(self, name: str) -> Path:
        self._shown += 1
        folder = self.lake.scratch / "shown" / f"{name}-{self._shown}"
        folder.mkdir(parents=True)
        return folder

    def _parquet(self, name: str, table: Table, folder: Path) -> None:
        self.lake.files.share(self.lake.name_of(folder / "rows.parquet"))
        columns = ", ".join(f"{c.name} {facts.sql_type(c.type)}" for c in table.columns)
        self.hive.parquet_table(self.house.place(name), columns, uri(self.lake.address(folder)))

    def make_clean(self, shown: Any) -> list[Partition]:
        made = super().make_clean(shown)
        # The agents that were classified on the way.
        rows = self.engine.fetch("SELECT * FROM lake.ref.user_agents ORDER BY user_agent")
        self.show_ref("user_agents", rows)
        return made

    def begin(self) -> None:
        parent = self.plan.parent
        if self.plan.whole or parent is None:
            return
        for name, files in parent.table_files.items():
            table = self.plan.contracts.table(name)
            self.house.tables[name] = by_day(table.spec.partition, files)
            if table.layer != "ledger":
                self.house.show(table, self.house.tables[name])

    def store(self, name: str, rows: pa.Table) -> None:
        table = self.plan.contracts.table(name)
        self.house.tables[name] = stored(self.lake, self.house.folder(table), rows.select(table.names))

    def finish(self, tables: dict[str, int]) -> tuple[DataFile | None, dict[str, list[DataFile]]]:
        return None, finished(self.lake, self.house.tables)

    def published(self, manifest: Manifest) -> None:
        self.house.metastore.register(self.lake, self.plan.contracts, manifest)

    def close(self) -> None:
        try:
            self.hive.execute(f"DROP DATABASE IF EXISTS {self.house.database} CASCADE")
        finally:
            self.hive.close()
            super().close()


def connect(session: Session, settings: Mapping[str, str] | None = None) -> Hive:
    """The HiveServer2 that the settings name; the password comes from SHOPLAKE_HIVE_PASSWORD alone."""
    host, _, port = session["hive"].partition(":")
    return Hive(
        host=host,
        port=int(port or 10000),
        user=session["hive_user"],
        password=os.environ.get("SHOPLAKE_HIVE_PASSWORD", ""),
        settings=settings,
    )


def catch_up(session: Session, lake: Lake, contracts: Contracts, manifest: Manifest) -> None:
    """What a build that was killed after publishing left undone in the metastore."""
    hive = connect(session)
    try:
        Metastore(hive, facts).register(lake, contracts, manifest)
    finally:
        hive.close()
