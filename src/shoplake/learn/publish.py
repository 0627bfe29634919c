"""What a version says of everybody, as tables of a new generation: the published one's file with these tables, and the name of the version
that made them. One pointer switches both, so nobody reads the scores of one version under the name of another.
"""

import shutil
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from shoplake.build.checks import check_table
from shoplake.build.embedded import EmbeddedHouse
from shoplake.contracts import Contracts, Table
from shoplake.engines.duckdb import DuckDB, place, sql_type
from shoplake.errors import ShoplakeError, WrongUse
from shoplake.lake.layout import disk_in_words
from shoplake.lake.manifest import Champion, Manifest, database_path, database_written
from shoplake.lake.publish import kill_point, next_generation, publish, sweep
from shoplake.settings import Session

Tables = dict[str, pa.Table]


def publish_tables(session: Session, contracts: Contracts, manifest: Manifest, name: str, champion: Champion, tables: Tables) -> Manifest:
    """Publish a generation with these tables. Only the holder of the lake's lock may call it.

    Raises WrongUse for a project without contracts of these tables, CheckFailed when a table does not keep its contract, Lacking when the disk is full: what was published stays.
    """
    lake = session.lake
    unknown = [table for table in tables if table not in contracts.tables]
    if unknown:  # a project that is older than these tables
        raise WrongUse(f"{contracts.folder}: no contract of {', '.join(unknown)}. `shoplake init DIR` makes a project that has them: copy contracts/marts/*.yml and the columns they name.")
    with disk_in_words(lake, "What was published stays"):
        file = database_path(lake, next_generation(lake))
        former = [table for table in (manifest.models[name].tables if name in manifest.models else []) if table not in tables]
        told = manifest.told
        try:
            shutil.copyfile(lake.root / manifest.database_file().path, file)
            told = [*told, *_write(session, contracts, file, tables, former)]
        except (ShoplakeError, OSError):
            file.unlink(missing_ok=True)
            raise
        kill_point("after_learnt")
        counts = {table: rows for table, rows in manifest.tables.items() if table not in former} | {table: rows.num_rows for table, rows in tables.items()}
        made = msgspec.structs.replace(
            manifest, generation=int(file.stem.removeprefix("gen-")), parent=manifest.generation, database=database_written(lake, file, sum(counts.values())), tables=counts,
            touched={}, is_full=False, told=told, costs=[], models={**manifest.models, name: champion},
        )  # fmt: skip
        publish(lake, made)
        sweep(lake, int(session["keep"]))
    return made


def _write(session: Session, contracts: Contracts, file: Path, tables: Tables, former: list[str]) -> list[str]:
    """What the checks tell."""
    scratch = session.lake.scratch / "learn"
    scratch.mkdir(parents=True, exist_ok=True)
    engine = DuckDB(threads=int(session["threads"]), memory=session["memory"], scratch=scratch)
    try:
        engine.attach(file, read_only=False)
        house, told = EmbeddedHouse(engine), []
        for name in former:
            engine.execute(f"DROP TABLE IF EXISTS gen.{name}")
        for name, rows in tables.items():
            table = contracts.table(name)
            engine.arrow_table("work.learnt", rows)
            house.replace(table, _cast(table))
            house.drop("learnt")
            kill_point("in_learnt")
            told += check_table(house, table, place(name), set(), rows.num_rows)
        engine.detach()
        return told
    finally:
        engine.close()


def _cast(table: Table) -> str:
    columns = ", ".join(f"CAST({c.name} AS {sql_type(c.type)}) AS {c.name}" for c in table.columns)
    return f"SELECT {columns} FROM lake.work.learnt ORDER BY {', '.join(table.spec.key)}"


def following(manifest: Manifest, name: str, version: int, tables: Tables, options: dict[str, Any]) -> Champion:
    """The champion after this version was promoted. The same one again only renews its tables."""
    former = manifest.models.get(name)
    previous = [] if former is None else former.previous if former.version == version else [*former.previous, former.version]
    return Champion(version, previous, list(tables), options)
