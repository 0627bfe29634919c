"""The files a stream lands in, and what their names say.

landed/stream/<topic>@<id>/<partition>/<topic>-<partition>-<first>-<last>.<kind>

`id` is the topic's own in its cluster: a topic that was deleted and made anew counts its offsets from 0 again, and gets a folder of its own.
A file covers every offset from `first` to `last`, and the next file begins at last + 1: where a partition goes on is told by its
names, never by what was committed. Kinds:

tsv      a line a record: offset, Kafka timestamp in ms, ds, value; of one that cannot be landed `!reason` stands for ds, and the
         value in base64. Offsets without a line held no event: marks of transactions, records of aborted ones.
lost     these offsets were deleted by the topic's retention before they were read, and a person accepted that
before   these were deleted before the first landing began
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from shoplake.errors import Held, WrongUse
from shoplake.lake.files import fsync
from shoplake.lake.layout import Lake

KINDS = ("tsv", "lost", "before")
_NAME = re.compile(r"(?P<topic>.+)-(?P<partition>\d+)-(?P<first>\d{20})-(?P<last>\d{20})\.(?P<kind>tsv|lost|before)")
# Seconds to wait for another lander that is just putting a file in its place.
PATIENCE = 60.0


@dataclass(frozen=True, order=True)
class Landed:
    """A file, by its name."""

    first: int
    last: int
    kind: str
    path: Path

    @property
    def offsets(self) -> int:
        return self.last - self.first + 1


def parse(path: Path) -> Landed | None:
    """What a file's name says; None for another file."""
    found = _NAME.fullmatch(path.name)
    return Landed(int(found["first"]), int(found["last"]), found["kind"], path) if found else None


def topics_folder(lake: Lake) -> Path:
    return lake.landed / "stream"


def landings(lake: Lake) -> list["Landing"]:
    """Every topic that was landed here."""
    found = []
    for folder in sorted(topics_folder(lake).glob("*@*")):
        topic, _, topic_id = folder.name.rpartition("@")
        found.append(Landing(lake, topic, topic_id))
    return found


class Landing:
    """The landed files of one topic."""

    def __init__(self, lake: Lake, topic: str, topic_id: str) -> None:
        self.lake, self.topic, self.id = lake, topic, topic_id
        self.name = f"{topic}@{topic_id}"
        self.folder = topics_folder(lake) / self.name

    def partitions(self) -> list[int]:
        return sorted(int(p.name) for p in self.folder.glob("*") if p.name.isdigit())

    def place(self, partition: int) -> Path:
        return self.folder / str(partition)

    def path(self, partition: int, first: int, last: int, kind: str = "tsv") -> Path:
        return self.place(partition) / f"{self.topic}-{partition}-{first:020}-{last:020}.{kind}"

    def files(self, partition: int) -> list[Landed]:
        """All files of a partition, by their first offset; of two that begin alike the longer first."""
        try:
            names = os.listdir(self.place(partition))
        except FileNotFoundError:
            return []
        found = [one for name in names if (one := parse(self.place(partition) / name))]
        return sorted(found, key=lambda f: (f.first, -f.last))

    def whole(self, partition: int) -> list[Landed]:
        """The files that count, end to end. One that lies wholly inside another was merged into it, and is left over from a kill.

        Raises WrongUse where two overlap in another way, or offsets are missing between them.
        """
        found, wrong = self._end_to_end(partition)
        if wrong:  # a folder that is read while files are renamed in it may show the later one alone
            found, wrong = self._end_to_end(partition)
        if wrong:
            raise WrongUse(f"{self.place(partition)}: {wrong}. Look at it with `shoplake stream audit`.")
        return found

    def _end_to_end(self, partition: int) -> tuple[list[Landed], str]:
        found: list[Landed] = []
        for one in self.files(partition):
            if found and one.last <= found[-1].last:
                continue
            if found and one.first != found[-1].last + 1:
                what = "overlap" if one.first <= found[-1].last else f"offsets {found[-1].last + 1} to {one.first - 1} are missing"
                return found, f"{found[-1].path.name} and {one.path.name}: {what}"
            found.append(one)
        return found, ""

    def next_offset(self, partition: int) -> int | None:
        """Where landing goes on; None for a partition that was never landed."""
        return max((f.last for f in self.files(partition)), default=-1) + 1 or None

    @contextmanager
    def publishing(self, partition: int) -> Iterator[None]:
        """One lander at a time puts files of a partition in place. Raises Held when another one does not get done."""
        self.place(partition).mkdir(parents=True, exist_ok=True)
        try:
            lock = FileLock(self.place(partition) / ".lock").acquire(timeout=PATIENCE)
        except Timeout:
            raise Held(
                f"{self.place(partition)}: another lander has been putting a file there for {PATIENCE:.0f} s; it may be stopped. End it, and start this one again."
            ) from None
        with lock:
            yield

    def settle(self, partition: int) -> None:
        """What was renamed there survives a power cut."""
        fsync(self.place(partition))
