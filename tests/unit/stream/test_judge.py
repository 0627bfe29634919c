"""What the processor's workers make of messages is what the batch build makes of the same messages landed."""

import json
from collections import Counter
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from shoplake.build.plan import Options
from shoplake.build.run import build
from shoplake.generate.options import Plan
from shoplake.lake.layout import Lake
from shoplake.look.opened import opened
from shoplake.stream import judge
from shoplake.stream.broker import Broker
from shoplake.stream.judge import AHEAD_US, judged, recipe
from shoplake.stream.live import Live
from shoplake.stream.minutes import MINUTE_US
from shoplake.stream.split import split
from tests.making import CONTRACTS, session
from tests.unit.stream.kafka import TOPIC, land, send
from tests.unit.stream.test_parse import ODD

TEN_MS = 1_772_359_200_000  # 2026-03-01, 10:00
COLUMNS = ", ".join(name for name in CONTRACTS.table("clean.clickstream").names)


def messages(values: list[bytes | None], kafka_ms: int = TEN_MS) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({
        "value": pa.array(values, pa.binary()), "headers": [[{"key": "ds", "value": b"2026-03-01"}]] * len(values), "partition": pa.array([0] * len(values), pa.int32()),
        "offset": list(range(len(values))), "kafka_us": [kafka_ms * 1000] * len(values),
    })  # fmt: skip


def rows(folder: Path, table: str, columns: str) -> list[tuple[object, ...]]:
    files = [str(p) for p in (folder / table).rglob("*.parquet")]
    with duckdb.connect() as c:
        return c.execute(f"SELECT {columns} FROM read_parquet({files}, hive_partitioning = false) ORDER BY ALL").fetchall()


def test_as_the_batch_judges_them(broker: Broker, tmp_path: Path) -> None:
    plan = Plan(events=5_000, transactions=1_000, users=200, products=60, mess=dict.fromkeys(Plan().mess, 0.04))
    live = [item.value for item in Live(plan, 1000, 7).take(3_000, TEN_MS, "2026-03-01")]
    values: list[bytes] = [*live, *(v for v in ODD if v.strip() and b"\n" not in v)]
    send(broker, [(None, value, [("ds", b"2026-03-01")]) for value in values])
    lake = tmp_path / "lake"
    land(broker, lake, batch=10_000)
    split(Lake(lake), CONTRACTS)
    build(session(lake), Options())
    with opened(session(lake)) as generation:
        reasons = Counter({
            ":".join(r[name] for name in ("reject_reason", "reject_column") if r[name]): int(r["n"])
            for r in generation.dicts("SELECT reject_reason, reject_column, SUM(rejected_rows) AS n FROM ledger.rejections WHERE table_name = 'clickstream' GROUP BY ALL")
        })  # fmt: skip
        wanted = [tuple(r.values()) for r in generation.dicts(f"SELECT {COLUMNS} FROM clean.clickstream ORDER BY ALL")]
    told = recipe(session(lake), TOPIC)
    counted = pa.Table.from_batches(judged([messages(values[:1000]), messages(values[1000:])], told, "stage", "task-1", 0, TEN_MS * 1000)).to_pylist()
    assert {row["task"] for row in counted} == {"task-1-0"}
    assert sum(row["records"] for row in counted) == len(values)
    here = Counter({row["reject"]: row["records"] for row in counted if row["reject"]})
    assert here == reasons
    assert len(here) > 8
    good = rows(lake / "stage/task-1-0", "events", COLUMNS)
    assert set(wanted) <= set(good)
    assert {row[0] for row in good} == {row[0] for row in wanted}  # what came twice is told apart by the batch only
    bad = rows(lake / "stage/task-1-0", "rejected", 'reject, raw_text, "offset"')
    assert Counter(reason for reason, _, _ in bad) == here
    # A worker keeps what it has made ready; nothing of an earlier task comes again.
    again = pa.Table.from_batches(judged([messages(values[:10])], told, "stage", "task-2", 0, 0)).to_pylist()
    assert sum(row["records"] for row in again) == 10


@pytest.mark.parametrize(("behind_us", "late", "ahead"), [(0, 0, 0), (-AHEAD_US, 0, 0), (-AHEAD_US - 1000, 0, 1), (MINUTE_US, 1, 0), (1000, 0, 0)])
def test_late_and_ahead(tmp_path: Path, behind_us: int, late: int, ahead: int) -> None:
    """The watermark is at 10:00 sharp: what happened in the minute before is late."""
    at = TEN_MS * 1000 - behind_us
    value = {"event_id": "e", "event_type": "view", "event_ts": f"{at // 1000}", "visitor_id": "v", "currency": "EUR"}
    told = recipe(session(tmp_path), TOPIC)
    watermark = TEN_MS * 1000 if behind_us != 1000 else TEN_MS * 1000 - MINUTE_US
    (row,) = pa.Table.from_batches(judged([messages([json.dumps(value).encode()])], told, "stage", "t", watermark, 0)).to_pylist()
    assert (row["reject"], row["late"], row["ahead"]) == (None, late, ahead)
    assert row["newest_us"] == (None if ahead else at)
    assert rows(tmp_path / "stage/t-0", "events", "is_late, is_ahead") == [(bool(late), bool(ahead))]


@pytest.mark.parametrize("is_good", [pytest.param(True, marks=pytest.mark.made), False])
def test_large_messages_need_no_more_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_good: bool) -> None:
    """A tenth of the memory, and of what is held, of messages near the largest that a broker takes."""
    monkeypatch.setattr(judge, "MEMORY", "96MB")
    monkeypatch.setattr(judge, "HELD", 8_000_000)
    told = recipe(session(tmp_path), "large-" + str(is_good))
    value = {"event_id": "e", "event_type": "view", "event_ts": "2026-03-01T10:00:00Z", "visitor_id": "v", "currency": "EUR", "page_url": "x" * 900_000}
    line = json.dumps(value).encode() if is_good else b"x" * 900_000
    found = pa.Table.from_batches(judged((messages([line] * 5) for _ in range(40)), told, "stage", "t", 0, 0))
    assert sum(found.column("records").to_pylist()) == 200
    assert len(set(found.column("task").to_pylist())) > 10
    for task in found.column("task").to_pylist():
        assert rows(tmp_path / "stage" / task, "events" if is_good else "rejected", "COUNT(*)")[0][0] > 0
