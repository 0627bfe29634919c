"""Streams on a real broker of their own: the producer against a bare loop, the lander against bare polling, the processor against a count.

Both sides of a case have the same broker, topic, events and client settings; starting them is not timed.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.measure import Case, Facts, Goal, Unequal, Work
from benchmarks.setting import Setting

TOPIC = "bench"
PARTITIONS = 6
EVENTS = {"tiny": 5_000, "small": 50_000, "default": 300_000, "large": 1_000_000}
# Of the processor: what a second brings at 1,000 events a second, and how many seconds are timed and come before that.
BATCH, TIMED, WARM = 1000, 30, 10


def cases(s: Setting) -> list[Case]:
    events = EVENTS[s.size]
    clicks = s.clicks["lake"]
    sent, landed = {"lake": clicks, "events": events}, {"lake": clicks, "events": events, "batch": 50_000}
    return [
        Case("produce", "stream", 1, Work("stages.stream:bare_produce", sent), Work("stages.stream:produce", sent), _equal, None, Goal("ratio", 1.5), Goal("ratio", 1.1),
             "keys taken from the events, headers, a callback for each, against librdkafka handing over the same ready bytes"),
        Case("consume", "stream", 1, Work("stages.stream:bare_consume", landed), Work("stages.stream:consume", landed), _equal, None, None, None,
             "`--batch 50000`, everything synced and renamed, against polling the same messages and dropping them"),
        Case("process", "stream", max(s.threads), Work("stages.stream:bare_process", {}), Work("stages.stream:process", {}), _equal, None,
             Goal("ratio", 2.0), None, f"{TIMED} batches of {BATCH:,} events judged, written and accounted for, against the same query doing a count", rounds=1),
    ]  # fmt: skip


def _equal(reference: Facts, mine: Facts) -> str:
    if reference["events"] != mine["events"]:
        raise Unequal(f"stream: {reference['events']} and {mine['events']} events.")
    return f"{mine['events']:,} events on each side"


class _Place:
    """A broker with a topic, and events to send. It ends with the process: the group is killed with it."""

    def __init__(self, a: Facts) -> None:
        from cluster.kafka import Kafka
        from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

        from shoplake.stream.broker import Broker, client_files

        self.folder = Path(a["folder"])
        self._live: Any = None
        self.kafka = Kafka(self.folder / "broker").start()
        self.broker = Broker(self.kafka.bootstrap, {"bootstrap.servers": self.kafka.bootstrap, "security.protocol": "PLAINTEXT"}, client_files(""))
        admin = AdminClient({"bootstrap.servers": self.kafka.bootstrap})
        for future in admin.create_topics([NewTopic(name, n, 1) for name, n in ((TOPIC, PARTITIONS), (f"{TOPIC}-dead-letters", 1))]).values():
            future.result(30)

    def values(self, a: Facts, count: int) -> list[bytes]:
        return [item.value for item in self.items(a, count)]

    def items(self, a: Facts, count: int) -> list[Any]:
        from itertools import cycle, islice

        from shoplake.lake.layout import Lake
        from shoplake.stream.live import Item
        from shoplake.stream.replay import replay
        from shoplake.stream.wire import key_of

        found = [
            Item(key_of(one.value), one.value, "2026-03-01") for one in islice(replay(Lake(Path(a["lake"]))), 100_000)
        ]
        return list(islice(cycle(found), count))

    def end(self, facts: Facts) -> Callable[[], Facts]:
        def stopped() -> Facts:
            self.kafka.stop()
            return facts

        return stopped

    def bare_send(self, messages: list[tuple[bytes | None, bytes]]) -> None:
        producer = self.broker.producer()
        for key, value in messages:
            while True:
                try:
                    producer.produce(TOPIC, value=value, key=key)
                    break
                except BufferError:
                    producer.poll(0.05)
        assert producer.flush(120) == 0

    def second_by_second(self, seconds: int) -> list[Any]:
        """BATCH events of each second up to now, as `stream produce` makes them."""
        from shoplake.generate.options import Plan
        from shoplake.stream.live import Live

        now_ms = int(time.time() * 1000)
        day = time.strftime("%Y-%m-%d", time.gmtime())
        if self._live is None:
            self._live = Live(Plan(events=100_000, transactions=50_000, users=10_000, products=2_000), BATCH, 7)
        return [item for n in range(seconds) for item in self._live.take(BATCH, now_ms + 1000 * (n - seconds), day)]

    def send(self, items: list[Any]) -> int:
        from shoplake.stream.pace import Pace
        from shoplake.stream.produce import FromItems, Options, Sender
        from shoplake.stream.pulse import Pulse
        from shoplake.stream.spill import Spill

        sender = Sender(self.broker.producer(), TOPIC, Spill(self.folder / "spill"), Pulse("produce", None, quiet=True))
        sender.run(FromItems(items), Pace(None), Options())
        return sender.acknowledged


def bare_produce(a: Facts) -> Callable[[], Callable[[], Facts]]:
    from shoplake.stream.wire import key_of

    place = _Place(a)
    ready = [(key_of(v), v) for v in place.values(a, a["events"])]

    def timed() -> Callable[[], Facts]:
        place.bare_send(ready)
        return place.end({"events": len(ready), "same": len(ready)})

    return timed


def produce(a: Facts) -> Callable[[], Callable[[], Facts]]:
    place = _Place(a)
    items = place.items(a, a["events"])

    def timed() -> Callable[[], Facts]:
        acknowledged = place.send(items)
        return place.end({"events": acknowledged, "same": acknowledged})

    return timed


def bare_consume(a: Facts) -> Callable[[], Callable[[], Facts]]:
    from confluent_kafka import TopicPartition

    place = _Place(a)
    place.send(place.items(a, a["events"]))

    def timed() -> Callable[[], Facts]:
        consumer = place.broker.consumer({"group.id": "bare"})
        consumer.assign([TopicPartition(TOPIC, p, 0) for p in range(PARTITIONS)])
        found = 0
        while found < a["events"]:
            found += sum(1 for message in consumer.consume(10_000, timeout=0.2) if message.error() is None)
        consumer.close()
        return place.end({"events": found, "same": found})

    return timed


def consume(a: Facts) -> Callable[[], Callable[[], Facts]]:
    from shoplake.lake.layout import Lake
    from shoplake.settings import zone
    from shoplake.stream.consume import Lander, Options
    from shoplake.stream.landed import Landing
    from shoplake.stream.letters import DeadLetters
    from shoplake.stream.pulse import Pulse
    from shoplake.stream.wire import LocalDays

    place = _Place(a)
    place.send(place.items(a, a["events"]))
    lake = Lake(place.folder / "lake")
    lake.create()
    pulse = Pulse("consume", None, quiet=True)
    options = Options(batch=a["batch"], until_end=True, partitions=tuple(range(PARTITIONS)))
    lander = Lander(place.broker, Landing(lake, TOPIC, "bench"), LocalDays(zone("UTC", "")), DeadLetters(place.broker, TOPIC), pulse, options)

    def timed() -> Callable[[], Facts]:
        began = time.perf_counter()
        lander.run()
        seconds = time.perf_counter() - began
        return place.end({"events": pulse.records, "same": pulse.records, "events_per_second": round(pulse.records / seconds)})

    return timed


def _processor(a: Facts, place: _Place) -> Any:
    """A processor over a session that is warm: it has done some batches, and more events have come since."""
    from cluster.resolve import resolve

    from shoplake.engines import spark as facts
    from shoplake.engines.spark import Spark
    from shoplake.settings import resolve as settings
    from shoplake.stream.process import Options, Processor
    from shoplake.stream.pulse import Pulse

    os.environ["SHOPLAKE_KAFKA"] = place.kafka.bootstrap
    session = settings({"lake": str(place.folder / "lake"), "threads": str(a["threads"]), "memory": "1GB"})
    session.lake.create()
    one = Processor(session, place.broker, TOPIC, "bench", Pulse("process", None, quiet=True), Options(until_end=True, jars=f"{resolve('spark-kafka')}/lib", most=BATCH))
    one.table.local.mkdir(parents=True)
    engine = Spark(
        scratch=place.folder / "spark",
        master=facts.master_of("", str(a["threads"])),
        memory="1g",
        settings=one._settings(),
    )
    return one, engine


def process(a: Facts) -> Callable[[], Callable[[], Facts]]:
    place = _Place(a)
    one, engine = _processor(a, place)
    place.send(place.second_by_second(WARM))
    one._run(engine, lambda: False)
    place.send(place.second_by_second(TIMED))

    def timed() -> Callable[[], Facts]:
        before = one.pulse.records
        one._run(engine, lambda: False)
        found = one.pulse.records - before
        return place.end({"events": found, "same": found})

    return timed


def bare_process(a: Facts) -> Callable[[], Callable[[], Facts]]:
    place = _Place(a)
    one, engine = _processor(a, place)
    counted: list[int] = []

    def run() -> None:
        source = engine.session.readStream.format("kafka").options(**one.source()).load()
        writer = source.writeStream.option("checkpointLocation", str(place.folder / "checkpoint")).trigger(
            availableNow=True
        )
        writer.foreachBatch(lambda rows, _: counted.append(rows.count())).start().awaitTermination()

    place.send(place.second_by_second(WARM))
    run()
    place.send(place.second_by_second(TIMED))

    def timed() -> Callable[[], Facts]:
        before = sum(counted)
        run()
        found = sum(counted) - before
        return place.end({"events": found, "same": found})

    return timed
