"""The lander on a real broker: killed at every point, its partitions taken away, stopped beyond its session, and nothing lost or twice."""

import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster.kafka import Kafka
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from shoplake.lake.layout import Lake
from shoplake.stream.audit import audit
from tests.system.streams import broker_of, judge, landers, make_topic, produce, repeat, topic_values

pytestmark = pytest.mark.kafka
POINTS = ("mid_write", "before_rename", "after_rename", "after_dir_fsync", "after_commit")
QUICK = ("--set", "session.timeout.ms=6000", "--set", "heartbeat.interval.ms=500", "--timeout", "0.3")


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    with Kafka(tmp_path_factory.mktemp("broker")) as found:
        yield found


def note(name: str, **found: object) -> None:
    """The figures of a long run, for docs/reference/long_runs.md."""
    if file := os.environ.get("SHOPLAKE_FIGURES"):
        with open(file, "a", encoding="utf-8") as lines:
            lines.write(json.dumps({"run": name, **found}) + "\n")


def test_killed_at_every_point(kafka: Kafka, tmp_path: Path) -> None:
    """At each point as often as at the others; the batches are such that the last kill comes near the end."""
    kills, events = repeat(25, 170), repeat(40_000, 200_000)
    make_topic(kafka, "kills")
    sent = produce(kafka, "kills", events, tmp_path)
    assert sent.acknowledged == events
    draw = random.Random(20261128)
    done: Counter[str] = Counter()
    with landers(kafka, "kills", tmp_path / "lake") as one:
        batch = events // (kills * 5)
        for number in range(kills):
            point = POINTS[number % len(POINTS)]
            code = one.start("--batch", str(batch), "--partitions", "all", *QUICK, kill_at=f"{point}:{draw.randint(1, 4)}").wait(timeout=60)
            assert code in (-9,), one.log.read_text()[-2000:]
            done[point] += 1
        one.finish()
        note("lander killed", kills=dict(done), **judge(kafka, one))


def test_killed_while_its_partitions_are_taken_away(kafka: Kafka, tmp_path: Path) -> None:
    kills = repeat(5, 30)
    make_topic(kafka, "revoked")
    draw = random.Random(3)
    with landers(kafka, "revoked", tmp_path / "lake") as one:
        killed = 0
        for _ in range(kills):
            produce(kafka, "revoked", 1000, tmp_path)
            first = one.start("--batch", "50", "--group", "g", *QUICK, kill_at=f"in_on_revoke:{draw.randint(1, 3)}")
            one.await_owner(first)
            second = one.start("--batch", "50", "--group", "g", *QUICK)
            assert first.wait(timeout=60) == -9, one.log.read_text()[-2000:]
            killed += 1
            second.terminate()
            assert second.wait(timeout=60) == 0
        one.finish()
        note("lander killed in on_revoke", kills=killed, **judge(kafka, one))


def test_three_landers_that_come_go_and_stop_beyond_their_session(kafka: Kafka, tmp_path: Path) -> None:
    cycles = repeat(5, 50)
    make_topic(kafka, "rebalanced")
    draw = random.Random(11)
    stops = changes = 0
    with landers(kafka, "rebalanced", tmp_path / "lake") as one:
        members = [one.start("--batch", "100", "--group", "g", *QUICK) for _ in range(3)]
        for _ in range(cycles):
            produce(kafka, "rebalanced", 2000, tmp_path)
            chosen = draw.randrange(3)
            if draw.random() < 0.6:
                members[chosen].send_signal(signal.SIGSTOP)
                produce(kafka, "rebalanced", 2000, tmp_path)
                time.sleep(7.5)  # the session ends after six seconds, and the others take over
                members[chosen].send_signal(signal.SIGCONT)
                stops += 1
            else:
                members[chosen].send_signal(draw.choice((signal.SIGTERM, signal.SIGKILL)))
                members[chosen].wait(timeout=60)
                members[chosen] = one.start("--batch", "100", "--group", "g", *QUICK)
                changes += 1
            time.sleep(1)
        for member in members:
            one.await_owner(member)  # one that has hardly begun would die of the signal, as any program does
        for member in members:
            member.terminate()
        assert [member.wait(timeout=60) for member in members] == [0, 0, 0], one.log.read_text()[-2000:]
        one.finish()
        note("three landers", stopped_beyond_session=stops, came_and_went=changes, **judge(kafka, one))


def test_marks_of_transactions_are_no_events(kafka: Kafka, tmp_path: Path) -> None:
    make_topic(kafka, "transactions", partitions=1)
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "transactional.id": "t"})
    producer.init_transactions(30)
    for number in range(6):
        producer.begin_transaction()
        for k in range(10):
            producer.produce("transactions", value=b'{"event_id":"%d-%d"}' % (number, k))
        producer.flush(30)  # an abort would forget what was not sent yet
        producer.commit_transaction(30) if number % 3 else producer.abort_transaction(30)
    with landers(kafka, "transactions", tmp_path / "lake") as one:
        one.finish()
        assert sorted(one.landed()) == sorted(b'{"event_id":"%d-%d"}' % (n, k) for n in (1, 2, 4, 5) for k in range(10))
        (found,) = audit(Lake(one.lake), broker_of(kafka)).partitions
        assert found.is_whole
        assert (found.landed, found.without_event, found.behind) == (40, 25, 1)  # two aborted ones with their marks, three marks between; one mark ends the log
        produce(kafka, "transactions", 5, tmp_path)
        one.finish()
        assert len(one.landed()) == 45


def test_what_retention_took_stops_the_lander_until_it_is_told(kafka: Kafka, tmp_path: Path) -> None:
    make_topic(kafka, "short", partitions=1)
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})

    def delete_before(offset: int) -> None:
        for future in admin.delete_records([TopicPartition("short", 0, offset)]).values():
            future.result(30)

    produce(kafka, "short", 100, tmp_path)
    delete_before(30)
    with landers(kafka, "short", tmp_path / "lake") as one:
        one.finish()
        assert len(one.landed()) == 70
        produce(kafka, "short", 100, tmp_path)
        delete_before(130)
        words = ("--until-end", "--partitions", "all")
        assert one.start(*words).wait(timeout=60) == 1
        assert "partition 0: offsets 100 to 129 (30) were deleted before they were landed" in one.log.read_text()
        assert len(one.landed()) == 70
        assert one.start(*words, "--accept-loss").wait(timeout=60) == 0
        (found,) = audit(Lake(one.lake), broker_of(kafka)).partitions
        assert found.is_whole
        assert (found.before, found.landed, found.lost, found.behind) == (30, 140, 30, 0)
        assert Counter(one.landed()) >= Counter(topic_values(kafka, "short"))


@pytest.mark.parametrize("words", [("--partitions", "all"), ("--group", "overtaken")], ids=["alone", "in a group"])
def test_a_running_lander_that_retention_overtakes(words: tuple[str, str], kafka: Kafka, tmp_path: Path) -> None:
    topic = f"overtaken-{words[0][2:]}"
    make_topic(kafka, topic, partitions=1)
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    produce(kafka, topic, 50, tmp_path)
    with landers(kafka, topic, tmp_path / "lake") as one:
        running = one.start("--accept-loss", "--timeout", "0.2", *words)
        until = time.monotonic() + 60
        while len(one.landed()) < 50:
            assert time.monotonic() < until, one.log.read_text()[-2000:]
            time.sleep(0.1)
        running.send_signal(signal.SIGSTOP)
        produce(kafka, topic, 100, tmp_path)
        for future in admin.delete_records([TopicPartition(topic, 0, 120)]).values():
            future.result(30)
        running.send_signal(signal.SIGCONT)
        until = time.monotonic() + 60
        while len(one.landed()) < 80:
            assert running.poll() is None, one.log.read_text()[-2000:]
            assert time.monotonic() < until, one.log.read_text()[-2000:]
            time.sleep(0.1)
        running.terminate()
        assert running.wait(timeout=60) == 0, one.log.read_text()[-2000:]
        (found,) = audit(Lake(one.lake), broker_of(kafka)).partitions
        assert found.is_whole
        assert (found.landed + found.lost, found.behind) == (150, 0)
        assert found.lost in (0, 70)  # what it had fetched before it was stopped is not lost


def test_a_log_that_ends_before_what_was_landed_is_another_one(kafka: Kafka, tmp_path: Path) -> None:
    make_topic(kafka, "behind", partitions=1)
    produce(kafka, "behind", 10, tmp_path)
    with landers(kafka, "behind", tmp_path / "lake") as one:
        one.finish()
        (file,) = one.lake.rglob("*.tsv")
        file.rename(file.with_name(file.name.replace("00000000009.tsv", "00000000099.tsv")))
        assert one.start("--until-end", "--partitions", "all").wait(timeout=60) == 1
        assert "it ends at offset 10, and 90 more were landed from it before" in one.log.read_text()
