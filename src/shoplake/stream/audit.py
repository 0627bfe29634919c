"""Whether every offset of a topic is accounted for: in the landed files by their names and lines, in raw by the receipts, in the topic.

log records = landed + unlandable + lost; landed = rows of raw. Offsets without a record are marks of transactions.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from shoplake.errors import CheckFailed
from shoplake.lake.layout import Lake
from shoplake.lake.receipts import Receipt, read_receipts
from shoplake.stream.broker import Broker
from shoplake.stream.landed import Landed, Landing, landings
from shoplake.stream.split import WRITER, covered_by, lines_of

TRIES = 3


@dataclass
class Partition:
    """What was found of one partition. `end`: the offset behind the last that is covered."""

    topic: str
    partition: int
    begin: int
    end: int
    files: int
    landed: int = 0
    unlandable: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    before: int = 0
    without_event: int = 0
    split: int = 0  # records that a delivery holds
    log_begin: int | None = None
    log_end: int | None = None
    gaps: list[tuple[int, int]] = field(default_factory=list)
    overlaps: list[tuple[int, int]] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)

    @property
    def behind(self) -> int | None:
        """Offsets of the topic that are not landed yet; None when the topic was not asked."""
        return None if self.log_end is None else max(0, self.log_end - self.end)

    @property
    def is_whole(self) -> bool:
        return not (self.gaps or self.overlaps or self.damaged)

    def as_json(self) -> dict[str, Any]:
        return {
            **{k: v for k, v in vars(self).items() if k != "unlandable"}, "unlandable": dict(self.unlandable), "behind": self.behind, "is_whole": self.is_whole,
        }  # fmt: skip


@dataclass
class Audit:
    """`differs`: deliveries in raw that hold another number of records than the landed files they were made of."""

    partitions: list[Partition]
    differs: list[str]

    @property
    def is_whole(self) -> bool:
        return not self.differs and all(p.is_whole for p in self.partitions)


def audit(lake: Lake, broker: Broker | None = None) -> Audit:
    """Every partition of every landed topic; with a broker also what the topic holds now. Reads every landed line."""
    found, differs = [], []
    for landing in landings(lake):
        receipts = read_receipts(lake)  # once: a split may be at work
        done = covered_by(receipts, landing)
        mine = [_looked_at(landing, p, done.get(p, [])) for p in landing.partitions()]
        if broker is not None:
            _ask(broker, landing, mine)
        landed, raw = sum(p.split for p in mine), _raw_records(receipts, landing)
        if landed != raw:
            differs.append(f"{landing.name}: the landed files that deliveries cover hold {landed:,} records, raw has {raw:,} of them")
        found += mine
    return Audit(found, differs)


def _looked_at(landing: Landing, partition: int, done: list[tuple[int, int]]) -> Partition:
    """Once more when a file has gone meanwhile: a split has merged it into a larger one."""
    for _ in range(TRIES):
        try:
            return _partition(landing, partition, done)
        except FileNotFoundError:
            continue
    return _partition(landing, partition, done)


def _partition(landing: Landing, partition: int, done: list[tuple[int, int]]) -> Partition:
    files = landing.files(partition)
    one = Partition(landing.name, partition, files[0].first if files else 0, 0, len(files))
    one.end = one.begin
    outer: Landed | None = None  # the file that reaches furthest so far
    for file in files:
        if outer is not None and file.last <= outer.last:
            if not _is_part_of(file, outer):
                one.overlaps.append((file.first, file.last))
            continue
        if file.first > one.end:
            one.gaps.append((one.end, file.first - 1))
        elif file.first < one.end:
            one.overlaps.append((file.first, one.end - 1))
        _count(file, one, any(a <= file.first and file.last <= b for a, b in done))
        outer, one.end = file, file.last + 1
    return one


def _is_part_of(file: Landed, outer: Landed) -> bool:
    """Whether a file that lies inside a larger one says the same: left over from a split that was killed."""
    if file.kind != "tsv" or outer.kind != "tsv" or file.offsets == outer.offsets:
        return False
    try:
        within = [line for line in lines_of(outer) if file.first <= int(line.partition(b"\t")[0]) <= file.last]
        return within == list(lines_of(file))
    except CheckFailed:
        return False


def _count(file: Landed, one: Partition, is_split: bool) -> None:
    if file.kind == "lost":
        one.lost += file.offsets
        return
    if file.kind == "before":
        one.before += file.offsets
        return
    reasons: Counter[str] = Counter()
    records = 0
    try:
        for line in lines_of(file):
            records += 1
            ds = line.split(b"\t", 3)[2]
            if ds.startswith(b"!"):
                reasons[ds[1:].decode()] += 1
    except CheckFailed as e:
        one.damaged.append(str(e))
        return
    landed = records - sum(reasons.values())
    one.landed += landed
    one.unlandable += reasons
    one.without_event += file.offsets - records
    one.split += landed if is_split else 0


def _raw_records(receipts: list[Receipt], landing: Landing) -> int:
    return sum(f.rows for r in receipts if r.writer == WRITER and r.original == landing.name for f in r.files)


def _ask(broker: Broker, landing: Landing, found: list[Partition]) -> None:
    """The log's ends; partitions of the topic that were never landed are named, too."""
    from confluent_kafka import TopicPartition

    topic = broker.topics().get(landing.topic)
    if topic is None or (landing.id != "mock" and broker.topic_id(landing.topic) != landing.id):
        return  # it is no longer there, or was made anew: what was landed of it stands for itself
    known = {one.partition for one in found}
    found += [Partition(landing.name, p, 0, 0, 0) for p in sorted(topic.partitions) if p not in known]
    consumer = broker.consumer({"group.id": "shoplake-audit"})
    try:
        with broker.in_words():
            for one in found:
                one.log_begin, one.log_end = consumer.get_watermark_offsets(TopicPartition(landing.topic, one.partition), timeout=10)
                if one.partition not in known:
                    one.begin = one.end = one.log_begin
    finally:
        consumer.close()
