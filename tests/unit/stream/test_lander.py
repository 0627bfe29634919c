"""Messages to files, each exactly once: on librdkafka's mock broker."""

import errno
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition

from shoplake.errors import CheckFailed, Lacking, WrongUse
from shoplake.lake.layout import Lake
from shoplake.stream.audit import audit
from shoplake.stream.broker import Broker
from shoplake.stream.consume import HOST, Line, _Waiting
from shoplake.stream.landed import Landing
from tests.unit.stream.kafka import TOPIC, broker_at, event, land, landed_values, lander, send

POINTS = ("mid_write", "before_rename", "after_rename", "after_dir_fsync", "after_commit")


def test_every_message_once_in_files_that_say_what_they_hold(broker: Broker, tmp_path: Path) -> None:
    send(broker, [event(n) for n in range(500)])
    one = land(broker, tmp_path, batch=100)
    assert sorted(landed_values(tmp_path)) == sorted(event(n)[1] for n in range(500))
    assert one.pulse.records == 500
    land(broker, tmp_path)
    send(broker, [event(n) for n in range(500, 520)])
    land(broker, tmp_path)
    assert Counter(landed_values(tmp_path)) == Counter(event(n)[1] for n in range(520))


def test_names_decide_where_it_goes_on_and_not_what_was_committed(broker: Broker, tmp_path: Path) -> None:
    send(broker, [event(n) for n in range(60)])
    land(broker, tmp_path / "a", group="one")
    land(broker, tmp_path / "b", group="one")  # all is committed, and another lake has nothing
    assert sorted(landed_values(tmp_path / "a")) == sorted(landed_values(tmp_path / "b"))
    assert len(landed_values(tmp_path / "b")) == 60


BAD = {
    "null_value": (b"v1", None, None),
    "empty": (b"v1", b" \t", None),
    "newline": (b"v1", b'{"a":1}\n{"b":2}', None),
    "schema_version": (b"v1", b"{}", [("schema_version", b"2")]),
}
GOOD = (
    (b"v1", b"not JSON", None),
    (b"v1", b'[1,"of another shape"]', None),
    (None, b'{"event_id":"no key"}', None),
    (b"v1", b"{}", [("ds", b"the 1st of May"), ("schema_version", b"1")]),
    (b"v1", b"\xff\xfe", []),
    (b"v1", b"x" * 900_000, None),
    (b"v1", b'{"a":"tab\\t","b":"\t"}', None),
)


def test_what_cannot_be_a_line_is_kept_counted_and_copied_to_the_dead_letters(broker: Broker, tmp_path: Path) -> None:
    send(broker, [*BAD.values(), *GOOD])
    one = land(broker, tmp_path)
    assert one.pulse.reasons == dict.fromkeys(BAD, 1)
    (found,) = [sum((p.unlandable for p in audit(Lake(tmp_path)).partitions), Counter())]
    assert found == dict.fromkeys(BAD, 1)
    assert sum(p.landed for p in audit(Lake(tmp_path)).partitions) == len(GOOD)
    assert {v for _, v, _ in GOOD} <= set(landed_values(tmp_path))
    reader = Consumer({"bootstrap.servers": broker.address, "group.id": "reader", "auto.offset.reset": "earliest"})
    reader.assign([TopicPartition(f"{TOPIC}-dead-letters", p, 0) for p in range(4)])
    letters = []
    while len(letters) < len(BAD):
        letters += [m for m in reader.consume(1, timeout=10) if not m.error()]
    reader.close()
    assert {dict(m.headers())["reason"].decode(): m.value() for m in letters} == {reason: value for reason, (_, value, _) in BAD.items()}
    assert all(m.key().decode().startswith(f"{TOPIC}-") for m in letters)


@pytest.mark.kafka  # by the mock broker, too; a process each
@pytest.mark.parametrize("point", POINTS)
def test_killed_anywhere_nothing_is_lost_or_twice(point: str, broker: Broker, tmp_path: Path) -> None:
    send(broker, [event(n) for n in range(300)])
    code = "import sys; from pathlib import Path; from tests.unit.stream.kafka import *; land(broker_at(sys.argv[1]), Path(sys.argv[2]), batch=60)"
    for nth in (1, 2):
        words = [sys.executable, "-c", code, broker.address, str(tmp_path)]
        done = subprocess.run(words, env={**os.environ, "SHOPLAKE_KILL_AT": f"{point}:{nth}"}, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == -9, done.stderr
    land(broker, tmp_path)
    assert Counter(landed_values(tmp_path)) == Counter(event(n)[1] for n in range(300))
    assert not list(tmp_path.rglob("*.tmp"))


def lines(first: int, end: int | None = None) -> list[Line]:
    return [Line(n, b"%d\t1\t2026-03-01\t{}\n" % n) for n in (range(first) if end is None else range(first, end))]


def test_a_lander_that_comes_back_lands_only_what_the_other_did_not(broker: Broker, tmp_path: Path) -> None:
    slow, quick = lander(broker, tmp_path), lander(broker, tmp_path)
    place = slow.landing
    slow._publish(0, _Waiting(0, lines(10)))
    quick._publish(0, _Waiting(10, lines(10, 25)))
    end = slow._publish(0, _Waiting(10, lines(10, 40)))
    assert end == 40
    assert [(f.first, f.last) for f in place.whole(0)] == [(0, 9), (10, 24), (25, 39)]
    assert slow._publish(0, _Waiting(10, lines(10, 11))) == 40
    assert len(landed_values(tmp_path)) == 40
    with pytest.raises(CheckFailed, match="files were taken away"):
        slow._publish(0, _Waiting(50, lines(50, 51)))


def test_a_topic_made_anew_lands_in_a_folder_of_its_own(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    assert Landing(lake, TOPIC, "a").folder != Landing(lake, TOPIC, "b").folder


def test_a_topic_that_is_not_there_and_a_broker_that_is_not(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shoplake.stream.broker.PATIENCE", 0.5)
    with pytest.raises(WrongUse, match="topic none: .* Make it: shoplake stream topics"):
        broker.require_topic("none")
    gone = broker_at("127.0.0.1:9")
    with pytest.raises(Lacking, match=r"127.0.0.1:9: no broker answers there"):
        gone.topics()


def test_headers_that_are_hostile(broker: Broker, tmp_path: Path) -> None:
    """Days that cannot be: the Kafka timestamp's is taken. A build would look at the shop from a day to come."""
    days = (b"9999-12-31", b"2098-01-01", b"1999-12-31", b"../../etc", b"2026-3-1")
    send(broker, [(b"v", b"{}", [("ds", day)]) for day in days])
    land(broker, tmp_path)
    found = {line.split(b"\t")[2].decode() for file in tmp_path.rglob("*.tsv") for line in file.read_bytes().splitlines()}
    assert len(found) <= 2  # today; midnight may come between
    assert all("2026-01-01" < day < "2049-12-31" for day in found)


def test_a_dead_letter_that_is_too_large_is_cut(broker: Broker, tmp_path: Path) -> None:
    from shoplake.stream.letters import KEPT, DeadLetters

    letters = DeadLetters(broker, TOPIC)
    letters.copy(b"x" * (KEPT + 5), 0, 7, "newline")
    letters.flush()
    reader = Consumer({"bootstrap.servers": broker.address, "group.id": "reader", "auto.offset.reset": "earliest"})
    reader.assign([TopicPartition(f"{TOPIC}-dead-letters", p, 0) for p in range(4)])
    message = None
    while message is None or message.error():
        message = reader.poll(10)
    reader.close()
    assert len(message.value()) == KEPT
    assert dict(message.headers())["cut_from_bytes"] == str(KEPT + 5).encode()


def test_partitions_that_were_never_landed_are_told(broker: Broker, tmp_path: Path) -> None:
    send(broker, [event(n) for n in range(200)])
    land(broker, tmp_path, partitions=(0,))
    found = audit(Lake(tmp_path), broker)
    assert [p.partition for p in found.partitions] == [0, 1, 2, 3]
    assert sum(p.behind or 0 for p in found.partitions) + len(landed_values(tmp_path)) == 200


def test_temporary_files_of_other_machines_are_left_alone(broker: Broker, tmp_path: Path) -> None:
    send(broker, [event(1)])
    land(broker, tmp_path)
    (place, *_) = [p.parent for p in tmp_path.rglob("*.tsv")]
    mine, others = place / ".elsewhere~1~ab.tmp", place / f".{HOST}~{2**22 + 1}~ab.tmp"
    mine.touch(), others.touch()
    land(broker, tmp_path)
    assert mine.exists()
    assert not others.exists()


def test_a_full_disk_lands_nothing_and_the_next_run_lands_all(broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    send(broker, [event(n) for n in range(40)])
    real = os.fsync

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    one = lander(broker, tmp_path)
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(Lacking, match="the disk is full"):
        one.run()
    monkeypatch.setattr("os.fsync", real)
    assert not [p for p in tmp_path.rglob("*") if p.suffix in (".tsv", ".tmp")]
    land(broker, tmp_path)
    assert len(landed_values(tmp_path)) == 40
