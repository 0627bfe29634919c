"""An exact rate, and every event acknowledged or spilled."""

from collections import Counter
from pathlib import Path

import pytest

from shoplake.errors import Held, WrongUse
from shoplake.generate.options import Plan
from shoplake.stream.broker import Broker
from shoplake.stream.live import Item, Live
from shoplake.stream.pace import Pace
from shoplake.stream.produce import FromItems, Options, Sender
from shoplake.stream.pulse import Pulse
from shoplake.stream.spill import Spill
from tests.unit.stream.kafka import TOPIC, broker_at, event, land, landed_values

ITEMS = [Item(key, value, "2026-03-01") for key, value, _ in map(event, range(2000)) if value is not None]


def sender(broker: Broker, spill: Path, **settings: str) -> Sender:
    quick = {"enable.idempotence": "false", **settings}  # the mock broker takes half a second to number a producer
    return Sender(broker.producer(quick), TOPIC, Spill(spill), Pulse("produce", None, quiet=True))


def test_every_event_is_acknowledged(broker: Broker, tmp_path: Path) -> None:
    one = sender(broker, tmp_path / "spill", **{"enable.idempotence": "true"})
    one.run(FromItems(ITEMS), Pace(None), Options())
    assert (one.produced, one.acknowledged, one.spill.count) == (2000, 2000, 0)
    land(broker, tmp_path / "lake")
    assert Counter(landed_values(tmp_path / "lake")) == Counter(i.value for i in ITEMS)


def test_the_rate_is_exact(broker: Broker, tmp_path: Path) -> None:
    one = sender(broker, tmp_path / "spill")
    one.run(FromItems(ITEMS), Pace(800), Options(duration=1.0))
    assert one.acknowledged == 800


def test_a_burst_sends_what_it_says() -> None:
    pace = Pace(100, burst=5, burst_every=60, burst_for=5)
    assert pace.due(0) == 0
    assert pace.due(5) == 2500
    assert pace.due(60) == 6000 + 2000
    assert pace.due(61) - pace.due(60) == 500
    assert pace.due(600) == 10 * pace.due(60)
    assert pace.mean == pytest.approx(8000 / 60)


def test_what_cannot_be_sent_is_spilled_and_sent_by_a_resumed_run(broker: Broker, tmp_path: Path) -> None:
    spill = tmp_path / "spill"
    gone = sender(broker_at("127.0.0.1:9"), spill, **{"delivery.timeout.ms": "300", "linger.ms": "0"})
    gone.run(FromItems(ITEMS[:50]), Pace(None), Options())
    assert (gone.produced, gone.acknowledged, gone.spill.count) == (50, 0, 50)
    assert gone.spill.reasons == {"_MSG_TIMED_OUT": 50}
    for _ in range(2):  # the second has nothing left to send
        back = sender(broker, spill)
        back.run(FromItems(back.spill.take_up()), Pace(None), Options())
        back.spill.sent()
    land(broker, tmp_path / "lake")
    assert Counter(landed_values(tmp_path / "lake")) == Counter(i.value for i in ITEMS[:50])
    assert all(b"\t2026-03-01\t" in line for file in tmp_path.rglob("*.tsv") for line in file.read_bytes().splitlines())
    assert [p.name for p in tmp_path.glob("spill*") if not p.name.endswith(".lock")] == []


def test_a_source_that_fails_takes_nothing_down_with_it(broker: Broker, tmp_path: Path) -> None:
    def failing():  # type: ignore[no-untyped-def]
        yield from ITEMS[:1500]
        raise WrongUse("a file was changed")

    one = sender(broker, tmp_path / "spill")
    with pytest.raises(WrongUse, match="a file was changed"):
        one.run(FromItems(failing()), Pace(None), Options())
    assert (one.produced, one.acknowledged, one.spill.count) == (1500, 1500, 0)


def test_producers_that_spill_into_one_file_while_it_is_taken_up(tmp_path: Path) -> None:
    producing, resuming = Spill(tmp_path / "spill"), Spill(tmp_path / "spill")
    producing.add(b"k", b"one", "2026-03-01", "x")
    taken = resuming.take_up()
    assert next(taken).value == b"one"
    producing.add(b"k", b"two", "2026-03-01", "x")
    with pytest.raises(Held, match="another run with --resume"):
        next(Spill(tmp_path / "spill").take_up())
    assert list(taken) == []
    resuming.sent()
    assert [i.value for i in Spill(tmp_path / "spill").take_up()] == [b"two"]


def test_a_line_that_was_cut_off_swallows_no_other(tmp_path: Path) -> None:
    (tmp_path / "spill").write_bytes(b'{"ds": "2026-03-01", "rea')
    spill = Spill(tmp_path / "spill")
    spill.add(None, b"whole", "2026-03-01", "x")
    with pytest.raises(WrongUse, match=r"spill.sending:1: .* never counted: take that line out"):
        list(spill.take_up())
    spill.release()
    (tmp_path / "spill.sending").write_bytes(b"".join((tmp_path / "spill.sending").read_bytes().splitlines(keepends=True)[1:]))
    assert [i.value for i in spill.take_up()] == [b"whole"]


def test_an_event_that_is_too_large_is_spilled_at_once(broker: Broker, tmp_path: Path) -> None:
    one = sender(broker, tmp_path / "spill")
    one.run(FromItems([ITEMS[0], Item(None, b"x" * 2_000_000, "2026-03-01")]), Pace(None), Options())
    assert (one.produced, one.acknowledged, one.spill.reasons) == (2, 1, {"MSG_SIZE_TOO_LARGE": 1})


def test_a_resumed_run_that_was_cut_off_sends_all_once_more(tmp_path: Path) -> None:
    spill = Spill(tmp_path / "spill")
    spill.add(b"k", b"\x00one", "2026-03-01", "x")
    killed = Spill(tmp_path / "spill")
    assert [i.value for i in killed.take_up()] == [b"\x00one"]  # and is killed
    killed.release()
    again = Spill(tmp_path / "spill")
    again.add(None, b"two", "2026-03-02", "x")
    assert [(i.key, i.value, i.ds) for i in again.take_up()] == [(b"k", b"\x00one", "2026-03-01"), (None, b"two", "2026-03-02")]
    again.sent()
    assert [p.name for p in tmp_path.iterdir() if p.suffix != ".lock"] == []
    (tmp_path / "spill").write_text("{}\n")
    with pytest.raises(WrongUse, match=r"spill.sending:1: not a spilled event"):
        list(Spill(tmp_path / "spill").take_up())


def test_a_replay_keeps_the_time_between_events(broker: Broker, tmp_path: Path) -> None:
    import time

    items = [Item(b"k", b"{}", "2026-03-01", 1_000_000 + n * 100) for n in range(11)]
    one = sender(broker, tmp_path / "spill")
    began = time.monotonic()
    one.run(FromItems(items, speed=2.0), Pace(None), Options())
    assert 0.5 <= time.monotonic() - began < 3
    assert one.acknowledged == 11


def test_live_events_are_the_models_own() -> None:
    plan = Plan(events=20_000, transactions=5_000, users=1_000, products=400)
    now = 1_790_000_000_000
    one, same, other = Live(plan, 1000, 7), Live(plan, 1000, 7), Live(plan, 1000, 8)
    first = one.take(6_000, now, "2026-09-21")
    assert first == same.take(6_000, now, "2026-09-21")
    import json

    events = []
    for item in first:
        try:
            events.append(json.loads(item.value))
        except ValueError:
            continue
    assert len(events) > 0.99 * len(first)
    ids = Counter(e["event_id"].strip() for e in events if (e.get("event_id") or "").strip())
    assert 0.001 < sum(n - 1 for n in ids.values()) / len(first) < 0.02  # deliveries that came twice
    types = Counter(e.get("event_type", "") for e in events)
    assert types["view"] > types["add_to_cart"] > types["purchase"] > 0
    visits = Counter(e.get("session_id") for e in events)
    assert max(visits.values()) > 5
    assert not set(ids) & {json.loads(i.value)["event_id"] for i in other.take(100, now, "2026-09-21") if i.value.startswith(b'{"event_id":"') and i.value.endswith(b"}")}


def test_live_events_go_on_beyond_the_models_last_one() -> None:
    one = Live(Plan(events=2_000, transactions=500, users=100, products=50), 1000, 7)
    ids = Counter(i.value[:50] for _ in range(6) for i in one.take(1_000, 1_790_000_000_000, "2026-09-21"))
    assert sum(n - 1 for n in ids.values()) < 0.02 * 6_000
