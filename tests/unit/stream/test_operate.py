"""How streams are, and kept alive."""

import json
import os
from decimal import Decimal
from pathlib import Path

import pytest

from shoplake.errors import CheckFailed, Held, WrongUse
from shoplake.lake.layout import Lake
from shoplake.stream.broker import Broker
from shoplake.stream.clock import now_ms
from shoplake.stream.minutes import close_minutes, minute_metrics
from shoplake.stream.minutes_text import as_text, last_minutes
from shoplake.stream.pulse import process_token
from shoplake.stream.side_table import SideTable
from shoplake.stream.status import as_text as status_as_text
from shoplake.stream.status import status
from shoplake.stream.supervise import supervise
from tests.unit.stream.kafka import TOPIC, event, land, send
from tests.unit.stream.processed import SECOND, TEN, processed


def test_minutes_close_once_and_open_ones_are_provisional(tmp_path: Path) -> None:
    minute = 60 * SECOND
    rows = [{"event_id": f"e{n}", "event_us": TEN + n * minute // 2, "visitor_id": f"v{n % 2}", **({"event_type": "purchase", "quantity": 1, "unit_price": Decimal("3.1000")} if n == 1 else {})} for n in range(8)]
    watermark = TEN + 2 * minute + 5
    table = processed(tmp_path, rows, watermark_us=watermark)
    for _ in range(2):  # done again, it writes the same
        assert len(close_minutes(table, 0, 0, watermark)) == 2
    found = last_minutes(Lake(tmp_path), TOPIC, 10)
    assert [(r["minute"].strftime("%H:%M"), r["event_count"], r["visitor_count"], r["is_open"]) for r in found] == [
        ("10:00", 2, 2, False), ("10:01", 2, 2, False), ("10:02", 2, 2, True), ("10:03", 2, 2, True),
    ]  # fmt: skip
    text = as_text(found)
    assert "2026-03-01 10:00         2        2      0         1           3.10 EUR\n" in text
    assert text.endswith("EUR  provisional")
    processed(tmp_path, [{"event_id": "late", "event_us": TEN, "is_late": True}], batch=1, watermark_us=watermark)
    assert minute_metrics(table).num_rows == 4
    assert sum(r["event_count"] for r in last_minutes(Lake(tmp_path), TOPIC, 10)) == 8
    with pytest.raises(WrongUse, match="nothing was processed yet"):
        last_minutes(Lake(tmp_path), "other", 1)


def test_status(broker: Broker, tmp_path: Path) -> None:
    send(broker, [event(n) for n in range(40)])
    land(broker, tmp_path)
    send(broker, [event(n) for n in range(40, 45)])
    found = status(Lake(tmp_path), broker)
    assert found["brokers"] == 1
    assert sum(found["landed"][0]["lag"].values()) == 5
    assert found["troubles"] == []
    jobs = tmp_path / "landed/stream/jobs"
    jobs.mkdir(parents=True)
    pulse = {"job": "consume", "pid": 2**22 + 1, "state": "running", "at_ms": now_ms(), "records": 7}
    (jobs / "a.json").write_text(json.dumps(pulse))
    assert status(Lake(tmp_path), broker)["troubles"] == [f"consume (pid {2**22 + 1}): ended without a word"]
    (jobs / "b.json").write_text(json.dumps({**pulse, "pid": os.getpid(), "at_ms": now_ms() - 70_000}))
    assert any("has said nothing for 70 s" in t for t in status(Lake(tmp_path), broker)["troubles"])
    # One that was started after it was killed takes its place; one that ran beside it does not.
    beside = {**pulse, "pid": os.getpid(), "started_at_ms": now_ms() - 10_000, "process": process_token(os.getpid())}
    (jobs / "b.json").write_text(json.dumps(beside))
    assert len(status(Lake(tmp_path), broker)["troubles"]) == 1
    (jobs / "c.json").write_text(json.dumps({**beside, "process": "of another start", "at_ms": now_ms()}))
    assert len(status(Lake(tmp_path), broker)["troubles"]) == 2
    (jobs / "c.json").write_text("{}")
    (jobs / "b.json").write_text(json.dumps({**beside, "started_at_ms": now_ms() + 1}))
    found = status(Lake(tmp_path), broker)
    assert found["troubles"] == []
    assert f"job        consume (pid {os.getpid()}): running, 7 records" in status_as_text(found)


def test_a_supervisor_gives_up_loudly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = Lake(tmp_path)
    lake.create()
    said: list[str] = []
    words = ["--lake", str(tmp_path), "stream", "audit", "--offline"]
    assert supervise(lake, words) == 0
    monkeypatch.setenv("SHOPLAKE_THREADS", "many")  # wrong use: no restart mends it
    with pytest.raises(CheckFailed, match="exit code 2, which no restart mends"):
        supervise(lake, words, first_wait=0.01, say=said.append)
    assert said == []
    monkeypatch.delenv("SHOPLAKE_THREADS")
    damaged = tmp_path / "landed/stream/clickstream@t/0/clickstream-0-00000000000000000000-00000000000000000009.tsv"
    damaged.parent.mkdir(parents=True)
    damaged.touch()
    with pytest.raises(CheckFailed, match=r"ended 4 times within 60 minutes \(last exit code 1\)"):
        supervise(lake, words, first_wait=0.01, say=said.append)
    assert [line.partition("; ")[2][:12] for line in said] == ["restart 1 of", "restart 2 of", "restart 3 of"]


def test_there_is_one_supervisor_for_each_job(tmp_path: Path) -> None:
    from filelock import FileLock

    lake = Lake(tmp_path)
    lake.create()
    words = ["stream", "audit", "--offline"]
    (tmp_path / "landed/stream/jobs").mkdir(parents=True)
    with FileLock(tmp_path / "landed/stream/jobs/.audit-clickstream.lock"), pytest.raises(Held, match="is supervised already"):
        supervise(lake, words)


def test_the_last_account_holds_the_sums_of_all(broker: Broker, tmp_path: Path) -> None:
    for batch in (0, 1, 2, 2):  # the last was done again
        table = processed(tmp_path, [{"event_id": f"{batch}-{n}", "event_us": TEN} for n in range(batch + 1)], batch)
    last = table.last_account()
    assert last is not None
    assert last["totals"] == {"records": 6, "good": 6, "late": 0, "ahead": 0, "batches": 3, "rejected": {"malformed": 6}, "ends": {"0": 3}}
    (found,) = status(Lake(tmp_path), broker)["processed"]
    assert (found["batches"], found["rejected"]) == (3, {"malformed": 6})


def checkpoint(root: Path, planned: list[int], done: list[int]) -> SideTable:
    """What Spark leaves of so many batches, each with its account."""
    table = SideTable(Lake(root), TOPIC)
    for name, batches in (("offsets", planned), ("commits", done)):
        (root / table.checkpoint / name).mkdir(parents=True, exist_ok=True)
        for batch in batches:
            (root / table.checkpoint / name / str(batch)).write_text("v1\n{}")
    (root / table.checkpoint / "metadata").write_text('{"id":"query"}')
    return table


@pytest.mark.parametrize(
    ("planned", "done", "accounts", "said"),
    [
        ([0, 1], [0], [0], None),
        ([0, 1], [0], [0, 1], None),  # killed behind its account and before its commit: it is done again
        ([0, 1], [], [0], None),
        ([], [0], [0], r"batch 0 is done, and what it read is missing"),
        ([0], [0], [], r"the checkpoint has done batch 0, and its account is missing"),
        ([0], [0], [0, 1], r"batch 1 has an account, and what it read is missing"),
        ([], [], [0], r"batch 0 has an account, and what it read is missing"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_told_before_spark_starts(planned: list[int], done: list[int], accounts: list[int], said: str | None, tmp_path: Path) -> None:
    table = checkpoint(tmp_path, planned, done)
    table.own("query", "t")
    for batch in accounts:
        table.close(batch, {"batch": batch})
    if said is None:
        table.check("t")
        (tmp_path / table.checkpoint / "offsets" / "0").write_text("")
        said = r"offsets/0: damaged: found 0 bytes"
    with pytest.raises(WrongUse, match=said):
        table.check("t")


def test_a_checkpoint_is_of_one_topic_and_one_output(tmp_path: Path) -> None:
    table = checkpoint(tmp_path, [], [])
    table.check("t")  # begun by a run that was killed at once: it is taken over
    (table.local / "events").mkdir()
    with pytest.raises(WrongUse, match="a checkpoint without its output"):
        table.check("t")
    table.own("query", "t")
    with pytest.raises(WrongUse, match="as it was before it was made anew"):
        table.check("another")
    with table.lock(), pytest.raises(Held, match="another processor is at work"), SideTable(Lake(tmp_path), TOPIC).lock():
        pass
    with SideTable(Lake(tmp_path), TOPIC).lock():  # let go
        pass


def test_old_accounts_go_and_the_newest_holds_their_sums(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shoplake.stream.side_table.KEPT_ACCOUNTS", 2)
    table = SideTable(Lake(tmp_path), TOPIC)
    for batch in range(5):
        account = {"batch": batch, "records": 1, "good": 1, "late": 0, "ahead": 0, "rejected": {}, "offsets": {"0": [batch, batch]}}
        table.close(batch, {**account, "totals": table.totals(account)})
    assert [a["batch"] for a in table.accounts()] == [3, 4]
    assert table.account(4)["totals"]["records"] == 5


def test_what_a_worker_of_spark_says_is_told() -> None:
    from shoplake.stream.process import worker_words

    said = """
  An exception was thrown from the Python worker. Please see the stack trace below.
Traceback (most recent call last):
  File "judge.py", line 120, in run
    raise explain(e, sql) from e
shoplake.errors.ShoplakeError: DuckDB: IO Error: Could not write to file "x.parquet": No space left on device

org.apache.spark.api.python.PythonException: Traceback
"""
    assert worker_words(said) == 'DuckDB: IO Error: Could not write to file "x.parquet": No space left on device'
    assert worker_words("java.io.IOException: no") is None
