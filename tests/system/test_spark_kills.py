"""A build on Spark that is killed: what was published stays whole, the next run equals an undisturbed one. And how it ends when
something is missing; and the job that spark-submit runs."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shoplake.look.compare import all_hashes
from shoplake.look.opened import opened
from tests.making import deliver, session
from tests.unit.build.test_incremental import hostile_shop

pytestmark = pytest.mark.spark

ROOT = Path(__file__).resolve().parents[2]
POINTS = ("after_tables", "before_current")
MORE = ("in_clean_files", "after_clean", "in_database", "after_current")


# These lakes are a few rows: most of a build's time would go into compiling what runs once.
UNCOMPILED = "-XX:TieredStopAtLevel=1 -Dspark.sql.codegen.wholeStage=false -Dspark.sql.codegen.factoryMode=NO_CODEGEN"


def _run(lake: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """A build of a lake that is named as people do, from the folder it lies in."""
    return subprocess.run(
        [sys.executable, "-m", "shoplake", "--lake", lake.name, "--memory", "1GB", "build", "--engine", "spark"], cwd=lake.parent,
        env={**os.environ, "SHOPLAKE_THREADS": "2", "JAVA_TOOL_OPTIONS": UNCOMPILED, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def _hashes(lake: Path, engine: str) -> dict[str, str]:
    with opened(session(lake, engine=engine)) as one:
        return all_hashes(one)


@pytest.fixture(scope="module")
def arrivals() -> dict[tuple[str, str], list[dict[str, Any]]]:
    return hostile_shop(5)


@pytest.fixture(scope="module")
def half(arrivals: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str], dict[str, str]]:
    """A lake built of the first days whose last days have arrived; its hashes now, and those of a build of all."""
    root = tmp_path_factory.mktemp("half")
    days = sorted({ds for _, ds in arrivals})
    for (table, ds), rows in arrivals.items():
        if ds in days[:-2]:
            deliver(root / "lake", table, ds, rows)
    assert _run(root / "lake").returncode == 0
    before = _hashes(root / "lake", "spark")
    for (table, ds), rows in arrivals.items():
        if ds in days[-2:]:
            deliver(root / "lake", table, ds, rows)
    shutil.copytree(root / "lake", root / "whole")
    done = subprocess.run([sys.executable, "-m", "shoplake", "--lake", root / "whole", "build"], check=True)
    assert done.returncode == 0
    return root / "lake", before, _hashes(root / "whole", "duckdb")


@pytest.fixture(scope="module")
def usual_seconds(half: Any, tmp_path_factory: pytest.TempPathFactory) -> float:
    """How long the build takes that is killed."""
    lake = tmp_path_factory.mktemp("usual") / "lake"
    shutil.copytree(half[0], lake, symlinks=True)
    began = time.monotonic()
    assert _run(lake).returncode == 0
    return time.monotonic() - began


def _java_killed(lake: Path, when: Callable[[], bool]) -> "tuple[int, str]":
    """A build whose Spark is killed inside it as soon as `when` holds: how the build ends, and what it says."""
    words = [sys.executable, "-m", "shoplake", "--lake", str(lake), "--memory", "1GB", "build", "--engine", "spark"]
    with subprocess.Popen(words, env={**os.environ, "SHOPLAKE_THREADS": "2", "JAVA_TOOL_OPTIONS": UNCOMPILED}, stderr=subprocess.PIPE, text=True) as running:
        until = time.monotonic() + 300
        while not when():
            assert running.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
        java = subprocess.run(["pgrep", "-P", str(running.pid), "java"], capture_output=True, text=True, check=True).stdout.split()
        os.kill(int(java[0]), signal.SIGKILL)
        said = running.communicate()[1]
    return running.returncode, said


def test_kills_one_after_another_leave_the_old_whole_and_the_next_run_heals(half: Any, tmp_path: Path) -> None:
    made, before, after = half
    lake = tmp_path / "lake"
    shutil.copytree(made, lake, symlinks=True)
    code, said = _java_killed(lake, lambda: any((lake / "on/spark/tmp/work").glob("*")))
    assert (code, said.splitlines()[-1].partition(" in the middle")[0]) == (3, "shoplake: Spark's process was killed by signal 9"), said
    assert "Traceback" not in said
    assert _hashes(lake, "spark") == before
    for point in POINTS:
        killed = _run(lake, SHOPLAKE_KILL_AT=point)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert _hashes(lake, "spark") == before
    again = _run(lake)
    assert again.returncode == 0, again.stderr
    assert _hashes(lake, "spark") == after
    assert not list((lake / "on/spark/tmp").glob("*"))


@pytest.mark.long
@pytest.mark.parametrize("point", [*POINTS, *MORE])
def test_a_kill_leaves_the_old_or_the_new_whole(half: Any, point: str, tmp_path: Path) -> None:
    made, before, after = half
    lake = tmp_path / "lake"
    shutil.copytree(made, lake, symlinks=True)
    killed = _run(lake, SHOPLAKE_KILL_AT=point)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert _hashes(lake, "spark") == (after if point == "after_current" else before)
    again = _run(lake)
    assert again.returncode == 0, again.stderr
    assert _hashes(lake, "spark") == after


@pytest.mark.long
@pytest.mark.parametrize("number", range(20))
def test_a_kill_at_random_leaves_one_of_the_two_whole(half: Any, usual_seconds: float, number: int, tmp_path: Path) -> None:
    made, before, after = half
    lake = tmp_path / "lake"
    shutil.copytree(made, lake, symlinks=True)
    wait = random.Random(number).uniform(0.1, 0.95) * usual_seconds
    with subprocess.Popen(
        [sys.executable, "-m", "shoplake", "--lake", str(lake), "--memory", "1GB", "build", "--engine", "spark"],
        env={**os.environ, "SHOPLAKE_THREADS": "2", "JAVA_TOOL_OPTIONS": UNCOMPILED}, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    ) as running:  # fmt: skip
        time.sleep(wait)
        running.kill()
    assert _hashes(lake, "spark") in (before, after)
    again = _run(lake)
    assert again.returncode == 0, again.stderr
    assert _hashes(lake, "spark") == after


THROUGH_THE_METASTORE = """
import json, sys
from pathlib import Path
from shoplake.build.metastore import Metastore
from shoplake.contracts import load
from shoplake.engines import spark
from shoplake.lake.layout import Lake
from shoplake.lake.manifest import read_manifest
from shoplake.look.hashes import content_hash

lake, settings = Lake(Path(sys.argv[1]), "spark"), json.loads(sys.argv[2])
engine = spark.Spark(scratch=lake.root.parent / "scratch", memory="1g", settings=settings)

def told(*layers):
    tables = [t for layer in layers for t in load().built(layer)]
    found = {t.full_name: engine.fetch(f"SELECT {', '.join(t.names)} FROM {spark.place(t.full_name)}") for t in tables}
    print(json.dumps({t.full_name: content_hash(found[t.full_name], t) for t in tables}))

told("clean", "core", "marts")
for number in (1, 2):
    Metastore(engine, spark).register(lake, load(), read_manifest(lake, number))
    told("core")
engine.close()
"""


def test_the_job_of_spark_submit_makes_the_same_and_its_metastore_follows(half: Any, tmp_path: Path) -> None:
    made, before, after = half
    lake = tmp_path / "a lake"
    shutil.copytree(made, lake, symlinks=True)
    settings = {
        "spark.sql.catalogImplementation": "hive",
        "spark.sql.warehouse.dir": str(tmp_path / "warehouse"),
        "spark.hadoop.javax.jdo.option.ConnectionURL": f"jdbc:derby:;databaseName={tmp_path / 'metastore'};create=true",
    }
    words = [Path(sys.executable).parent / "spark-submit", "--master", "local[2]", "--driver-memory", "1g"]
    for key, value in {**settings, "spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1"}.items():
        words += ["--conf", f"{key}={value}"]
    ran = []
    for kill in ({"SHOPLAKE_KILL_AT": "after_current"}, {}):  # published, and the metastore knows nothing; then it is told
        ran.append(subprocess.run(
            [*words, ROOT / "jobs" / "spark_etl_warehouse.py", "--lake", lake], cwd=tmp_path, capture_output=True, text=True, check=False,
            env={**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable, "JAVA_TOOL_OPTIONS": UNCOMPILED, **kill},
        ))  # fmt: skip
    said = "".join(f"{one.stdout[-2000:]}\n{one.stderr[-2000:]}\n" for one in ran)
    assert [one.returncode for one in ran] == [128 + signal.SIGKILL, 0], said
    assert _hashes(lake, "spark") == after
    words = [sys.executable, "-c", THROUGH_THE_METASTORE, lake, json.dumps(settings)]
    asked = subprocess.run(words, cwd=tmp_path, env={**os.environ, "JAVA_TOOL_OPTIONS": UNCOMPILED}, capture_output=True, text=True, check=False)
    assert asked.returncode == 0, asked.stderr[-3000:]
    found = [json.loads(line) for line in asked.stdout.splitlines()]
    assert found[0] == after
    assert len(after) == 29
    core = [name for name in after if name.startswith("core.")]
    assert found[1:] == [{name: hashes[name] for name in core} for hashes in (before, after)]


def test_a_master_that_is_not_there_is_said(half: Any, tmp_path: Path) -> None:
    made, before, _ = half
    lake = tmp_path / "lake"
    shutil.copytree(made, lake, symlinks=True)
    done = _run(lake, SHOPLAKE_SPARK_MASTER="spark://127.0.0.1:9")
    assert done.returncode == 3, done.stderr
    assert "Spark did not start at spark://127.0.0.1:9" in done.stderr
    assert "Traceback" not in done.stderr
    assert _hashes(lake, "spark") == before


OUT_OF_MEMORY = """
import sys
from pathlib import Path
from shoplake.engines.spark import Spark
from shoplake.errors import Lacking

def told(of):
    try:
        of()
    except Lacking as e:
        print(e)

told(lambda: Spark(scratch=Path(sys.argv[1]), memory="100m"))
spark = Spark(scratch=Path(sys.argv[1]), memory="500m")
told(lambda: spark.rows("SELECT LENGTH(REPEAT(CAST(id AS STRING), 900000000)) FROM RANGE(1)"))
spark.close()
spark = Spark(scratch=Path(sys.argv[1]), memory="500m")
print(spark.rows("SELECT 1 + 1"))
spark.close()
"""


def test_too_little_memory_is_said_and_another_session_can_start(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", OUT_OF_MEMORY, tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    little, full, answer = done.stdout.splitlines()
    assert "100m of memory is too little for Spark" in little
    assert "Spark ran out of memory, and its process ended. Raise it with --memory" in full
    assert answer == "[(2,)]"
