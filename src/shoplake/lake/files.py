"""Where a lake's files lie: a folder of this machine, or HDFS (hdfs.py). Paths are those of manifests, from the lake's root.

What Python writes goes into the lake's root first. On this machine that is the place itself; elsewhere `share` brings it there.
"""

import hashlib
import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple


class Entry(NamedTuple):
    """What lies in a folder."""

    path: str
    bytes: int | None  # None: a folder


class Files(ABC):
    """What a build and a reader do with the files of a lake."""

    root: Path  # on this machine; see the top

    @abstractmethod
    def address(self, path: str) -> str:
        """How engines call a file or folder."""

    @abstractmethod
    def entries(self, folders: Iterable[str]) -> list[Entry]:
        """What lies in these folders, in order. A folder that is not there is empty."""

    @abstractmethod
    def sizes(self, paths: list[str]) -> list[int | None]:
        """Bytes of each file; None for one that is not there."""

    @abstractmethod
    def open(self, path: str) -> AbstractContextManager[BinaryIO]:
        """A file, to be read. Raises FileNotFoundError."""

    @abstractmethod
    def remove(self, path: str) -> None:
        """Take away a file, or a folder with all that is in it. One that is not there is no error."""

    @abstractmethod
    def rename(self, path: str, into: str) -> None:
        """Put a file in another place, in one step; what was there is replaced. The folder is made."""

    @abstractmethod
    def settle(self, paths: Iterable[str]) -> None:
        """These files and their folders survive a power cut."""

    def share(self, path: str) -> None:
        """A file that Python wrote under the lake's root is where the lake lies, whole or not at all."""
        return

    def register(self, connection: Any) -> None:
        """Let a DuckDB connection read what `address` names."""
        return

    def below(self, folder: str) -> Iterator[Entry]:
        """Every file below a folder."""
        folders = [folder]
        while folders:
            found = self.entries(folders)
            folders = [e.path for e in found if e.bytes is None]
            yield from (e for e in found if e.bytes is not None)

    def sha256(self, path: str) -> str:
        """Raises FileNotFoundError."""
        with self.open(path) as f:
            return sha256_of_open(f)


def sha256_of_open(file: Any) -> str:
    """Of what a file holds from here on."""
    return hashlib.file_digest(file, "sha256").hexdigest()


class LocalFiles(Files):
    """A folder of this machine."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def address(self, path: str) -> str:
        return str((self.root / path).absolute())

    def entries(self, folders: Iterable[str]) -> list[Entry]:
        found = []
        for folder in folders:
            # Engines tidy up behind us: what is gone between one look and the next is not there.
            with suppress(FileNotFoundError, NotADirectoryError), os.scandir(self.root / folder) as names:
                for one in sorted(names, key=lambda n: n.name):
                    with suppress(FileNotFoundError):
                        is_folder = one.is_dir(follow_symlinks=False)
                        found.append(Entry(f"{folder}/{one.name}", None if is_folder else one.stat(follow_symlinks=False).st_size))
        return found

    def sizes(self, paths: list[str]) -> list[int | None]:
        return [p.stat().st_size if p.exists() else None for p in (self.root / path for path in paths)]

    def open(self, path: str) -> AbstractContextManager[BinaryIO]:
        return open(self.root / path, "rb")

    def remove(self, path: str) -> None:
        there = self.root / path
        while there.is_dir() and not there.is_symlink():
            with suppress(FileNotFoundError):  # Hive takes its own staging folders away at the same time
                shutil.rmtree(there)
        there.unlink(missing_ok=True)

    def rename(self, path: str, into: str) -> None:
        (self.root / into).parent.mkdir(parents=True, exist_ok=True)
        os.replace(self.root / path, self.root / into)

    def settle(self, paths: Iterable[str]) -> None:
        """Many at a time: a busy disk answers sixteen as soon as one."""
        files = {self.root / path for path in paths}
        folders = {parent for p in files for parent in (p.parent, p.parent.parent, p.parent.parent.parent)}
        with ThreadPoolExecutor(16) as pool:
            for _ in pool.map(fsync, [*files, *folders]):
                pass


def fsync(path: Path) -> None:
    """Make what was written to this file, or renamed within this folder, survive a power cut.

    Where folders cannot be opened (Windows) the system does it.
    """
    try:
        fd = os.open(path, os.O_RDONLY)
    except (PermissionError, IsADirectoryError):
        return
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
