"""landed/stream to raw: the files of a stream become one more delivery, and the many small ones of a partition become one.

A pure step: what a delivery holds follows from the offsets that it covers. The receipt names them and is written last, so a run that
was killed has changed nothing and is done again.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from shoplake.contracts import Contracts
from shoplake.errors import CheckFailed
from shoplake.ingest import through
from shoplake.ingest.arrive import incoming
from shoplake.ingest.text import Stream, Window
from shoplake.ingest.write import RawTable, move
from shoplake.lake.files import fsync
from shoplake.lake.layout import Lake, disk_in_words
from shoplake.lake.publish import kill_point
from shoplake.lake.receipts import RawFile, Receipt, read_receipts, write_receipt
from shoplake.stream.landed import Landed, Landing, landings

WRITER = "stream"
# The table that a topic's events belong to.
TABLE = "clickstream"
OPEN = 100  # files at a time


@dataclass
class Split:
    """One delivery of a topic. `ranges`: the offsets it covers, by partition; `days`: records by ds."""

    topic: str
    receipt: str
    ranges: dict[int, list[list[int]]]
    files: int = 0
    records: int = 0
    odd: int = 0
    malformed: int = 0
    unlandable: Counter[str] = field(default_factory=Counter)
    days: dict[str, int] = field(default_factory=dict)


def split(lake: Lake, contracts: Contracts) -> list[Split]:
    """Bring all that was landed and is in no delivery yet into raw. Topics without anything new are left out.

    Raises CheckFailed for a landed file that is not what its name says, Held while an ingest is at work on this lake.
    """
    found = []
    for landing in landings(lake):
        with disk_in_words(lake, "What was landed is there, and is not raw yet"), incoming(lake) as folder:
            one = _Splitting(landing, contracts, folder).run()
        if one is not None:
            found.append(one)
    return found


def covered(lake: Lake, landing: Landing) -> dict[int, list[tuple[int, int]]]:
    """The offsets that deliveries hold already, by partition."""
    return covered_by(read_receipts(lake), landing)


def covered_by(receipts: list[Receipt], landing: Landing) -> dict[int, list[tuple[int, int]]]:
    found: dict[int, list[tuple[int, int]]] = {}
    for receipt in receipts:
        ranges = receipt.notes.get("offsets")
        if receipt.writer == WRITER and receipt.original == landing.name and isinstance(ranges, dict):
            for partition, pairs in ranges.items():
                found.setdefault(int(partition), []).extend((int(a), int(b)) for a, b in pairs)
    return {p: sorted(pairs) for p, pairs in found.items()}


class _Splitting:
    def __init__(self, landing: Landing, contracts: Contracts, folder: Path) -> None:
        self.landing, self.lake, self.contracts, self.folder = landing, landing.lake, contracts, folder
        self.values: dict[str, BinaryIO] = {}  # by ds
        self.counts: Counter[str] = Counter()

    def run(self) -> Split | None:
        runs = self._runs()
        if not runs:
            return None
        ranges = {p: [[run[0].first, run[-1].last] for run in found] for p, found in runs.items()}
        name = f"stream-{self.landing.topic}-{_digest(self.landing.name, ranges)}"
        made = Split(self.landing.topic, name, ranges, sum(len(run) for found in runs.values() for run in found))
        self._sweep()
        landed = dict(self._merge(partition, run, made) for partition, found in runs.items() for run in found)
        kill_point("after_merge")
        self._close_values()
        files = [raw for ds in sorted(made.days) for raw in self._raw(ds, name, made)]
        for source, raw in files:
            move(source, self.lake.root / raw.path)
        kill_point("before_receipt")
        notes = {"offsets": {str(p): pairs for p, pairs in ranges.items()}, "unlandable": dict(made.unlandable), "records": made.records, "landed": landed}
        original = hashlib.sha256("".join(landed.values()).encode()).hexdigest()
        write_receipt(self.lake, Receipt(name, WRITER, "shoplake", self.landing.name, original, [raw for _, raw in files], notes))
        kill_point("after_receipt")
        self._drop_merged()
        return made

    def _runs(self) -> dict[int, list[list[Landed]]]:
        """What no delivery holds, by partition: files in a row, each row to become one file."""
        done = covered(self.lake, self.landing)
        found: dict[int, list[list[Landed]]] = {}
        for partition in self.landing.partitions():
            rows: list[list[Landed]] = []
            for one in self.landing.whole(partition):
                if one.kind != "tsv" or any(a <= one.first and one.last <= b for a, b in done.get(partition, ())):
                    continue
                if rows and rows[-1][-1].last + 1 == one.first:
                    rows[-1].append(one)
                else:
                    rows.append([one])
            if rows:
                found[partition] = rows
        return found

    def _merge(self, partition: int, run: list[Landed], made: Split) -> tuple[str, str]:
        """One file of many, its values set aside by day; its name in the lake, and its SHA-256."""
        whole = self.folder / f"merged-{partition}"
        digest = hashlib.sha256()
        with open(whole, "wb") as target:
            for one in run:
                for line in lines_of(one):
                    digest.update(line)
                    target.write(line)
                    self._set_aside(line, made)
            target.flush()
            os.fsync(target.fileno())
        target_path = self.landing.path(partition, run[0].first, run[-1].last)
        if len(run) > 1:
            with self.landing.publishing(partition):
                os.rename(whole, target_path)
                self.landing.settle(partition)
        return self.lake.name_of(target_path), digest.hexdigest()

    def _set_aside(self, line: bytes, made: Split) -> None:
        _, _, ds, value = line.split(b"\t", 3)
        day = ds.decode()
        if day.startswith("!"):
            made.unlandable[day[1:]] += 1
            return
        self._file_of(day).write(value)
        made.days[day] = made.days.get(day, 0) + 1
        made.records += 1

    def _file_of(self, day: str) -> BinaryIO:
        """Where a day's values go. A replay of years has more days than a process may have open files."""
        if day not in self.values:
            if len(self.values) == OPEN:
                self._close_values()
            path = self.folder / f"values-{day}"
            is_new = not path.exists()
            self.values[day] = open(path, "ab")  # noqa: SIM115 (closed when all are written)
            if is_new:
                self.values[day].write(b"\n")  # so that no value's first bytes are taken for another kind of file
        return self.values[day]

    def _close_values(self) -> None:
        for file in self.values.values():
            file.close()
        self.values.clear()

    def _raw(self, ds: str, name: str, made: Split) -> list[tuple[Path, RawFile]]:
        """The raw files of a day: plain and odd, as for any other delivery."""
        folder = self.folder / ds
        folder.mkdir()
        table = RawTable(TABLE, self.contracts.table(f"raw.{TABLE}").names, "jsonl", folder)
        try:
            counts = through.jsonl(Window(Stream(self.folder / f"values-{ds}", self.landing.name)), table.columns, table, None, [])
            if not counts.rows == table.rows == made.days[ds]:
                raise CheckFailed(f"{self.landing.name}, ds={ds}: {made.days[ds]:,} records were landed, {table.rows:,} reached raw. Nothing was published; this is a fault in shoplake.")
            made.odd += table.odd_rows
            made.malformed += table.malformed
            return table.close(self.lake, ds, name)
        finally:
            table.abandon()

    def _sweep(self) -> None:
        """Raw files of a run that was killed before its receipt: nothing names them."""
        named = {f.path for r in read_receipts(self.lake) for f in r.files}
        for path in (self.lake.raw / TABLE).glob(f"ds=*/*-stream-{self.landing.topic}-*"):
            if self.lake.name_of(path) not in named:
                path.unlink()

    def _drop_merged(self) -> None:
        """The small files that lie inside a larger one now."""
        for partition in self.landing.partitions():
            with self.landing.publishing(partition):
                whole = set(self.landing.whole(partition))
                for one in self.landing.files(partition):
                    if one not in whole:
                        one.path.unlink()
                        kill_point("in_drop")
                fsync(self.landing.place(partition))


def lines_of(one: Landed) -> Iterator[bytes]:
    """The lines of a landed file. Raises CheckFailed for one that is not what its name says."""
    last = one.first - 1
    with open(one.path, "rb") as file:
        for number, line in enumerate(file, 1):
            offset, tab, rest = line.partition(b"\t")
            if not (tab and offset.isdigit() and rest.count(b"\t") >= 2 and line.endswith(b"\n")):
                raise CheckFailed(f"{one.path}:{number}: not a whole line of offset, timestamp, ds and value. The file was damaged after it was written; {RESTORE}")
            if not last < int(offset) <= one.last:
                raise CheckFailed(f"{one.path}:{number}: offset {int(offset)}, expected one from {last + 1} to {one.last}. The file was changed after it was written; {RESTORE}")
            last = int(offset)
            yield line
    if last != one.last:
        raise CheckFailed(f"{one.path}: ends at offset {last}, its name says {one.last}. The file was cut; {RESTORE}")


RESTORE = "restore it, or delete it and all behind it of that partition, and consume again."


def _digest(name: str, ranges: dict[int, list[list[int]]]) -> str:
    return hashlib.sha256(f"{name} {sorted(ranges.items())}".encode()).hexdigest()[:12]
