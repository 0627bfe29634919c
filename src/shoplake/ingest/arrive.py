"""A file arriving at a lake: checked, copied into a private folder, hashed; and failing disks in words."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shoplake.errors import Held, WrongUse
from shoplake.ingest.text import shown
from shoplake.lake.layout import Lake


def name_of(path: Path) -> str:
    """How messages and receipts call a file; a name that is not UTF-8 can be printed too."""
    return shown(os.fsencode(path))


def check_readable(path: Path) -> None:
    """Raises WrongUse for a folder, a missing file and one that may not be read."""
    name = name_of(path)
    if path.is_dir():
        raise WrongUse(f"{name}: a folder, expected a file. Name the files in it, for example {name}/*.csv.")
    try:
        with open(path, "rb"):
            pass
    except FileNotFoundError:
        raise WrongUse(f"{name}: no such file. Check the name, and the folder you are in.") from None
    except OSError as e:
        raise WrongUse(f"{name}: cannot be read ({e.strerror}). Give this user the right to read it.") from e


@contextmanager
def incoming(lake: Lake) -> Iterator[Path]:
    """A private folder inside landed/, one ingest at a time. Raises Held while another is at work.

    Inside landed/, because there finished files are moved, not copied. Not lake.scratch: a build may sweep that while
    it holds the lake's lock, which an ingest does not need.
    """
    from filelock import FileLock, Timeout

    lake.landed.mkdir(parents=True, exist_ok=True)
    try:
        lock = FileLock(lake.landed / ".lock").acquire(timeout=0)
    except Timeout:
        raise Held(
            f"{lake.place}: another `shoplake ingest` is at work here. Wait for it to end, then run this again."
        ) from None
    with lock:
        folder = lake.landed / ".incoming"
        shutil.rmtree(folder, ignore_errors=True)  # left by a killed run: none is at work now
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def copy(path: Path, target: Path) -> tuple[str, int]:
    """Copy a file; its SHA-256 and bytes.

    Copied first and read afterwards: what is hashed, kept and read is then the same, even while the file still grows.
    """
    digest, size = hashlib.sha256(), 0
    with open(path, "rb") as f, open(target, "wb") as t:
        while True:
            try:
                block = f.read(1 << 20)
            except OSError as e:
                raise WrongUse(
                    f"{name_of(path)}: cannot be read beyond byte {size:,} ({e.strerror}). Fetch the file again."
                ) from e
            if not block:
                break
            digest.update(block)
            size += len(block)
            t.write(block)
        t.flush()
        os.fsync(t.fileno())
    return digest.hexdigest(), size
