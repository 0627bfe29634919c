"""Tables that are folders of Parquet files: <layer>/<table>/g=N/[day=D/]part-*.parquet, as a manifest names them."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow.parquet as pq

from shoplake.lake.layout import fsync
from shoplake.lake.manifest import DataFile, sha256_of

# The partition's value (None: the table has no partitions) -> its files, by their path from the lake's root.
FilesByDay = dict[str | None, list[DataFile]]


def data_files(root: Path, folder: Path, partition: str | None) -> FilesByDay:
    """The files with rows that a folder holds."""
    found: FilesByDay = {}
    pattern = f"{partition}=*/*.parquet" if partition else "*.parquet"
    paths = sorted(folder.glob(pattern))
    with ThreadPoolExecutor(4) as pool:
        for path, file in zip(paths, pool.map(lambda p: _data_file(root, p), paths), strict=True):
            if file.rows:
                day = path.parent.name.partition("=")[2] if partition else None
                found.setdefault(day, []).append(file)
            else:
                path.unlink()  # an engine writes a file without rows so that a reader finds the columns; a manifest need not
    return found


def _data_file(root: Path, path: Path) -> DataFile:
    return DataFile(
        path.relative_to(root).as_posix(), pq.read_metadata(path).num_rows, path.stat().st_size, sha256_of(path)
    )


def paths_of(root: Path, files: FilesByDay) -> list[str]:
    """The folders to read. Under g=N lies what one generation wrote and nothing else, so a folder stands for its files."""
    return sorted({str((root / f.path).parent) for some in files.values() for f in some})


def by_day(partition: str | None, files: list[DataFile]) -> FilesByDay:
    """A manifest's list of a table's files, by partition."""
    found: FilesByDay = {}
    for file in files:
        folder = file.path.split("/")[-2]
        found.setdefault(folder.partition("=")[2] if partition else None, []).append(file)
    return found


def fsync_all(root: Path, files: list[DataFile]) -> None:
    """Files and their folders survive a power cut. Many at a time: a busy disk answers sixteen as soon as one."""
    paths = {root / f.path for f in files}
    folders = {parent for p in paths for parent in (p.parent, p.parent.parent, p.parent.parent.parent)}
    with ThreadPoolExecutor(16) as pool:
        for _ in pool.map(fsync, [*paths, *folders]):
            pass
