"""Tables that are folders of Parquet files: <layer>/<table>/g=N/[day=D/]part-*.parquet, as a manifest names them."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from shoplake.lake.layout import fsync
from shoplake.lake.manifest import DataFile, sha256_of

# The partition's value (None: the table has no partitions) -> its files, by their path from the lake's root.
FilesByDay = dict[str | None, list[DataFile]]


def data_files(root: Path, folder: Path, partition: str | None) -> FilesByDay:
    """The files with rows that a folder holds."""
    found: FilesByDay = {}
    # Engines name files in their own ways; what begins with _ or . is no data in any of them.
    paths = sorted(p for p in folder.glob(f"{partition}=*/[!_.]*" if partition else "[!_.]*") if p.is_file())
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


def folders_of(root: Path, files: FilesByDay) -> dict[str | None, str]:
    """The folder of each partition. Under g=N lies what one generation wrote and nothing else, so a folder stands for its files."""
    return {day: str((root / some[0].path).parent) for day, some in files.items() if some}


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


def stored(root: Path, folder: Path, rows: pa.Table) -> FilesByDay:
    """A small table, written here."""
    folder.mkdir(parents=True)
    pq.write_table(rows, folder / "part-0.parquet", compression="zstd")
    return data_files(root, folder, None)


def finished(root: Path, tables: dict[str, FilesByDay]) -> dict[str, list[DataFile]]:
    """The files of core, marts and ledger as a manifest names them, all on disk."""
    found = {
        name: [f for _, files in sorted(days.items(), key=lambda d: str(d[0])) for f in files]
        for name, days in tables.items()
        if not name.startswith(("clean.", "rejected."))
    }
    fsync_all(root, [f for files in found.values() for f in files])
    return found
