"""Readers never see half a result: whatever kills a build, what was published is served whole, and the next run heals."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from shoplake.lake.layout import Lake
from shoplake.lake.manifest import kept_generations, manifest_path, read_manifest, sha256_of
from tests.making import deliver, run, tables
from tests.unit.build.test_incremental import hostile_shop

LATER = ["after_clean", "in_database", "after_tables", "in_sweep"]
POINTS = [
    "before_current", "after_current", pytest.param("in_clean_files", marks=pytest.mark.made),
    *(pytest.param(point, marks=pytest.mark.long) for point in LATER),
]  # fmt: skip


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any, Any]:
    """A lake with several generations and one arrival not yet built; its tables now, and after an undisturbed build."""
    lake = tmp_path_factory.mktemp("kills") / "lake"
    arrivals = hostile_shop(7)
    days = sorted({ds for _, ds in arrivals})
    for (table, ds), rows in arrivals.items():
        if ds != days[-1]:
            deliver(lake, table, ds, rows)
    for as_of in ("2025-04-10", "2025-04-11", "2025-04-12"):
        run(lake, as_of=as_of)
    old = tables(lake)
    for (table, ds), rows in arrivals.items():
        if ds == days[-1]:
            deliver(lake, table, ds, rows)
    undisturbed = lake.with_name("undisturbed")
    shutil.copytree(lake, undisturbed, symlinks=True)
    run(undisturbed, as_of="2025-04-12")
    return lake, old, tables(undisturbed)


def start(lake: Path, **environment: str) -> "subprocess.Popen[bytes]":
    words = [sys.executable, "-m", "shoplake", "--lake", str(lake), "--threads", "1", "build", "--as-of", "2025-04-12"]
    return subprocess.Popen(
        words, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def is_whole(lake: Path) -> None:
    """The published generation has every file it names, unchanged."""
    for file in read_manifest(Lake(lake)).files():
        assert sha256_of(lake / file.path) == file.sha256


def make_old(lake: Path) -> None:
    """Let the kept generations be of an age at which they may be forgotten, and keep few."""
    for number in kept_generations(Lake(lake)):
        os.utime(manifest_path(Lake(lake), number), (0, 0))


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_at_a_named_point_leaves_the_old_or_the_new_whole(point: str, before: Any, tmp_path: Path) -> None:
    original, old, new = before
    lake = tmp_path / "lake"
    shutil.copytree(original, lake, symlinks=True)
    if point == "in_sweep":
        make_old(lake)
    process = start(lake, SHOPLAKE_KILL_AT=point, SHOPLAKE_KEEP="2")
    assert process.wait(timeout=120) == -signal.SIGKILL
    is_whole(lake)
    assert tables(lake) == (new if point == "after_current" else old)
    assert start(lake, SHOPLAKE_KEEP="2").wait(timeout=120) == 0
    is_whole(lake)
    assert tables(lake) == new
    assert os.readlink(lake / "published.duckdb").endswith(Path(read_manifest(Lake(lake)).database.path).name)
    assert not list((lake / "tmp").glob("*"))


@pytest.mark.long
def test_fifty_kills_at_random(before: Any, tmp_path: Path) -> None:
    original, old, new = before
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    rng = random.Random(seed)
    lake = tmp_path / "lake"
    shutil.copytree(original, lake, symlinks=True)
    began = time.monotonic()
    undisturbed = tmp_path / "undisturbed"
    shutil.copytree(original, undisturbed, symlinks=True)
    assert start(undisturbed).wait(timeout=120) == 0
    usual = time.monotonic() - began
    killed = attempts = 0
    while killed < 50 and attempts < 150:
        attempts += 1
        shutil.rmtree(lake)
        shutil.copytree(original, lake, symlinks=True)
        process = start(lake)
        time.sleep(rng.uniform(0.1, usual * 0.8))
        process.kill()
        killed += process.wait() == -signal.SIGKILL
        is_whole(lake)
        assert tables(lake) in (old, new)
        assert start(lake).wait(timeout=120) == 0
        assert tables(lake) == new
    print(f"{killed} killed in {attempts} attempts")
    assert killed == 50
