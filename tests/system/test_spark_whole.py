"""`shoplake build --engine spark` on a whole made shop, heavy with faults, and on the UCI file: the embedded engine's tables, to
the last digit, its ledger, and every rejected record."""

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shoplake.build.plan import Options
from shoplake.build.run import Result, build
from shoplake.errors import CheckFailed
from shoplake.generate.options import TABLES, Plan, mess_rates
from shoplake.generate.run import generate
from shoplake.lake.layout import Lake
from shoplake.lake.manifest import Manifest, read_manifest
from shoplake.look.compare import all_hashes
from shoplake.look.opened import opened
from shoplake.look.overview import overview
from shoplake.look.verify import verify
from tests.making import deliver, session

pytestmark = pytest.mark.spark

PLAN = Plan(events=30_000, transactions=15_000, users=3_000, products=500, mess=mess_rates("heavy", []))
ENGINES = ("duckdb", "spark")
ZONES = {"made": "Europe/Berlin", "year": "Europe/Berlin", "uci": "Europe/London"}


MONTHS = "2025-12-01"  # a folder costs Spark what thousands of rows do: arrivals from here on, unless time is no matter


@pytest.fixture(scope="module", params=["made", pytest.param("year", marks=pytest.mark.long), pytest.param("uci", marks=[pytest.mark.real, pytest.mark.long])])
def lake(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """Built by both engines, by a session of the builds' own."""
    from pyspark.sql import SparkSession

    if (other := SparkSession.getActiveSession()) is not None:
        other.stop()
    one = Lake(tmp_path_factory.mktemp("spark") / "lake")
    if request.param != "uci":
        generate(one, PLAN, list(TABLES), parts=2)
    else:
        folder = os.environ.get("SHOPLAKE_REAL_DATA")
        if not folder:
            pytest.fail("SHOPLAKE_REAL_DATA is not set: it names the folder that holds online_retail.csv.gz")
        file = Path(folder).resolve() / "online_retail.csv.gz"
        arrive = [sys.executable, "-m", "shoplake", "--lake", one.root, "ingest", file]
        subprocess.run(arrive, check=True, capture_output=True)
    for engine in ENGINES:
        build_on(engine, one.root, ZONES[request.param], first_ds=MONTHS if request.param == "made" else None)
    yield one
    shutil.rmtree(one.root)


def build_on(engine: str, root: Path, timezone: str = "Europe/Berlin", **options: Any) -> Result:
    return build(session(root, threads="2", memory="2GB", timezone=timezone, engine=engine), Options(**options))


def manifest_of(engine: str, root: Path) -> Manifest:
    return read_manifest(session(root, engine=engine).lake)


def hashes(engine: str, root: Path) -> dict[str, str]:
    with opened(session(root, engine=engine)) as one:
        return all_hashes(one)


def rows(engine: str, root: Path, sql: str) -> "Counter[tuple[Any, ...]]":
    with opened(session(root, engine=engine)) as one:
        return Counter(one.engine.rows(sql))


def test_every_table_is_the_embedded_engines(lake: Lake) -> None:
    wanted = hashes("duckdb", lake.root)
    assert len(wanted) == 29
    assert hashes("spark", lake.root) == wanted


def test_the_ledger_and_every_rejected_record_are_the_same(lake: Lake) -> None:
    tables = [f"ledger.{t}" for t in ("arrivals", "rejections", "movements")]
    tables += [f"rejected.{t}" for t in ("users", "products", "transactions", "refunds", "clickstream")]
    for table in tables:
        here, there = (rows(engine, lake.root, f"SELECT * FROM {table}") for engine in ENGINES)
        assert here == there, table
    if (lake.root / "truth.json").exists():  # a made shop: many kinds of fault
        assert len(rows("spark", lake.root, "SELECT DISTINCT reject_reason FROM ledger.rejections")) > 8


def test_its_files_are_those_of_the_manifest(lake: Lake) -> None:
    assert verify(session(lake.root, engine="spark").lake, None, False)["findings"] == []
    with opened(session(lake.root, engine="spark")) as one:
        (kept,) = overview(one)["kept"]
    assert kept["is_there"]
    assert kept["bytes"] == sum(f.bytes for files in one.manifest.table_files.values() for f in files)


@pytest.mark.parametrize("lake", ["made"], indirect=True)
def test_late_arrivals_rewrite_the_days_they_touch(lake: Lake) -> None:
    before = manifest_of("spark", lake.root)
    days = sorted(p.ds for p in before.partitions if p.table == "transactions")
    order = rows("duckdb", lake.root, "SELECT transaction_id, line_number, product_id, user_id, CAST(order_date AS VARCHAR) FROM core.fact_transactions WHERE is_sale ORDER BY ordered_us LIMIT 1")  # fmt: skip
    (transaction, line, product, user, _), *_ = order
    late = {"transaction_id": transaction, "line_number": line, "product_id": product, "user_id": user, "quantity": 1, "unit_price": 7,
            "currency": "EUR", "status": "cancelled", "ordered_at": f"{days[20]}T10:00:00Z", "updated_at": f"{days[-1]}T22:00:00Z"}  # fmt: skip
    profile = {"user_id": user, "customer_segment": "vip", "updated_at": f"{days[15]}T00:00:00Z"}
    deliver(lake.root, "transactions", days[-1], [late], name="late")
    deliver(lake.root, "users", days[-1], [profile], name="late")
    file = lake.root / next(f.path for files in before.table_files.values() for f in files)
    file.rename(lake.root / "away")
    with pytest.raises(CheckFailed, match=f"{file.name}: missing, expected [0-9]+ bytes .*build --full"):
        build_on("spark", lake.root, first_ds=MONTHS)
    file.parent.mkdir(exist_ok=True)  # empty, it was swept
    (lake.root / "away").rename(file)
    results = {engine: build_on(engine, lake.root, first_ds=MONTHS) for engine in ENGINES}
    assert not any(r.is_full for r in results.values())
    assert results["spark"].touched == results["duckdb"].touched
    assert hashes("spark", lake.root) == hashes("duckdb", lake.root)
    after = manifest_of("spark", lake.root)
    for table in ("core.fact_transactions", "core.fact_clickstream"):
        old, new = ({f.path for f in m.table_files[table]} for m in (before, after))
        rewritten = {path.split("/")[-2].partition("=")[2] for path in new - old}
        assert rewritten <= set(results["spark"].touched[table])
        assert len(old & new) > len(new - old)


@pytest.mark.parametrize("lake", ["made"], indirect=True)
def test_nothing_new_is_nothing_to_do_and_full_is_the_same(lake: Lake) -> None:
    wanted = hashes("spark", lake.root)
    costs = {c["step"]: c for c in manifest_of("spark", lake.root).costs}
    assert costs["core.fact_clickstream"]["shuffle_bytes"] > 0
    assert build_on("spark", lake.root, first_ds=MONTHS).generation is None
    assert build_on("spark", lake.root, first_ds=MONTHS, full=True).is_full
    assert hashes("spark", lake.root) == wanted
