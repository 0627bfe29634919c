"""A metastore follows a published generation, a table at a time: its tables are pointed to the new folders, and no file is moved.

What is published is what CURRENT names; this is for those who ask through the metastore. Hive and Spark share these statements.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from shoplake.build.reference import fingerprint
from shoplake.build.table_files import FilesByDay, by_day, folders_of
from shoplake.contracts import Contracts, Table
from shoplake.lake.layout import Lake
from shoplake.lake.manifest import Manifest

# A table's property in the metastore: its columns, the generation it was pointed to, and the lake.
POINTED = "shoplake.pointed"


class Engine(Protocol):
    """What asks the metastore."""

    def execute(self, sql: str) -> None: ...
    def rows(self, sql: str) -> list[tuple[Any, ...]]: ...


@dataclass(frozen=True)
class Metastore:
    """The metastore that an engine asks. facts: the engine's module, which says how a table of files is declared."""

    engine: Engine
    facts: Any

    def register(self, lake: Lake, contracts: Contracts, manifest: Manifest) -> None:
        """Point the tables at a published generation: clean, core and marts, each by itself. What was there already stays; a
        registration that was cut off is made good by the next."""
        tables = [t for layer in ("clean", "core", "marts") for t in contracts.built(layer)]
        for database in dict.fromkeys(self.facts.place(t.full_name).partition(".")[0] for t in tables):
            self.engine.execute(f"CREATE DATABASE IF NOT EXISTS {database}")
        for table in tables:
            if table.layer == "clean":
                mine = [p for p in manifest.partitions if p.table == table.name]
                files: FilesByDay = {p.ds: p.clean_files for p in mine if p.clean_files}
            else:
                files = by_day(table.spec.partition, manifest.table_files.get(table.full_name, []))
            name, home = self.facts.place(table.full_name), uri(lake.address(lake.home))
            columns = fingerprint(self.facts.external(table, name, home))
            wanted, found = f"{columns} {manifest.generation} {home}", self._pointed(name)
            if found != wanted:
                if found.partition(" ")[0] != columns:
                    self.engine.execute(f"DROP TABLE IF EXISTS {name}")  # its files stay
                self.point(table, name, lake, files)
                self.engine.execute(f"ALTER TABLE {name} SET TBLPROPERTIES ('{POINTED}' = {self.facts.quote(wanted)})")

    def _pointed(self, name: str) -> str:
        database, _, table = name.partition(".")
        if not self.engine.rows(f"SHOW TABLES IN {database} LIKE '{table}'"):
            return ""
        return next((str(v).strip() for k, v in self.engine.rows(f"SHOW TBLPROPERTIES {name}") if k.strip() == POINTED), "")

    def point(self, table: Table, name: str, lake: Lake, files: FilesByDay) -> None:
        """The table of this name reads these files: those days whose folder is another are pointed there, others are left alone."""
        base, day = uri(lake.address(lake.home / table.layer / table.name)), table.spec.partition
        folders = {d: uri(folder) for d, folder in folders_of(lake, files).items()}
        if day is None:
            there = folders.get(None, f"{base}/none")
            self.engine.execute(self.facts.external(table, name, there))
            self.engine.execute(f"ALTER TABLE {name} SET LOCATION {self.facts.quote(there)}")
            return
        self.engine.execute(self.facts.external(table, name, base))
        days = {str(row[0]).partition("=")[2] for row in self.engine.rows(f"SHOW PARTITIONS {name}")}
        self.point_days(name, day, sorted(days | {str(d) for d in folders}), folders)

    def point_days(self, name: str, day: str, days: list[str], folders: Mapping[str | None, str]) -> None:
        """These days of a table: pointed at their folders, or taken out of it. Files stay."""
        if days:
            gone = ", ".join(f"PARTITION ({day} = '{d}')" for d in days)
            self.engine.execute(f"ALTER TABLE {name} DROP IF EXISTS {gone}")
        come = " ".join(
            f"PARTITION ({day} = '{d}') LOCATION {self.facts.quote(folders[d])}" for d in days if d in folders
        )
        if come:
            self.engine.execute(f"ALTER TABLE {name} ADD IF NOT EXISTS {come}")


def uri(address: str) -> str:
    """As a metastore wants it: a path's own characters, not those of a URI (`=` would become %3D, in the folder's name)."""
    return address if "://" in address else f"file://{Path(address).resolve()}"
