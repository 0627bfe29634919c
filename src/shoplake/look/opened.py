"""A published generation, opened to be read: its manifest, its contracts, and an engine that sees its tables."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb

from shoplake.contracts import Contracts, Table, load
from shoplake.engines.duckdb import DuckDB, explain, place, quote
from shoplake.errors import Lacking, ShoplakeError, WrongUse
from shoplake.lake.layout import Lake
from shoplake.lake.manifest import DataFile, Manifest, current_generation, read_manifest
from shoplake.settings import Session

# What a person may ask for by name.
LAYERS = ("clean", "rejected", "core", "marts", "ledger")
IN_DATABASE = ("core", "marts", "ledger")


@dataclass(frozen=True)
class Opened:
    """One generation. `files` is every Parquet file its views read."""

    lake: Lake
    manifest: Manifest
    contracts: Contracts
    engine: DuckDB
    files: list[str]

    @property
    def is_published(self) -> bool:
        return current_generation(self.lake) == self.manifest.generation

    def tables(self, layers: tuple[str, ...] = LAYERS) -> list[Table]:
        """The tables of these layers that lie in this generation, in the contracts' order."""
        there = {
            (str(s), str(t))
            for s, t in self.engine.rows(
                "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = 'gen' UNION ALL "
                "SELECT schema_name, view_name FROM duckdb_views() WHERE database_name = 'gen'"
            )
        }
        return [
            t
            for layer in layers
            for t in self.contracts.layer(layer)
            if layer not in IN_DATABASE or (t.layer, t.name) in there
        ]

    def dicts(self, sql: str) -> list[dict[str, Any]]:
        """Rows of a SELECT, each by its columns' names. Decimals stay exact."""
        try:
            cursor = self.engine.connection.execute(sql)
        except duckdb.Error as e:
            raise explain(e, sql) from e
        names = [d[0] for d in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def lock(self) -> None:
        """From now on the engine reads the files of this generation and nothing else, and no setting can be changed."""
        paths = ", ".join(map(quote, self.files))
        for sql in (
            f"SET allowed_paths = [{paths}]",
            "SET python_enable_replacements = false",
            "SET enable_external_access = false",
            "SET lock_configuration = true",
        ):
            self.engine.execute(sql)


def data_files(manifest: Manifest, layer: str, table: str) -> list[DataFile]:
    """The Parquet files of clean.<table> or rejected.<table>."""
    mine = [p for p in manifest.partitions if p.table == table]
    return [f for p in mine for f in (p.clean_files if layer == "clean" else p.rejected_files)]


def relation(table: Table) -> str:
    """A table's name in the engine, with its catalog."""
    return place(table.full_name)


@contextmanager
def opened(session: Session, generation: int | None = None) -> Iterator[Opened]:
    """Open a generation read-only, by default the published one.

    Raises WrongUse when there is no lake, nothing was published, the generation is not kept, or its file is gone.
    """
    session.require_engine()
    lake = replace(session.lake, root=session.lake.root.resolve())
    manifest = read_manifest(lake, generation)
    contracts = load(session["project"])
    made = [manifest.database.path] if manifest.database else []
    made += [f.path for files in manifest.table_files.values() for f in files]
    for path, size in zip(made, lake.files.sizes(made), strict=True):
        if size is None:
            raise WrongUse(
                f"{lake.files.address(path)}: missing, though the manifest of generation {manifest.generation} names it. "
                "Look at another with --generation N, or make it anew with `shoplake build --full`."
            )
    with tempfile.TemporaryDirectory(prefix="shoplake-") as scratch:
        engine = DuckDB(threads=int(session["threads"]), memory=session["memory"], scratch=Path(scratch))
        try:
            lake.files.register(engine.connection)
            files = _views(engine, lake, manifest, contracts)
            if manifest.database:
                engine.attach(lake.root / made[0], read_only=True)
            else:
                engine.attach_files(
                    (contracts.table(name), [lake.files.address(f.path) for f in some])
                    for name, some in manifest.table_files.items()
                )
                files += map(lake.files.address, made)
            engine.execute("SET search_path = 'gen.core,gen.marts,gen.ledger,lake.clean,lake.rejected'")
            yield Opened(lake, manifest, contracts, engine, files)
        finally:
            engine.close()


def _views(engine: DuckDB, lake: Lake, manifest: Manifest, contracts: Contracts) -> list[str]:
    found = []
    for layer in ("clean", "rejected"):
        for table in contracts.layer(layer):
            names = [f.path for f in data_files(manifest, layer, table.name)]
            gone = [p for p, size in zip(names, lake.files.sizes(names), strict=True) if size is None]
            if gone:
                raise WrongUse(
                    f"{lake.files.address(gone[0])}: missing, though generation {manifest.generation} names it. "
                    "`shoplake verify` lists all damage and what to do."
                )
            paths = [lake.files.address(p) for p in names]
            _view(engine, table, paths)
            found += paths
    return found


def _view(engine: DuckDB, table: Table, paths: list[str]) -> None:
    """A table's files by its contract; by what is in them, when the contract has changed since they were written."""
    try:
        engine.parquet_view(table.full_name, table, paths)
    except Lacking:
        raise
    except ShoplakeError:
        names = ", ".join(quote(p) for p in paths)
        engine.execute(
            f"CREATE OR REPLACE VIEW lake.{table.full_name} AS SELECT * "
            f"FROM read_parquet([{names}], hive_partitioning = true, hive_types = {{'ds': DATE}})"
        )
