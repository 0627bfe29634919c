"""Tables that are folders of Parquet files: <layer>/<table>/g=N/[day=D/]part-*.parquet, as a manifest names them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from shoplake.lake.files import Entry, sha256_of_open
from shoplake.lake.layout import Lake
from shoplake.lake.manifest import DataFile

# The partition's value (None: the table has no partitions) -> its files, by their path from the lake's root.
FilesByDay = dict[str | None, list[DataFile]]


def data_files(lake: Lake, folder: Path, partition: str | None) -> FilesByDay:
    """The files with rows that a folder holds."""
    found: FilesByDay = {}
    with ThreadPoolExecutor(4) as pool:
        for file in pool.map(lambda e: _data_file(lake, e), sorted(_visible(lake, lake.name_of(folder)))):
            if file.rows:
                day = file.path.split("/")[-2].partition("=")[2] if partition else None
                found.setdefault(day, []).append(file)
            else:
                lake.files.remove(file.path)  # an engine writes a file without rows so that a reader finds the columns; a manifest need not
    return found


def _visible(lake: Lake, folder: str) -> Iterator[Entry]:
    """Files below a folder. Engines name files in their own ways; what begins with _ or . is no data in any of them, and may be
    taken away at any time."""
    folders = [folder]
    while folders:
        found = [e for e in lake.files.entries(folders) if e.path.rpartition("/")[2][0] not in "_."]
        folders = [e.path for e in found if e.bytes is None]
        yield from (e for e in found if e.bytes is not None)


def _data_file(lake: Lake, one: Entry) -> DataFile:
    with lake.files.open(one.path) as f:
        rows = pq.read_metadata(f).num_rows
        f.seek(0)
        return DataFile(one.path, rows, one.bytes or 0, sha256_of_open(f))


def folders_of(lake: Lake, files: FilesByDay) -> dict[str | None, str]:
    """The folder of each partition, as engines call it. Under g=N lies what one generation wrote and nothing else, so a folder
    stands for its files."""
    return {day: lake.files.address(some[0].path.rpartition("/")[0]) for day, some in files.items() if some}


def by_day(partition: str | None, files: list[DataFile]) -> FilesByDay:
    """A manifest's list of a table's files, by partition."""
    found: FilesByDay = {}
    for file in files:
        folder = file.path.split("/")[-2]
        found.setdefault(folder.partition("=")[2] if partition else None, []).append(file)
    return found


def stored(lake: Lake, folder: Path, rows: pa.Table) -> FilesByDay:
    """A small table, written here."""
    folder.mkdir(parents=True)
    pq.write_table(rows, folder / "part-0.parquet", compression="zstd")
    lake.files.share(lake.name_of(folder / "part-0.parquet"))
    return data_files(lake, folder, None)


def finished(lake: Lake, tables: dict[str, FilesByDay]) -> dict[str, list[DataFile]]:
    """The files of core, marts and ledger as a manifest names them, all on disk."""
    found = {
        name: [f for _, files in sorted(days.items(), key=lambda d: str(d[0])) for f in files]
        for name, days in tables.items()
        if not name.startswith(("clean.", "rejected."))
    }
    lake.files.settle(f.path for files in found.values() for f in files)
    return found
