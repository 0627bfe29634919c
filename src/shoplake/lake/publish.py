"""The pointer readers follow, and what may be forgotten. Publication is one atomic replace of CURRENT.

A new generation never takes the name of an old file: a process that holds the old one would be served stale figures
without an error. So names carry the generation, and `published.duckdb` is a link that is swapped.
"""

import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock
import msgspec

from shoplake.errors import Held, Lacking
from shoplake.lake.files import fsync
from shoplake.lake.layout import Lake, write_atomically
from shoplake.lake.manifest import (
    Manifest,
    current_generation,
    database_path,
    kept_generations,
    manifest_path,
    read_manifest,
)

KEPT = 7
KEPT_AT_LEAST = 2
YOUNG_SECONDS = 3600
GENERATION = ("g=", "g-", "ds=")  # how folders begin that a build makes in a table's
TABLES_OF_FILES = ("clean", "rejected", "core", "marts", "ledger")

# Named points at which the tests kill a build; SHOPLAKE_KILL_AT=<point> does it from outside.
KillPoint = Callable[[str], None]


def kill_point(name: str) -> None:
    """Die here, at once and uncleanly, when SHOPLAKE_KILL_AT says so: NAME, or NAME:3 for the third time. Costs a dictionary look-up otherwise."""
    asked = os.environ.get("SHOPLAKE_KILL_AT")
    if asked and asked.partition(":")[0] == name:
        _passed[name] += 1
        if _passed[name] == int(asked.partition(":")[2] or 1):
            os.kill(os.getpid(), 9)


_passed: Counter[str] = Counter()


@contextmanager
def locked(lake: Lake, wait_seconds: float = 0) -> Iterator[None]:
    """Hold the lake's lock: one writer at a time. Does not work on NFS.

    Raises Held, saying which process holds it, when it is not free within wait_seconds.
    """
    if lake.hdfs:
        with lake.hdfs.locked(wait_seconds):
            yield
        return
    lock = filelock.FileLock(str(lake.lock_file))
    holder = lake.lock_file.with_name("LOCK.holder")
    try:
        lock.acquire(timeout=wait_seconds)
    except filelock.Timeout:
        who = holder.read_text().strip() if holder.exists() else "unknown"
        raise Held(
            f"{lake.lock_file}: held by process {who}. Wait until it has ended, or use --wait SECONDS."
        ) from None
    except OSError as e:
        raise Lacking(
            f"{lake.lock_file}: cannot be locked ({e.strerror}). Give this user the right to write in the lake."
        ) from e
    try:
        holder.write_text(f"{os.getpid()}\n")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def next_generation(lake: Lake) -> int:
    """One more than any that is or was there, so that no name is ever used twice."""
    numbers = [
        int(p.stem.removeprefix("gen-"))
        for p in lake.generations.glob("gen-*.*")
        if p.stem.removeprefix("gen-").isdigit()
    ]
    return max([*numbers, current_generation(lake) or 0], default=0) + 1


def publish(lake: Lake, manifest: Manifest) -> None:
    """Write the manifest, then move CURRENT. Before the move readers see the old generation, after it the new one, whole."""
    path = manifest_path(lake, manifest.generation)
    write_atomically(path, msgspec.json.format(msgspec.json.encode(manifest), indent=1))
    lake.files.share(lake.name_of(path))
    kill_point("before_current")
    point_to(lake, manifest.generation)
    kill_point("after_current")


def point_to(lake: Lake, generation: int) -> None:
    """CURRENT and the link for other tools name this generation from now on."""
    write_atomically(lake.current_file, f"gen-{generation:06d}\n")
    lake.files.share(lake.name_of(lake.current_file))
    relink(lake)


def relink(lake: Lake) -> None:
    """Make published.duckdb a link to the published file. A kill between CURRENT and the link is healed by the next run."""
    number = current_generation(lake)
    if number is None or lake.engine:
        return
    target = Path("gen") / database_path(lake, number).name
    if lake.published_link.is_symlink() and Path(os.readlink(lake.published_link)) == target:
        return
    temporary = lake.published_link.with_name(f".published.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    try:
        temporary.symlink_to(target)
        os.replace(temporary, lake.published_link)
    except OSError:
        # Windows without the right to make links: `shoplake show path` tells the file.
        temporary.unlink(missing_ok=True)
    fsync(lake.root)


def sweep(lake: Lake, keep: int = KEPT) -> list[str]:
    """Forget what no kept generation names: older generations, clean folders, ref files, what a killed run left behind.

    Keeps `keep` generations, never fewer than two, never one younger than an hour while no more than 20 lie there.
    Only the holder of the lock may call it. Returns what was removed.
    """
    lake.files.remove(lake.name_of(lake.scratch))
    numbers = kept_generations(lake)
    published = current_generation(lake)
    recent = set(numbers[-max(keep, KEPT_AT_LEAST) :]) | ({published} if published else set())
    now = time.time()  # the age of a file, never a value in one
    old = [
        n
        for n in numbers
        if n not in recent and (now - manifest_path(lake, n).stat().st_mtime > YOUNG_SECONDS or len(numbers) > 20)
    ]
    removed = []
    for number in old:
        # The manifest goes first: a generation without one is no generation.
        lake.files.remove(lake.name_of(manifest_path(lake, number)))
        kill_point("in_sweep")
        database_path(lake, number).unlink(missing_ok=True)
        removed.append(f"gen-{number:06d}")
    named = {f.path for n in kept_generations(lake) for f in read_manifest(lake, n).files()}
    if lake.engine:
        return removed + _sweep_files(lake, named)
    for path in [*lake.generations.glob("gen-*.duckdb*"), *lake.ref.glob("*.parquet")]:
        if path.relative_to(lake.root).as_posix() not in named:
            path.unlink(missing_ok=True)
            removed.append(path.name)
    folders = {str(Path(p).parent) for p in named}
    for base in (lake.clean, lake.rejected):
        for folder in base.glob("*/ds=*/b=*"):
            if folder.relative_to(lake.root).as_posix() not in folders:
                shutil.rmtree(folder)
                removed.append(folder.relative_to(lake.root).as_posix())
    return removed


def _sweep_files(lake: Lake, named: set[str]) -> list[str]:
    """Where tables are folders of files: all of what builds made that no kept generation names, the widest folder of it at once."""
    kept = {path[:i] for path in named for i, c in enumerate(path) if c == "/"}
    layers = lake.files.entries(f"{lake.name_of(lake.home)}/{layer}" for layer in TABLES_OF_FILES)
    # What lies beside these a person put there.
    found = [e for e in lake.files.entries(e.path for e in layers if e.bytes is None) if e.path.rpartition("/")[2].startswith(GENERATION)]
    found += [e for e in lake.files.entries([lake.name_of(lake.ref)]) if e.path.endswith(".parquet")]
    removed = []
    while found:
        removed += [e.path for e in found if e.path not in kept and e.path not in named]
        found = lake.files.entries(e.path for e in found if e.path in kept)
    for path in removed:
        lake.files.remove(path)
    return removed
