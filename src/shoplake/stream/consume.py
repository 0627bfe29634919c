"""The lander: messages to files, each exactly once, whatever is killed.

A batch is written under a temporary name and synced, renamed to a name that says which offsets it covers, the folder is synced, and
only then is the position committed. The names decide where a partition goes on, so a commit that was lost or came too early changes
nothing. Two landers that both believe to own a partition (one was stopped and came back) put their files in place one at a time, and
the second lands only what the first did not.
"""

import os
import platform
import re
import secrets
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from shoplake.errors import CheckFailed, Lacking
from shoplake.lake.layout import disk_in_words
from shoplake.lake.publish import kill_point
from shoplake.stream.broker import Broker
from shoplake.stream.clock import now_ms
from shoplake.stream.landed import Landing
from shoplake.stream.letters import DeadLetters
from shoplake.stream.pulse import Pulse, lives
from shoplake.stream.records import line_of
from shoplake.stream.wire import LocalDays

# Seconds a question to the broker may take; and how long one call waits for messages, so that signals are heard.
PATIENCE = 15.0
SLICE = 0.2
# The default of a group's session: a lander that is gone for longer has lost its partitions.
GROUP = "shoplake-lander"
HOST = re.sub(r"[^A-Za-z0-9.-]", "_", platform.node()) or "here"
DAY_MS = 86_400_000
# Seconds after which one that was given no partition has nothing to wait for.
WITHOUT = 30.0


@dataclass(frozen=True)
class Options:
    """batch: messages in a batch at most; timeout: seconds a message waits at most; partitions: these, and no others join in; else the group
    shares them out."""

    batch: int = 1000
    timeout: float = 10.0
    until_end: bool = False
    duration: float | None = None
    accept_loss: bool = False
    group: str = GROUP
    partitions: tuple[int, ...] = ()
    settings: dict[str, str] = field(default_factory=dict)


class Line(NamedTuple):
    """A message as a line of a file. `ms`: its Kafka timestamp; `reason`: why it cannot be landed."""

    offset: int
    text: bytes
    ms: int = 0
    reason: str | None = None


@dataclass
class _Waiting:
    """Read and not yet landed, of one partition. `first`: where the file's name has to begin."""

    first: int
    lines: list[Line] = field(default_factory=list)


class Lander:
    """One consumer of a group that lands one topic."""

    def __init__(self, broker: Broker, landing: Landing, days: LocalDays, letters: DeadLetters, pulse: Pulse, options: Options) -> None:
        self.broker, self.landing, self.days, self.letters, self.pulse, self.options = broker, landing, days, letters, pulse, options
        self._next: dict[int, int] = {}  # of each partition that is ours
        self._waiting: dict[int, _Waiting] = {}
        self._read = 0  # messages that wait
        self._since = 0.0  # when the oldest of them was read
        self._at_end: set[int] = set()
        self._stopped = False
        self._failure: Exception | None = None

    def run(self, when_idle: Callable[[], None] = lambda: None) -> None:
        """Land until told to stop (a signal, the end of the topic, a duration); what was read is landed before.

        when_idle is called now and then, between batches.
        Raises Lacking for a disk that is full, a broker that refuses us, CheckFailed when offsets are gone that were never landed.
        """
        began = time.monotonic()
        consumer = self.broker.consumer({"group.id": self.options.group, **self.options.settings})
        before = {number: signal.signal(number, self._stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            self._join(consumer)
            while not self._is_done(began):
                self._turn(consumer)
                when_idle()
                self.pulse.beat(self._lag(consumer))
            self._land(consumer, list(self._waiting))
            self._raise_failure()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            self._waiting.clear()  # after a failure nothing is landed on the way out
            consumer.close()
        self.pulse.end(self._lag(None))

    def _join(self, consumer: Any) -> None:
        if self.options.partitions:
            consumer.assign([_place(self.landing.topic, p, self._begin(consumer, p)) for p in self.options.partitions])
        else:
            consumer.subscribe([self.landing.topic], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._lost)

    def _stop(self, *_: object) -> None:
        self._stopped = True

    def _is_done(self, began: float) -> bool:
        if self._stopped or self._failure:
            return True
        if self.options.duration is not None and time.monotonic() - began >= self.options.duration:
            return True
        if not self.options.until_end:
            return False
        if not self._next:  # the group has more members than the topic has partitions
            return time.monotonic() - began > WITHOUT
        return self._at_end >= set(self._next)

    def _turn(self, consumer: Any) -> None:
        """Read for a moment; land when the batch is full or has waited long enough."""
        room = self.options.batch - self._read
        left = self._since + self.options.timeout - time.monotonic() if self._read else SLICE
        for message in consumer.consume(num_messages=min(room, 10_000), timeout=max(0.0, min(SLICE, left))):
            if message.error() is None:
                self._take(message)
            else:
                self._hear(consumer, message)
        if self._read >= self.options.batch or (self._read and time.monotonic() >= self._since + self.options.timeout):
            self._land(consumer, list(self._waiting))

    def _take(self, message: Any) -> None:
        partition, offset = message.partition(), message.offset()
        expected = self._next.get(partition)
        if expected is None or offset < expected:  # of a partition that has just been taken from us
            return
        waiting = self._waiting.get(partition)
        if waiting is None:
            waiting = self._waiting[partition] = _Waiting(expected)
        line, ms, reason = line_of(message, self.days)
        waiting.lines.append(Line(offset, line, ms, reason))
        if reason:
            self.letters.send(message, reason)
        self._next[partition] = offset + 1
        self._at_end.discard(partition)
        if not self._read:
            self._since = time.monotonic()
        self._read += 1

    def _hear(self, consumer: Any, message: Any) -> None:
        """An event that is no message: the end of a partition, offsets that are gone, a fault."""
        error = message.error()
        name = error.name()
        if name == "_PARTITION_EOF":
            self._at_end.add(message.partition())
        elif name in ("_AUTO_OFFSET_RESET", "OFFSET_OUT_OF_RANGE"):
            self._land(consumer, [p for p in self._waiting if p == message.partition()])
            self._go_on_at(consumer, message.partition())
        elif error.fatal() or name in ("TOPIC_AUTHORIZATION_FAILED", "GROUP_AUTHORIZATION_FAILED", "_UNKNOWN_PARTITION", "_UNKNOWN_TOPIC"):
            raise Lacking(f"topic {self.landing.topic}: {error.str()}. What was landed stays; mend that, and run the same command again.")
        elif name not in self.pulse.troubles:  # librdkafka tries again by itself
            self.pulse.trouble(name, error.str())

    def _go_on_at(self, consumer: Any, partition: int) -> None:
        """Read a partition from where it can be read again. It has stopped, so there is nothing to seek in."""
        place = _place(self.landing.topic, partition, self._begin(consumer, partition))
        if self.options.partitions:
            consumer.assign([place if p == partition else _place(self.landing.topic, p, at) for p, at in self._next.items()])
        else:
            consumer.incremental_unassign([place])
            consumer.incremental_assign([place])

    # -- partitions come and go ------------------------------------------------------------------------------------

    def _assigned(self, consumer: Any, partitions: list[Any]) -> None:
        try:
            for one in partitions:
                one.offset = self._begin(consumer, one.partition)
            consumer.incremental_assign(partitions)
        except Exception as e:  # raised inside a callback it would end in librdkafka's own words
            self._failure = e

    def _begin(self, consumer: Any, partition: int) -> int:
        """Where a partition goes on. Raises CheckFailed when that is no longer, or not yet, in the topic."""
        with disk_in_words(self.landing.lake), self.landing.publishing(partition):
            with self.broker.in_words():  # asked under the lock: another lander may be landing what was written since
                low, high = consumer.get_watermark_offsets(_place(self.landing.topic, partition), timeout=PATIENCE)
            there = self.landing.next_offset(partition)
            if there is None and low > 0:
                self._cover(partition, 0, low - 1, "before")
            elif there is not None and there < low:
                if not self.options.accept_loss:
                    raise CheckFailed(
                        f"topic {self.landing.topic}, partition {partition}: offsets {there} to {low - 1} ({low - there:,}) were deleted before they were landed: its "
                        "retention is shorter than the lander was away. Nothing was skipped. To go on without them, add --accept-loss; they are then kept as lost."
                    )
                self._cover(partition, there, low - 1, "lost")
            elif there is not None and there > high:
                raise CheckFailed(
                    f"topic {self.landing.topic}, partition {partition}: it ends at offset {high}, and {there - high:,} more were landed from it before. Acknowledged "
                    f"events are gone from the broker, or this is another cluster. To land it from its beginning, move {self.landing.folder} away."
                )
        self._next[partition] = max(there or 0, int(low))
        return self._next[partition]

    def _cover(self, partition: int, first: int, last: int, kind: str) -> None:
        path = self.landing.path(partition, first, last, kind)
        path.touch()
        self.landing.settle(partition)
        self.pulse.skipped(partition, first, last, kind)

    def _revoked(self, consumer: Any, partitions: list[Any]) -> None:
        """They go to another consumer: what we have read of them is landed first."""
        try:
            for one in partitions:
                self._land(consumer, [p for p in self._waiting if p == one.partition])
                kill_point("in_on_revoke")
        except Exception as e:
            self._failure = e
        self._forget(partitions)

    def _lost(self, _: Any, partitions: list[Any]) -> None:
        """They are another consumer's already, which reads what we have read and not landed."""
        self._forget(partitions)

    def _forget(self, partitions: list[Any]) -> None:
        for one in partitions:
            waiting = self._waiting.pop(one.partition, None)
            self._read -= len(waiting.lines) if waiting else 0
            self._next.pop(one.partition, None)
            self._at_end.discard(one.partition)

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    # -- files -------------------------------------------------------------------------------------------------------

    def _land(self, consumer: Any, partitions: list[int]) -> None:
        """Put what waits of these partitions into files, then commit."""
        if any(line.reason for p in partitions for line in self._waiting[p].lines):
            self.letters.flush()  # a copy too many is told by its key; one that is missing is not
        done = []
        for partition in partitions:
            waiting = self._waiting.pop(partition)
            self._read -= len(waiting.lines)
            with disk_in_words(self.landing.lake):
                end = self._publish(partition, waiting)
            if partition in self._next:
                done.append(_place(self.landing.topic, partition, end))
        if done:
            self._commit(consumer, done)
            kill_point("after_commit")

    def _publish(self, partition: int, waiting: _Waiting) -> int:
        """One file, whole and once; the offset behind it."""
        lines, first = waiting.lines, waiting.first
        temporary = self._write(partition, lines)
        kill_point("before_rename")
        try:
            with self.landing.publishing(partition):
                there = self.landing.next_offset(partition)
                if there is not None and there > first:  # another lander owned it meanwhile
                    lines, first = [one for one in lines if one.offset >= there], there
                    if not lines:
                        return there
                    temporary.unlink()
                    temporary = self._write(partition, lines)
                elif there is not None and there < first:
                    raise CheckFailed(
                        f"{self.landing.place(partition)}: files were taken away while landing: they end at {there - 1}, and {first} comes next. Put them back."
                    )
                end = lines[-1].offset + 1
                os.rename(temporary, self.landing.path(partition, first, end - 1))
                kill_point("after_rename")
                self.landing.settle(partition)
                kill_point("after_dir_fsync")
        finally:
            temporary.unlink(missing_ok=True)
        self.pulse.landed(len(lines), sum(len(one.text) for one in lines), [one.ms for one in lines], Counter(one.reason for one in lines if one.reason))
        return end

    def _write(self, partition: int, lines: list[Line]) -> Path:
        place = self.landing.place(partition)
        place.mkdir(parents=True, exist_ok=True)
        temporary = place / f".{HOST}~{os.getpid()}~{secrets.token_hex(4)}.tmp"
        half = len(lines) // 2
        try:
            with open(temporary, "wb") as file:
                file.write(b"".join(one.text for one in lines[:half]))
                if "SHOPLAKE_KILL_AT" in os.environ:
                    file.flush()  # so that a torn file is really there
                kill_point("mid_write")
                file.write(b"".join(one.text for one in lines[half:]))
                file.flush()
                os.fsync(file.fileno())
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
        return temporary

    def _commit(self, consumer: Any, places: list[Any]) -> None:
        """For those who look at the group's lag. That it failed is told and no fault: the files' names say where to go on."""
        from confluent_kafka import KafkaException

        try:
            consumer.commit(offsets=places, asynchronous=False)
        except KafkaException as e:
            self.pulse.trouble("commit", e.args[0].str())

    def _lag(self, consumer: Any) -> dict[int, int] | None:
        """How far each partition is behind; None when it need not be known now."""
        if consumer is None or not self.pulse.is_due():
            return None
        found = {}
        for partition, at in sorted(self._next.items()):
            _, high = consumer.get_watermark_offsets(_place(self.landing.topic, partition), cached=True)
            waiting = self._waiting.get(partition)
            found[partition] = max(0, high - (waiting.first if waiting else at))
        return found


def sweep(landing: Landing) -> None:
    """Take away what killed landers of this machine left half written, and any machine's that is a day old."""
    for partition in landing.partitions():
        for left in landing.place(partition).glob(".*.tmp"):
            host, _, rest = left.name[1:].partition("~")
            pid = rest.partition("~")[0]
            is_old = now_ms() - left.stat().st_mtime_ns // 1_000_000 > DAY_MS
            if is_old or (host == HOST and pid.isdigit() and not lives(int(pid), None)):
                left.unlink(missing_ok=True)


def _place(topic: str, partition: int, offset: int | None = None) -> Any:
    from confluent_kafka import OFFSET_INVALID, TopicPartition

    return TopicPartition(topic, partition, OFFSET_INVALID if offset is None else offset)


