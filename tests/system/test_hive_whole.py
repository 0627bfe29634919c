"""A whole made shop, heavy with faults, and the UCI file on a real HiveServer2: the files under rendered/hive/, run by beeline alone
on an empty metastore, make the embedded engine's tables, to the last digit."""

import datetime as dt
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cluster.servers import Beeline
from cluster.servers import Hive as Server

from shoplake.build.hive_files import MATERIALIZED
from shoplake.build.models import read_models
from shoplake.build.plan import Options
from shoplake.build.run import build
from shoplake.contracts import load
from shoplake.contracts.project import project_folder
from shoplake.engines import hive
from shoplake.engines.hive import Hive
from shoplake.errors import Lacking, ShoplakeError
from shoplake.generate.options import TABLES, Plan, mess_rates
from shoplake.generate.run import generate
from shoplake.lake.layout import Lake
from shoplake.look.compare import all_hashes
from shoplake.look.export import export
from shoplake.look.hashes import content_hash
from shoplake.look.opened import opened
from tests.making import deliver, session

pytestmark = pytest.mark.hadoop

PLAN = Plan(events=30_000, transactions=15_000, users=3_000, products=500, mess=mess_rates("heavy", []))
# Two stretches of arrivals: the first brings most users and products. A partition costs a local metastore what a thousand rows do.
ARRIVALS = [("2025-01-01", "2025-01-04"), ("2025-10-20", "2025-10-31")]
CONTRACTS = load()
MODELS = [m for m in read_models(project_folder() / "warehouse", CONTRACTS) if m.table.layer != "clean"]
FILES = project_folder() / "rendered" / "hive"
LOADS = ["hive_etl_load_dimensions", "hive_etl_load_facts", "hive_marts"]
ALL_DAYS = {"from": "1970-01-01", "to": "2100-01-01"}


@dataclass
class Shop:
    """A lake, the folder it is exported to, and a HiveServer2 that knows nothing yet."""

    lake: Lake
    timezone: str
    exported: Path
    server: Server
    beeline: Beeline

    def build(self, first: str | None = None, last: str | None = None) -> None:
        options = Options(first_ds=first, last_ds=last)
        build(session(self.lake.root, threads="2", memory="2GB", timezone=self.timezone), options)
        export(session(self.lake.root), self.exported)

    def run(self, *names: str, **hivevars: str) -> None:
        for name in names:
            done = self.beeline.run(FILES / f"{name}.sql", {"lake": self.exported.as_uri(), "buckets": "2", **ALL_DAYS, **hivevars}, limit=900)
            assert done.code == 0, f"{name}: {done.err[-3000:]}"

    def wanted(self) -> dict[str, str]:
        with opened(session(self.lake.root)) as one:
            return {name: h for name, h in all_hashes(one).items() if not name.startswith("clean.")}

    def hashes(self) -> dict[str, str]:
        engine = Hive(port=self.server.port)
        found = {m.name: content_hash(engine.fetch(f"SELECT * FROM {hive.place(m.name)}"), m.table) for m in MODELS}
        engine.close()
        return found

    def files(self, table: str) -> dict[str, tuple[str, int]]:
        """Day -> one of its files and when it was written."""
        folder = Path(self.server.warehouse.removeprefix("file://")) / "external" / "ecommerce.db" / table
        return {str(p.relative_to(folder)): (p.parent.name.partition("=")[2], p.stat().st_mtime_ns) for p in folder.rglob("[0-9]*")}


@pytest.fixture(scope="module", params=["made", pytest.param("uci", marks=[pytest.mark.real, pytest.mark.long])])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("hive")
    lake = Lake(folder / "lake")
    if request.param == "made":
        generate(lake, PLAN, list(TABLES), parts=2)
    else:
        _ingest_uci(lake)
    with Server(folder / "server") as server:
        zone = "Europe/Berlin" if request.param == "made" else "Europe/London"
        one = Shop(lake, zone, folder / "exported", server, Beeline(server.port, folder))
        for first, last in ARRIVALS if request.param == "made" else [(None, None)]:
            one.build(first, last)
        yield one


def _ingest_uci(lake: Lake) -> None:
    folder = os.environ.get("SHOPLAKE_REAL_DATA")
    if not folder:
        pytest.fail("SHOPLAKE_REAL_DATA is not set: it names the folder that holds online_retail.csv.gz")
    file = Path(folder).resolve() / "online_retail.csv.gz"
    subprocess.run([sys.executable, "-m", "shoplake", "--lake", lake.root, "ingest", file], check=True, capture_output=True)


def test_the_files_make_the_embedded_engines_tables_and_again_the_same(shop: Shop) -> None:
    shop.run("hive_ddl_create_tables", *LOADS, "hive_statistics")
    wanted = shop.wanted()
    assert _different(shop.hashes(), wanted) == []
    assert set(wanted) == {m.name for m in MODELS}
    before = shop.files("fact_transactions")
    assert before
    shop.run("hive_ddl_create_tables", *LOADS)
    assert _different(shop.hashes(), wanted) == []
    after = shop.files("fact_transactions")
    assert after.keys() == before.keys()
    assert all(after[name] != before[name] for name in before)


def test_a_late_day_reloaded_rewrites_only_its_days(shop: Shop) -> None:
    day = _last_day(shop)
    order = {"transaction_id": "late-1", "line_number": "1", "line_type": "product", "product_id": "P-late", "quantity": "2", "unit_price": "9.99"}
    late = {**order, "currency": "EUR", "payment_method": "card", "status": "paid", "ordered_at": f"{day} 12:00:00"}
    deliver(shop.lake.root, "transactions", str(day + dt.timedelta(1)), [late], name="late")
    before = shop.files("fact_transaction_states")
    shop.build(str(day), str(day + dt.timedelta(1)))
    shop.run(*LOADS, **{"from": str(day), "to": str(day)})
    after = shop.files("fact_transaction_states")
    changed = {day for name, (day, _) in (before.items() | after.items()) if before.get(name) != after.get(name)}
    assert changed == {str(day)}
    assert _different(shop.hashes(), shop.wanted()) == []


def _different(found: dict[str, str], wanted: dict[str, str]) -> list[str]:
    return [name for name in wanted if found.get(name) != wanted[name]]


def _last_day(shop: Shop) -> dt.date:
    with opened(session(shop.lake.root)) as one:
        (last,) = one.engine.rows("SELECT MAX(order_date) FROM gen.core.fact_transactions")[0]
    assert isinstance(last, dt.date)
    return last - dt.timedelta(10)


def test_the_view_is_one_and_tables_are_partitioned_bucketed_and_known(shop: Shop) -> None:
    engine = Hive(port=shop.server.port)
    for name in MATERIALIZED:
        told = " ".join(str(cell) for row in engine.rows(f"DESCRIBE FORMATTED {hive.place(name)}") for cell in row)
        assert "MATERIALIZED_VIEW" in told
    told = " ".join(str(row[0]) for row in engine.rows("SHOW CREATE TABLE ecommerce.fact_clickstream"))
    assert "PARTITIONED BY" in told
    assert "INTO 2 BUCKETS" in told
    assert "OrcInputFormat" in told
    told = " ".join(str(cell) for row in engine.rows("DESCRIBE FORMATTED ecommerce.dim_users user_id") for cell in row)
    assert "distinct_count" in told
    engine.close()


def test_what_goes_wrong_is_told_with_its_remedy(shop: Shop) -> None:
    engine = Hive(port=shop.server.port)
    with pytest.raises(ShoplakeError, match="no_such_table"):
        engine.rows("SELECT * FROM ecommerce.no_such_table")
    damaged = shop.exported.parent / "damaged"
    damaged.mkdir(exist_ok=True)
    (damaged / "rows.parquet").write_bytes(b"not Parquet at all, only text")
    engine.parquet_table("damaged", "a BIGINT", damaged)
    with pytest.raises(Lacking, match="cannot be read"):
        engine.rows("SELECT a FROM damaged")
    engine.close()
