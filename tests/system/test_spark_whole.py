"""A whole generated shop, heavy with faults, and the UCI file on a real Spark: every model gives the embedded engine's rows,
to the last digit.

Spark's core and marts are made of Spark's own tables, one after the other, from the clean files of the lake.
"""

import datetime as dt
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from shoplake.build import reference
from shoplake.build.models import Model, read_models
from shoplake.build.plan import Options
from shoplake.build.render import render
from shoplake.build.run import build
from shoplake.contracts import load
from shoplake.contracts.project import project_folder
from shoplake.engines import duckdb as facts
from shoplake.engines import spark
from shoplake.engines.duckdb import DuckDB
from shoplake.engines.spark import Spark
from shoplake.generate.options import TABLES, Plan, mess_rates
from shoplake.generate.run import generate
from shoplake.lake.layout import Lake
from shoplake.lake.manifest import read_manifest
from shoplake.lake.receipts import raw_partitions
from shoplake.look.compare import all_hashes
from shoplake.look.hashes import content_hash
from shoplake.look.opened import opened
from shoplake.settings import zone
from tests.making import session

pytestmark = pytest.mark.spark

PLAN = Plan(events=30_000, transactions=15_000, users=3_000, products=500, mess=mess_rates("heavy", []))
CONTRACTS = load()
MODELS = read_models(project_folder() / "warehouse", CONTRACTS)


@pytest.fixture(scope="module", params=["made", pytest.param("uci", marks=pytest.mark.real)])
def lake(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    one = Lake(tmp_path_factory.mktemp("spark") / "lake")
    if request.param == "made":
        generate(one, PLAN, list(TABLES), parts=2)
        return _built(one, "Europe/Berlin")
    folder = os.environ.get("SHOPLAKE_REAL_DATA")
    if not folder:
        pytest.fail("SHOPLAKE_REAL_DATA is not set: it names the folder that holds online_retail.csv.gz")
    file = Path(folder).resolve() / "online_retail.csv.gz"
    subprocess.run(
        [sys.executable, "-m", "shoplake", "--lake", one.root, "ingest", file], check=True, capture_output=True
    )
    return _built(one, "Europe/London")


def _built(lake: Lake, timezone: str) -> Lake:
    build(session(lake.root, threads="2", memory="2GB", timezone=timezone), Options())
    return lake


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Spark]:
    one = Spark(scratch=tmp_path_factory.mktemp("scratch"), settings={"spark.sql.shuffle.partitions": "4"})
    yield one
    one.close()


def _reference(lake: Lake, name: str) -> pa.Table:
    """A table of the ref layer, as the build made it."""
    manifest = read_manifest(lake)
    table, settings = name.removeprefix("ref."), manifest.settings
    if table in manifest.ref_files:
        return pq.read_table(lake.root / manifest.ref_files[table].path)
    if table == "enums":
        return reference.enums(CONTRACTS)
    if table == "shop":
        return reference.shop(settings["timezone"], settings["currency"])
    return reference.run(dt.date.fromisoformat(manifest.as_of), zone(settings["timezone"], "timezone"))


def _show(engine: Spark, name: str, rows: pa.Table, folder: Path) -> None:
    """Rows of the embedded engine as a table of Spark's."""
    folder.mkdir(parents=True)
    pq.write_table(rows, folder / "rows.parquet")
    kinds = {
        "string": "STRING",
        "bool": "BOOLEAN",
        "int64": "BIGINT",
        "date32[day]": "DATE",
        "timestamp[us]": "TIMESTAMP_NTZ",
    }
    columns = ", ".join(
        f"{f.name} {str(f.type).replace('decimal128', 'DECIMAL') if pa.types.is_decimal(f.type) else kinds[str(f.type)]}"
        for f in rows.schema
    )
    engine.parquet_table(spark.place(name), columns, folder)


def test_core_and_marts_are_the_embedded_engines(lake: Lake, engine: Spark, tmp_path: Path) -> None:
    with opened(session(lake.root)) as one:
        wanted = all_hashes(one)
        for name in sorted({i for m in MODELS if m.table.layer != "clean" for i in m.inputs}):
            if name.startswith("clean."):
                _show(engine, name, one.engine.fetch(f"SELECT * FROM {facts.place(name)}"), tmp_path / name)
            elif name.startswith("ref."):
                _show(engine, name, _reference(lake, name), tmp_path / name)
    different = []
    for model in MODELS:
        if model.table.layer == "clean":
            continue
        folder = tmp_path / "made" / model.name
        engine.session.sql(render(model, spark, place=spark.place)).write.parquet(str(folder))
        engine.parquet_table(spark.place(model.name), spark.ddl(model.table), folder)
        if content_hash(ds.dataset(folder, format="parquet").to_table(), model.table) != wanted[model.name]:
            different.append(model.name)
    assert not different
    assert set(wanted) >= {m.name for m in MODELS}


@pytest.mark.parametrize("model", [m for m in MODELS if m.table.layer == "clean"], ids=lambda m: m.name)
def test_clean_judges_every_raw_record_alike(lake: Lake, engine: Spark, model: Model, tmp_path: Path) -> None:
    embedded = DuckDB(threads=2, memory="2GB")
    raw = CONTRACTS.table(f"raw.{model.table.name}")
    files = [f for (table, _), some in raw_partitions(lake).items() if table == raw.name for f in some]
    embedded.raw_view(raw, files, lake.root)
    for name in model.inputs:
        if name.startswith("ref."):
            embedded.arrow_table(name, _reference(lake, name))
    for name in model.inputs:
        _show(engine, name, embedded.fetch(f"SELECT * FROM {facts.place(name)}"), tmp_path / name)
    here = embedded.fetch(render(model, facts, place=facts.place))
    there = engine.fetch(render(model, spark, place=spark.place))
    assert here.num_rows == there.num_rows
    if (lake.root / "truth.json").exists():  # a made shop: every table has records, and many kinds of fault
        assert len(here.column("reject").unique()) > 5
    embedded.arrow_table("work.here", here)
    embedded.arrow_table("work.there", there.cast(here.schema))
    assert embedded.rows("SELECT * FROM lake.work.here EXCEPT ALL SELECT * FROM lake.work.there LIMIT 3") == []
    embedded.close()
