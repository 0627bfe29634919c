"""What the stages share: sizes, lakes made once, and the reference tools."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmarks.measure import Facts, environment

SEED = 42
SIZES = ("tiny", "small", "default", "large")
MEMORY = "2GB"
SPARK_MEMORY = "4GB"
# TPC-H bytes as CSV: of its largest table and of all, at scale factor 1.
LINEITEM_BYTES, ALL_BYTES = 757_800_000, 1_096_000_000


@dataclass
class Setting:
    """One run of the benchmarks: its size, and lakes that stages only read."""

    folder: Path
    size: str
    threads: list[int] = field(default_factory=lambda: sorted({1, os.cpu_count() or 1}))

    def prepared(self, function: str, **arguments: object) -> Facts:
        """Run a work outside all timing; its facts."""
        asked = {"threads": max(self.threads), "size": self.size, **arguments}
        command = [sys.executable, "-m", "benchmarks.work", function, json.dumps(asked)]
        with subprocess.Popen(command, env=environment(max(self.threads)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              start_new_session=True) as child:  # fmt: skip
            try:
                out, err = child.communicate()
            except BaseException:
                os.killpg(child.pid, signal.SIGKILL)
                raise
        if child.returncode:
            raise RuntimeError(f"{function}:\n{err[-3000:]}")
        found: Facts = json.loads(out.splitlines()[-1])["facts"]
        return found

    @cached_property
    def clicks(self) -> Facts:
        """A lake that holds clickstream only."""
        return self.prepared("setting:made", folder=str(self.folder / "clicks"), tables=["clickstream"])

    @cached_property
    def orders(self) -> Facts:
        return self.prepared("setting:made", folder=str(self.folder / "orders"), tables=["transactions"])

    @cached_property
    def shop(self) -> Facts:
        """A whole lake, raw only."""
        return self.prepared("setting:made", folder=str(self.folder / "shop"), tables=None)

    @cached_property
    def small_shop(self) -> Facts:
        """A whole lake a size smaller, raw only: for engines that take minutes."""
        return self._shop_of(-1, "small")

    @cached_property
    def large_shop(self) -> Facts:
        """A whole lake of ten times the events, raw only."""
        return self._shop_of(1, "large")

    def _shop_of(self, step: int, folder: str) -> Facts:
        size = SIZES[min(max(SIZES.index(self.size) + step, 0), len(SIZES) - 1)]
        return self.prepared("setting:made", folder=str(self.folder / folder), tables=None, size=size)

    @cached_property
    def built(self) -> Facts:
        """The whole lake built, with every statement that the build ran."""
        return self.prepared("stages.tax:capture", raw=self.shop["lake"], folder=str(self.folder / "built"))


def plan(size: str) -> Any:
    from shoplake.generate.command import plan_of

    return plan_of({}, size, str(SEED))


def made(a: Facts) -> Callable[[], Facts]:
    """Make a lake's raw tables with all realism on."""
    from shoplake.generate.options import TABLES
    from shoplake.generate.run import generate
    from shoplake.lake.layout import Lake

    lake = Lake(Path(a["folder"]) / "lake")

    def timed() -> Facts:
        done = generate(lake, plan(a["size"]), a.get("tables") or list(TABLES), a["threads"], None, a["threads"])
        return {"lake": str(lake.root), "bytes": sum(d.bytes for d in done), "rows": sum(d.rows for d in done)}

    return timed


def fresh_lake(raw: str, folder: str) -> Path:
    """A lake of its own with the raw files of another, linked and not copied."""
    root = Path(folder) / "lake"
    for path in Path(raw).rglob("*"):
        to = root / path.relative_to(raw)
        if path.is_dir():
            to.mkdir(parents=True, exist_ok=True)
        elif path.relative_to(raw).parts[0] == "raw" or path.parent == Path(raw):
            to.parent.mkdir(parents=True, exist_ok=True)
            os.link(path, to)
    return root


def session(root: Path, threads: int) -> Any:
    from shoplake.settings import resolve

    return resolve({"lake": str(root), "threads": str(threads), "memory": MEMORY})


def end_spark() -> None:
    """End the JVM and wait for it, so that what it used is counted as this process's and not as that of others."""
    from pyspark import SparkContext

    gateway = SparkContext._gateway
    assert gateway is not None, "a Spark was started here"
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait()


def database_of(lake: Any) -> Path:
    """The file of core and marts of the published generation."""
    from shoplake.lake.manifest import read_manifest

    database = read_manifest(lake).database
    assert database is not None, "the embedded engine publishes one"
    return Path(lake.root) / database.path


def connect(threads: int, folder: str, database: str = ":memory:", **more: Any) -> Any:
    """A bare DuckDB connection with our threads and memory."""
    import duckdb

    return duckdb.connect(database, config={"threads": threads, "memory_limit": MEMORY, "preserve_insertion_order": False,
                          "temp_directory": f"{folder}/duckdb", **more}, **({"read_only": True} if database != ":memory:" else {}))  # fmt: skip


def tpchgen(kind: str, target_bytes: int, threads: int, folder: str, *, all_tables: bool) -> Callable[[], int]:
    """What makes about that many bytes of TPC-H with tpchgen-cli; gives the bytes on disk."""
    command = shutil.which("tpchgen-cli", path=str(Path(sys.executable).parent)) or "tpchgen-cli"
    scale = target_bytes / (ALL_BYTES if all_tables else LINEITEM_BYTES)
    words = [
        command,
        kind,
        "-s",
        f"{scale:.6f}",
        "-o",
        folder,
        "--num-threads",
        str(threads),
        *([] if all_tables else ["-T", "lineitem"]),
    ]

    def timed() -> int:
        os.makedirs(folder, exist_ok=True)
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
        return sum(p.stat().st_size for p in Path(folder).glob(f"*.{kind}"))

    return timed
