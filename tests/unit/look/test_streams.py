"""Streams beside the warehouse: reconciled with it, and the hour that runs."""

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from shoplake.build.plan import Options
from shoplake.build.run import build
from shoplake.errors import WrongUse
from shoplake.lake.layout import Lake
from shoplake.look.opened import opened
from shoplake.look.reconcile import as_text as reconciled_as_text
from shoplake.look.reconcile import reconcile
from shoplake.look.running_hour import running_hours
from shoplake.stream.minutes import close_minutes
from tests.making import deliver, session
from tests.unit.look.conftest import Ask
from tests.unit.stream.kafka import TOPIC
from tests.unit.stream.processed import DAY, SECOND, TEN, processed


def test_every_event_that_makes_stream_and_batch_differ_is_named(tmp_path: Path) -> None:
    cart = {"event_type": "add_to_cart"}
    bought = {"event_type": "purchase", "quantity": 2, "unit_price": Decimal("2.5000"), "transaction_id": "T1"}
    moments = {"same": 0, "cart": 1, "bought": 2, "late": 3, "ahead": 4, "only_batch": 5, "changed": 6}
    raw = [
        {"event_id": name, "event_type": "view", "event_ts": f"2026-03-01T10:00:0{second}.000Z", "visitor_id": "v1", **({k: str(v) for k, v in {"cart": cart, "bought": bought}.get(name, {}).items()})}
        for name, second in moments.items()
    ]  # fmt: skip
    # Sixty views without a cart: the batch takes such a visitor for a robot.
    raw += [{"event_id": f"bot{n:02}", "event_type": "view", "event_ts": f"2026-03-01T11:{n % 60:02}:{n // 60:02}.000Z", "visitor_id": "robot"} for n in range(70)]
    deliver(tmp_path, "clickstream", "2026-03-01", raw)
    build(session(tmp_path), Options())
    streamed = [{"event_id": name, "event_us": TEN + moments[name] * SECOND, **{k: v for k, v in {"cart": cart, "bought": bought}.get(name, {}).items() if k != "transaction_id"}} for name in moments if name != "only_batch"]
    streamed[3]["is_late"] = streamed[4]["is_ahead"] = True
    changed = next(row for row in streamed if row["event_id"] == "changed")
    changed |= {"event_type": "purchase", "quantity": 1, "unit_price": Decimal("7.0000")}  # the batch took another copy, a view
    streamed += [dict(streamed[2]), {"event_id": "landed since", "event_us": TEN}]
    streamed += [{"event_id": f"bot{n:02}", "event_us": TEN + 3600 * SECOND, "visitor_id": "robot"} for n in range(70)]
    processed(tmp_path, streamed)
    with opened(session(tmp_path)) as one:
        found = reconcile(one, Lake(tmp_path), TOPIC, DAY)
        assert {name: d["events"] for name, d in found.differences.items()} == {"duplicate": 1, "bot": 70, "only_in_stream": 1, "other_content": 0, "late": -1, "ahead": -1, "only_in_batch": -1}
        assert (found.stream["events"], found.batch["events"]) == (76, 7)
        assert (found.stream["revenue"], found.batch["revenue"], found.differences["duplicate"]["revenue"], found.differences["other_content"]["revenue"]) == (17, 5, 5, 7)
        assert set(found.unexplained.values()) == {0}
        assert found.examples["late"] == ["late"]
        assert "duplicate +1 +0 +1 +5.0000 delivered again" in " ".join(reconciled_as_text(found).split())
        with pytest.raises(WrongUse, match="that day is not closed in it"):
            reconcile(one, Lake(tmp_path), TOPIC, DAY + dt.timedelta(1))
        with pytest.raises(WrongUse, match="topic other was not processed"):
            reconcile(one, Lake(tmp_path), "other", DAY)


def test_the_running_hour_is_shown_beside_the_warehouse_and_never_inside(ask: Ask, tmp_path: Path) -> None:
    minute = 60 * SECOND
    deliver(tmp_path, "clickstream", "2026-02-28", [{"event_id": "a", "event_type": "view", "event_ts": "2026-02-28T10:00:00Z", "visitor_id": "v1"}])
    build(session(tmp_path, timezone="Asia/Kolkata"), Options())
    assert running_hours(Lake(tmp_path), "2026-03-01", "UTC") == []

    def bought(name: str, at: int, price: str, currency: str) -> dict[str, Any]:
        return {"event_id": name, "event_us": TEN + at, "event_type": "purchase", "quantity": 2, "unit_price": Decimal(price), "currency": currency}

    # 10:28 UTC is the hour before in India, 10:30 the one that runs. Two are closed, two are open.
    rows = [bought("before", 28 * minute, "1", "EUR"), bought("one", 30 * minute, "2.5", "EUR"), {"event_id": "cart", "event_us": TEN + 30 * minute, "event_type": "add_to_cart"}]
    rows += [bought("two", 36 * minute, "4", "USD"), bought("open", 39 * minute, "10", "EUR"), {"event_id": "view", "event_us": TEN + 39 * minute, "currency": None}]
    rows += [{**bought("late", 31 * minute, "100", "EUR"), "is_late": True}, {**bought("ahead", 59 * minute, "100", "EUR"), "is_ahead": True}]
    newest = TEN + 39 * minute
    table = processed(tmp_path, rows, watermark_us=newest - 5 * minute)
    close_minutes(table, 0, 0, newest - 5 * minute)
    found = json.loads(ask("show", "dashboards", "--json", "--lake", tmp_path).out)
    (hour,) = found["running_hours"]
    assert (hour["topic"], hour["hour"], hour["until"], hour["is_provisional"]) == (TOPIC, "2026-03-01T16:00:00+05:30", "2026-03-01T16:10:00+05:30", True)
    assert [(c["currency"], c["events"], c["carts"], c["purchases"], Decimal(c["revenue"])) for c in hour["currencies"]] == [("EUR", 3, 1, 2, 25), ("USD", 1, 0, 1, 8), (None, 1, 0, 0, 0)]
    text = ask("show", "dashboards", "--lake", tmp_path).out
    assert "Running hour 2026-03-01 16:00 to 16:10, provisional, by the stream clickstream\n    EUR  25.00 in 2 purchases\n    USD  8.00 in 1 purchase\n" in text
    with opened(session(tmp_path)) as one:
        assert one.dicts("SELECT COUNT(*) AS n FROM marts.revenue_hourly") == [{"n": 0}]
    # A stream that is damaged does not keep the warehouse's figures back.
    for path in (next((tmp_path / "stream").rglob("hour=10/*.parquet")), next((tmp_path / "stream").rglob("batches/*.json"))):
        whole = path.read_bytes()
        path.write_bytes(whole[:20])
        shown = ask("show", "dashboards", "--lake", tmp_path)
        assert shown.code == 0, shown.err
        assert f"Running hour of the stream {TOPIC}: not shown. " in shown.out
        path.write_bytes(whole)
    # The day that is shown as the last may still run; one before it is the warehouse's alone to tell.
    assert len(running_hours(Lake(tmp_path), "2026-03-02", "Asia/Kolkata")) == 1
    assert running_hours(Lake(tmp_path), "2026-03-03", "Asia/Kolkata") == []
