"""Landers as processes of their own on a real broker, and the judge of what they left."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cluster.kafka import Kafka
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from shoplake.generate.options import Plan
from shoplake.lake.layout import Lake
from shoplake.settings import zone
from shoplake.stream.audit import Audit, audit
from shoplake.stream.broker import Broker, client_files
from shoplake.stream.landed import landings
from shoplake.stream.live import Live
from shoplake.stream.pace import Pace
from shoplake.stream.produce import FromLive, Options, Sender
from shoplake.stream.pulse import Pulse
from shoplake.stream.spill import Spill
from shoplake.stream.split import lines_of
from shoplake.stream.wire import LocalDays

# How often: in make test-stream, and in make test-stream-long.
LONG = os.environ.get("SHOPLAKE_REPEAT") == "long"
SHOPLAKE = Path(sys.executable).with_name("shoplake")


def repeat(short: int, long: int) -> int:
    return long if LONG else short


def broker_of(kafka: Kafka) -> Broker:
    return Broker(kafka.bootstrap, {"bootstrap.servers": kafka.bootstrap, "security.protocol": "PLAINTEXT"}, client_files(""))


def make_topic(kafka: Kafka, name: str, partitions: int = 6, **config: str) -> None:
    """Kept for ever: some tests send events of days long past."""
    config = {"retention.ms": "-1", **config}
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    copies = min(kafka.nodes, 3)
    asked = [NewTopic(n, num_partitions=p, replication_factor=copies, config=config) for n, p in ((name, partitions), (f"{name}-dead-letters", 1))]
    for future in admin.create_topics(asked, request_timeout=30).values():
        future.result(30)


def produce(kafka: Kafka, topic: str, count: int, folder: Path, rate: float | None = None, **settings: str) -> Sender:
    """Live events; all are acknowledged or spilled when this returns. Without a rate they are told as 5,000 a second: the model sends some
    events again a second later, and those are to be among the few thousand that a test asks for."""
    sender = Sender(broker_of(kafka).producer(settings), topic, Spill(folder / "spill.jsonl"), Pulse("produce", None, quiet=True))
    live = Live(Plan(events=100_000, transactions=50_000, users=10_000, products=2_000), rate or 5_000, time.time_ns() & 0xFFFFFFFF)
    days = LocalDays(zone("UTC", ""))
    sender.run(FromLive(live.take, days.of), Pace(rate), Options(events=count))
    return sender


def topic_values(kafka: Kafka, topic: str) -> list[bytes | None]:
    """All that the topic holds, read plainly."""
    reader = Consumer({"bootstrap.servers": kafka.bootstrap, "group.id": "judge", "enable.auto.commit": False, "enable.partition.eof": True})
    partitions = range(len(reader.list_topics(topic, timeout=10).topics[topic].partitions))
    reader.assign([TopicPartition(topic, p, 0) for p in partitions])
    found, ended = [], set()
    until = time.monotonic() + 120
    while len(ended) < len(partitions):
        assert time.monotonic() < until, "the judge did not reach the end of the topic"
        for message in reader.consume(10_000, timeout=0.5):
            if message.error():
                assert message.error().name() == "_PARTITION_EOF", message.error()
                ended.add(message.partition())
            else:
                found.append(message.value())
    reader.close()
    return found


class Landers:
    """`shoplake stream consume` processes over one lake."""

    def __init__(self, kafka: Kafka, topic: str, lake: Path) -> None:
        self.kafka, self.topic, self.lake = kafka, topic, lake
        self.running: list[subprocess.Popen[bytes]] = []
        self.log = lake.parent / "landers.log"

    def start(self, *words: str, kill_at: str = "") -> "subprocess.Popen[bytes]":
        command = [str(SHOPLAKE), "--lake", str(self.lake), "stream", "consume", "--topic", self.topic, "--no-split", "--every", "1", *words]
        environment = {**os.environ, "SHOPLAKE_KAFKA": self.kafka.bootstrap, "SHOPLAKE_KILL_AT": kill_at}
        with self.log.open("ab") as log:
            one = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        self.running.append(one)
        return one

    def await_owner(self, process: "subprocess.Popen[bytes]") -> None:
        """Wait until this one owns partitions."""
        file = self.lake / "landed/stream/jobs" / f"consume-{self.topic}-{process.pid}.json"
        until = time.monotonic() + 60
        while not (file.exists() and json.loads(file.read_text())["lag"]):
            assert process.poll() is None, self.log.read_text()[-2000:]
            assert time.monotonic() < until, self.log.read_text()[-2000:]
            time.sleep(0.1)

    def stop(self) -> None:
        for one in self.running:
            if one.poll() is None:
                one.send_signal(signal.SIGCONT)
                one.kill()
            one.wait()
        self.running = []

    def finish(self) -> None:
        """Land the rest, undisturbed."""
        done = self.start("--until-end", "--partitions", "all", "--timeout", "1").wait(timeout=180)
        assert done == 0, self.log.read_text()[-2000:]

    def landed(self) -> list[bytes]:
        return [line.split(b"\t", 3)[3][:-1] for landing in landings(Lake(self.lake)) for p in landing.partitions() for one in landing.whole(p) if one.kind == "tsv" for line in lines_of(one)]


@contextmanager
def landers(kafka: Kafka, topic: str, lake: Path) -> Iterator[Landers]:
    found = Landers(kafka, topic, lake)
    try:
        yield found
    finally:
        found.stop()


def judge(kafka: Kafka, one: Landers) -> dict[str, Any]:
    """0 lost, 0 twice, 0 torn; the counts."""
    sent, landed = Counter(topic_values(kafka, one.topic)), Counter(one.landed())
    found: Audit = audit(Lake(one.lake), broker_of(kafka))
    lost, twice = sent - landed, landed - sent
    assert not lost, (sum(lost.values()), list(lost)[:2])
    assert not twice, (sum(twice.values()), list(twice)[:2])
    assert found.is_whole
    assert all(p.behind == 0 for p in found.partitions)
    assert not list(one.lake.rglob("*.tmp"))
    return {"records": sum(sent.values()), "lost": 0, "twice": 0, "files": sum(p.files for p in found.partitions)}
