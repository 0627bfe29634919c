"""The producer: events at an exact rate, each acknowledged by every replica in sync, or kept in the spill file."""

import signal
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from shoplake.errors import Lacking
from shoplake.stream.clock import now_ms
from shoplake.stream.live import Item
from shoplake.stream.pace import Pace
from shoplake.stream.pulse import SAMPLE, Pulse
from shoplake.stream.spill import Spill
from shoplake.stream.wire import headers

# Events handed over between two looks at the clock, and seconds between two looks when none is due.
STEP = 2000
TICK = 0.005
# A queue of half a million events at any rate a broker takes is sent within this many seconds after --duration.
FLUSH_SLICE = 0.2


class Source(Protocol):
    """Where events come from."""

    def take(self, count: int) -> list[Item]:
        """The next events that are due, at most `count`."""

    @property
    def is_done(self) -> bool: ...


class FromLive:
    """Endless."""

    is_done = False

    def __init__(self, take: Callable[[int, int, str], list[Item]], day: Callable[[int], str]) -> None:
        self._take, self._day = take, day

    def take(self, count: int) -> list[Item]:
        now = now_ms()
        return self._take(count, now, self._day(now))


class FromItems:
    """Events that are there: sent at once, or as fast as they happened times `speed`."""

    def __init__(self, items: Iterable[Item], speed: float | None = None) -> None:
        self._items, self._speed = iter(items), speed
        self._began = time.monotonic()
        self._first: int | None = None
        self._failure: Exception | None = None
        self._next: Item | None = next(self._items, None)

    @property
    def is_done(self) -> bool:
        return self._next is None and self._failure is None

    def take(self, count: int) -> list[Item]:
        """A source that fails gives what it had given before, and fails at the next call."""
        if self._failure is not None:
            raise self._failure
        found: list[Item] = []
        try:
            while self._next is not None and len(found) < count and (self._speed is None or self._is_due(self._next)):
                found.append(self._next)
                self._next = None
                self._next = next(self._items, None)
        except Exception as e:
            self._failure = e
        return found

    def _is_due(self, one: Item) -> bool:
        assert self._speed is not None
        if one.at_ms is None:
            return True
        if self._first is None:
            self._first = one.at_ms
        return (one.at_ms - self._first) / 1000 / self._speed <= time.monotonic() - self._began


@dataclass(frozen=True)
class Options:
    """When to end: after so many events, or seconds; without either, when the source is done or a signal comes."""

    events: int | None = None
    duration: float | None = None


class Sender:
    """Sends events to one topic. produced = acknowledged + spilled, exactly, when `run` has returned."""

    def __init__(self, producer: Any, topic: str, spill: Spill, pulse: Pulse) -> None:
        self.producer, self.topic, self.spill, self.pulse = producer, topic, spill, pulse
        self.produced = self.acknowledged = 0
        self._latencies: deque[float] = deque(maxlen=SAMPLE)
        self._known: dict[str, tuple[Any, Any]] = {}  # of each ds: its headers, and who is told of its messages
        self._stops = 0

    def run(self, source: Source, pace: Pace, options: Options) -> None:
        """Send until the end, then wait for what is on its way. A second signal gives up waiting: the rest is spilled.

        Raises Lacking when the spill file cannot be written, or the client may not go on.
        """
        before = {number: signal.signal(number, self._stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            try:
                self._send(source, pace, options)
            except BaseException:
                with suppress(Lacking):  # the first failure says what is wrong
                    self._flush()
                raise
            self._flush()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        self._note()
        self.pulse.end(None)

    def _stop(self, *_: object) -> None:
        self._stops += 1

    def _send(self, source: Source, pace: Pace, options: Options) -> None:
        began, start = time.monotonic(), self.produced
        while not self._stops and not source.is_done:
            elapsed = time.monotonic() - began
            sent = self.produced - start
            if options.duration is not None and elapsed >= options.duration:
                elapsed = options.duration  # what is due by the end is sent, and no more
            left = min(pace.due(elapsed), options.events if options.events is not None else float("inf")) - sent
            if left < 1:
                if (options.duration is not None and elapsed >= options.duration) or (options.events is not None and sent >= options.events):
                    return
                self._wait(TICK)
                continue
            items = source.take(int(min(left, STEP)))
            self.send(items)
            self._wait(0 if items else TICK)

    def send(self, items: list[Item]) -> None:
        """Hand events over; waits while as many are on their way as may be."""
        hand_over, topic, known = self.producer.produce, self.topic, self._known
        for one in items:
            key, value, ds, _ = one
            of_day = known.get(ds)
            if of_day is None:
                # A delivery report brings no headers back.
                of_day = known[ds] = (headers(ds), partial(self._delivered, ds))
            self.produced += 1
            try:
                hand_over(topic, value=value, key=key, headers=of_day[0], on_delivery=of_day[1])
            except BufferError:
                self._insist(one, *of_day)
            except Exception as e:
                self._refuse(one, e)

    def _insist(self, one: Item, told: Any, delivered: Any) -> None:
        """As many are on their way as may be: wait for room."""
        while True:
            try:
                self.producer.produce(self.topic, value=one.value, key=one.key, headers=told, on_delivery=delivered)
                return
            except BufferError:
                self._wait(0.05)
                if self._stops > 1:
                    self.spill.add(one.key, one.value, one.ds, "stopped")
                    return
            except Exception as e:
                self._refuse(one, e)
                return

    def _refuse(self, one: Item, e: Exception) -> None:
        from confluent_kafka import KafkaException

        if not isinstance(e, KafkaException):
            raise e
        error = e.args[0]
        self.spill.add(one.key, one.value, one.ds, error.name())
        if error.fatal():
            raise Lacking(f"Kafka's client cannot go on ({error.str()}). What was not acknowledged is in {self.spill.file}; send it with --resume.") from e

    def _delivered(self, ds: str, error: Any, message: Any) -> None:
        if error is None:
            self.acknowledged += 1
            self._latencies.append(message.latency())
        else:
            self.spill.add(message.key(), message.value() or b"", ds, error.name())

    def _wait(self, seconds: float) -> None:
        self.producer.poll(seconds)
        if self.pulse.is_due():
            self._note()
            self.pulse.beat(None)

    def _flush(self) -> None:
        while self.producer.flush(FLUSH_SLICE):
            self._wait(0)
            if self._stops > 1:
                self.producer.purge()
                self.producer.flush(5)

    def _note(self) -> None:
        latencies = sorted(self._latencies)
        self.pulse.records = self.acknowledged
        self.pulse.extra = {
            "produced": self.produced, "acknowledged": self.acknowledged, "spilled": self.spill.count, "in_flight": self.produced - self.acknowledged - self.spill.count,
            "ack_ms": {f"p{q}": round(latencies[min(len(latencies) - 1, len(latencies) * q // 100)] * 1000, 1) for q in (50, 99)} if latencies else None,
        }  # fmt: skip


