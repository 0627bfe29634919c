"""`shoplake build --engine hive` on a real HiveServer2: the embedded engine's tables, to the last digit; late days; kills; the
metastore's tables; and what is said when no server is there."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cluster.servers import Hive as Server

from shoplake.build.plan import Options
from shoplake.build.run import Result, build
from shoplake.contracts import load
from shoplake.engines import hive
from shoplake.generate.options import TABLES, Plan, mess_rates
from shoplake.generate.run import generate
from shoplake.lake.layout import Lake
from shoplake.lake.manifest import read_manifest
from shoplake.look.compare import all_hashes
from shoplake.look.hashes import content_hash
from shoplake.look.opened import opened
from shoplake.look.verify import verify
from tests.making import deliver, session
from tests.unit.build.test_incremental import hostile_shop

pytestmark = pytest.mark.hadoop

PLAN = Plan(events=8_000, transactions=4_000, users=1_000, products=200, mess=mess_rates("heavy", []))
FIRST = "2025-12-22"  # a partition costs a local metastore what a thousand rows do: arrivals from here on


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("hive")) as one:
        yield one


def build_on(engine: str, server: Server, root: Path, **options: Any) -> Result:
    flags = {"timezone": "Europe/Berlin", "engine": engine, "hive": f"127.0.0.1:{server.port}"}
    return build(session(root, **flags), Options(**options))


def hashes(engine: str, root: Path) -> dict[str, str]:
    with opened(session(root, engine=engine)) as one:
        return all_hashes(one)


@pytest.fixture(scope="module", params=["made", pytest.param("uci", marks=[pytest.mark.real, pytest.mark.long])])
def lake(request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("shop") / "lake"
    if request.param == "made":
        generate(Lake(root), PLAN, list(TABLES), parts=2)
    else:
        folder = os.environ.get("SHOPLAKE_REAL_DATA")
        if not folder:
            pytest.fail("SHOPLAKE_REAL_DATA is not set: it names the folder that holds online_retail.csv.gz")
        arrive = [sys.executable, "-m", "shoplake", "--lake", root, "ingest", Path(folder).resolve() / "online_retail.csv.gz"]
        subprocess.run(arrive, check=True, capture_output=True)
    for engine in ("duckdb", "hive"):
        build_on(engine, server, root, first_ds=FIRST if request.param == "made" else None)
    return root


def test_every_table_is_the_embedded_engines(lake: Path) -> None:
    wanted = hashes("duckdb", lake)
    assert len(wanted) == 29
    assert hashes("hive", lake) == wanted
    assert verify(session(lake, engine="hive").lake, None, False)["findings"] == []


def test_the_metastore_knows_them(lake: Path, server: Server) -> None:
    wanted, there = hashes("duckdb", lake), hive.Hive(host="127.0.0.1", port=server.port)
    for name in ("core.dim_users", "core.fact_transactions", "marts.agg_daily_sales", "clean.refunds"):
        table = load().table(name)
        found = there.fetch(f"SELECT {', '.join(table.names)} FROM {hive.place(name)}")
        assert content_hash(found, table) == wanted[name], name
    there.close()


def test_a_question_is_computed_there(lake: Path, server: Server) -> None:
    sql = "select currency, count(*) as n, sum(net_amount) as net from core.fact_transactions where is_sale group by 1 order by 1"
    answers = []
    for engine in ("duckdb", "hive"):
        words = [sys.executable, "-m", "shoplake", "--lake", str(lake), "query", "--engine", engine, "--format", "csv", sql]
        done = subprocess.run(words, env={**os.environ, "SHOPLAKE_HIVE": f"127.0.0.1:{server.port}"}, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        answers.append(done.stdout)
    assert answers[0].count("\n") > 1
    assert answers[0] == answers[1]


@pytest.fixture(scope="module")
def half(server: Server, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str], dict[str, str]]:
    """A lake built of the first days whose last day has arrived; its hashes now, and those of a build of all."""
    root, arrivals = tmp_path_factory.mktemp("half"), hostile_shop(5)
    days = sorted({ds for _, ds in arrivals})
    for (table, ds), rows in arrivals.items():
        if ds != days[-1]:
            deliver(root / "lake", table, ds, rows)
    build_on("hive", server, root / "lake")
    before = hashes("hive", root / "lake")
    for (table, ds), rows in arrivals.items():
        if ds == days[-1]:
            deliver(root / "lake", table, ds, rows)
    shutil.copytree(root / "lake", root / "whole")
    build_on("duckdb", server, root / "whole")
    return root / "lake", before, hashes("duckdb", root / "whole")


def run(lake: Path, server: Server, **environment: str) -> "subprocess.CompletedProcess[str]":
    """A build of a lake that is named as people do, from the folder it lies in."""
    words = [sys.executable, "-m", "shoplake", "--lake", lake.name, "build", "--engine", "hive"]
    there = {"SHOPLAKE_HIVE": f"127.0.0.1:{server.port}", "SHOPLAKE_TIMEZONE": "Europe/Berlin"}
    return subprocess.run(words, cwd=lake.parent, env={**os.environ, **there, **environment}, capture_output=True, text=True, check=False)


def is_healed(lake: Path, server: Server, after: dict[str, str]) -> None:
    """The next run equals an undisturbed one, and so does what the metastore knows."""
    again = run(lake, server)
    assert again.returncode == 0, again.stderr
    is_whole(lake, server, after)


def is_whole(lake: Path, server: Server, after: dict[str, str]) -> None:
    assert hashes("hive", lake) == after
    there, table = hive.Hive(host="127.0.0.1", port=server.port), load().table("core.fact_transactions")
    found = there.fetch(f"SELECT {', '.join(table.names)} FROM {hive.place(table.full_name)}")
    there.close()
    assert content_hash(found, table) == after[table.full_name]


def test_kills_leave_the_old_whole_and_the_next_run_heals_and_rewrites_what_the_late_day_touches(
    half: Any, server: Server, tmp_path: Path, monkeypatch: Any
) -> None:
    made, before, after = half
    lake = tmp_path / "lake"
    shutil.copytree(made, lake)
    for point in ("in_clean_files", "in_database", "before_current"):
        killed = run(lake, server, SHOPLAKE_KILL_AT=point)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert hashes("hive", lake) == before
    monkeypatch.setattr("shoplake.build.plan.WHOLE_ABOVE", 10.0)
    then = read_manifest(session(lake, engine="hive").lake)
    result = build_on("hive", server, lake)
    assert not result.is_full
    now = read_manifest(session(lake, engine="hive").lake)
    for table in ("core.fact_transactions", "core.fact_clickstream"):
        old, new = ({f.path for f in m.table_files[table]} for m in (then, now))
        assert {path.split("/")[-2].partition("=")[2] for path in new - old} <= set(result.touched[table])
    assert before != after
    is_whole(lake, server, after)


@pytest.mark.long
@pytest.mark.parametrize("point", ["in_clean_files", "after_clean", "in_database", "after_tables", "before_current", "after_current"])
def test_a_kill_leaves_the_old_or_the_new_whole(half: Any, server: Server, point: str, tmp_path: Path) -> None:
    made, before, after = half
    lake = tmp_path / "lake"
    shutil.copytree(made, lake)
    killed = run(lake, server, SHOPLAKE_KILL_AT=point)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert hashes("hive", lake) == (after if point == "after_current" else before)  # the metastore may be behind: healing brings it up
    is_healed(lake, server, after)


@pytest.fixture(scope="module")
def usual_seconds(half: Any, server: Server, tmp_path_factory: pytest.TempPathFactory) -> float:
    """How long the build takes that is killed."""
    lake = tmp_path_factory.mktemp("usual") / "lake"
    shutil.copytree(half[0], lake)
    began = time.monotonic()
    assert run(lake, server).returncode == 0
    return time.monotonic() - began


@pytest.mark.long
@pytest.mark.parametrize("number", range(20))
def test_a_kill_at_random_leaves_one_of_the_two_whole(half: Any, server: Server, usual_seconds: float, number: int, tmp_path: Path) -> None:
    made, before, after = half
    lake = tmp_path / "lake"
    shutil.copytree(made, lake)
    words = [sys.executable, "-m", "shoplake", "--lake", str(lake), "build", "--engine", "hive"]
    there = {"SHOPLAKE_HIVE": f"127.0.0.1:{server.port}", "SHOPLAKE_TIMEZONE": "Europe/Berlin"}
    with subprocess.Popen(words, env={**os.environ, **there}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as running:
        time.sleep(random.Random(number).uniform(0.1, 0.95) * usual_seconds)
        running.kill()
    assert hashes("hive", lake) in (before, after)
    is_healed(lake, server, after)


def test_no_server_is_said_and_changes_nothing(half: Any, tmp_path: Path) -> None:
    made, before, _ = half
    lake = tmp_path / "lake"
    shutil.copytree(made, lake)
    done = subprocess.run(
        [sys.executable, "-m", "shoplake", "--lake", str(lake), "build", "--engine", "hive"],
        env={**os.environ, "SHOPLAKE_HIVE": "127.0.0.1:9"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 3, done.stderr
    assert "no HiveServer2 answers at 127.0.0.1:9" in done.stderr
    assert "Traceback" not in done.stderr
    assert hashes("hive", lake) == before
