"""The processor on a real Spark and a real broker: killed, restarted, and read by a plain list of its files."""

import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from cluster.kafka import Kafka
from cluster.resolve import resolve

from shoplake.build.plan import Options as BuildOptions
from shoplake.build.run import build
from shoplake.lake.layout import Lake
from shoplake.look.opened import opened
from shoplake.look.reconcile import reconcile
from shoplake.stream.minutes import minute_metrics
from shoplake.stream.side_table import SideTable
from shoplake.stream.split import split
from shoplake.stream.wire import headers
from tests.making import CONTRACTS, session
from tests.system.streams import SHOPLAKE, broker_of, landers, make_topic, produce, repeat, topic_values
from tests.system.test_stream_land import note

pytestmark = pytest.mark.kafka
POINTS = ("before_publish", "in_publish", "between_tables", "before_account", "after_account")


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    with Kafka(tmp_path_factory.mktemp("broker")) as found:
        yield found


def process(kafka: Kafka, lake: Path, topic: str, *words: str, kill_at: str = "") -> "subprocess.Popen[str]":
    command = [str(SHOPLAKE), "--lake", str(lake), "--memory", "1GB", "stream", "process", "--topic", topic, "--jars", f"{resolve('spark-kafka')}/lib", *words]
    environment = {**os.environ, "SHOPLAKE_KAFKA": kafka.bootstrap, "SHOPLAKE_KILL_AT": kill_at}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def finish(kafka: Kafka, lake: Path, topic: str, *words: str) -> str:
    one = process(kafka, lake, topic, "--until-end", *words)
    _, said = one.communicate(timeout=240)
    assert one.returncode == 0, said[-3000:]
    return said


def rows(lake: Path, topic: str, table: str, columns: str) -> list[tuple[Any, ...]]:
    """By a plain list of the files, as any reader finds them."""
    files = sorted(str(p) for p in (lake / "stream" / topic / table).rglob("*.parquet"))
    if not files:
        return []
    with duckdb.connect() as c:
        return c.execute(f"SELECT {columns} FROM read_parquet({files}, hive_partitioning = false)").fetchall()


def send_at(kafka: Kafka, topic: str, events: list[tuple[str, str]]) -> None:
    """Events of these ids and times."""
    producer = broker_of(kafka).producer()
    for name, moment in events:
        value = {"event_id": name, "event_type": "purchase", "event_ts": moment, "visitor_id": f"v-{name}", "quantity": 1, "unit_price": 2.5, "currency": "EUR"}
        producer.produce(topic, value=json.dumps(value), key="v", headers=headers("2026-03-01"), timestamp=1_772_359_200_000)  # 10:00
    assert producer.flush(30) == 0


def test_killed_and_read_plainly(kafka: Kafka, tmp_path: Path) -> None:
    kills, events = repeat(3, 50), repeat(15_000, 200_000)
    topic, lake = "killed", tmp_path / "lake"
    make_topic(kafka, topic, partitions=2)
    assert produce(kafka, topic, events, tmp_path).acknowledged == events
    draw = random.Random(9)
    for number in range(kills):
        words = ("--until-end", "--most", str(events // (kills * 4)))
        if number % 2:  # the whole of it, Spark's process included, at any moment after it has done a batch
            done = len(SideTable(Lake(lake), topic).accounts())
            one = process(kafka, lake, topic, *words)
            until = time.monotonic() + 200
            while len(SideTable(Lake(lake), topic).accounts()) == done and one.poll() is None:
                assert time.monotonic() < until
                time.sleep(0.05)
            time.sleep(draw.uniform(0, 4))
            os.killpg(one.pid, signal.SIGKILL)
        else:
            one = process(kafka, lake, topic, *words, kill_at=f"{POINTS[number // 2 % len(POINTS)]}:{draw.randint(1, 3)}")
        one.communicate(timeout=240)
        assert one.returncode == -9
    before_the_last = len(SideTable(Lake(lake), topic).accounts())
    assert before_the_last >= kills // 2
    finish(kafka, lake, topic)
    good, bad = rows(lake, topic, "events", '"partition", "offset", is_late'), rows(lake, topic, "rejected", '"partition", "offset", reject')
    seen = Counter((p, o) for p, o, _ in [*good, *bad])
    assert len(seen) == events
    assert set(seen.values()) == {1}
    accounts = SideTable(Lake(lake), topic).accounts()
    assert sum(a["records"] for a in accounts) == events == sum(a["good"] for a in accounts) + len(bad)
    assert sum((Counter(a["rejected"]) for a in accounts), Counter()) == Counter(r for _, _, r in bad)
    assert sum(a["late"] for a in accounts) == sum(late for _, _, late in good)
    assert not list((lake / "stream").rglob(".stage/*/*/*.parquet"))
    note("processor killed", kills=kills, records=events, lost=0, twice=0, batches=len(accounts))
    figures = minute_metrics(SideTable(Lake(lake), topic)).to_pylist()
    on_time = rows(lake, topic, "events", "event_us // 60000000, device_type, utm_medium, currency, event_type, visitor_id, quantity * unit_price, is_late OR is_ahead")
    expected: dict[Any, list[Any]] = {}
    for minute, device, medium, currency, kind, visitor, amount, left_out in on_time:
        if not left_out:
            one_minute = expected.setdefault((minute, device, medium, currency), [0, 0, 0, 0, set()])
            one_minute[0] += 1
            one_minute[1] += kind == "add_to_cart"
            one_minute[2] += kind == "purchase"
            one_minute[3] += (amount or 0) if kind == "purchase" else 0
            one_minute[4].add(visitor)
    found = {
        (int(f["minute"].timestamp()) // 60, f["device_type"], f["utm_medium"], f["currency"]): [f["event_count"], f["cart_count"], f["purchase_count"], f["revenue_amount"], f["visitor_count"]]
        for f in figures
    }  # fmt: skip
    assert found == {key: [*values[:4], len(values[4])] for key, values in expected.items()}
    the_batch_agrees(kafka, lake, topic, Counter(r for _, _, r in bad))


def the_batch_agrees(kafka: Kafka, lake: Path, topic: str, rejected: Counter[str]) -> None:
    """The same topic landed and built: the same records rejected for the same reasons, and every difference of the figures named."""
    with landers(kafka, topic, lake) as one:
        one.finish()
    split(Lake(lake), CONTRACTS)
    build(session(lake), BuildOptions())
    with opened(session(lake)) as generation:
        rows = generation.dicts("SELECT reject_reason, reject_column, SUM(rejected_rows) AS n FROM ledger.rejections GROUP BY ALL")
        assert Counter({f"{r['reject_reason']}:{r['reject_column']}".removesuffix(":None").removesuffix(":"): int(r["n"]) for r in rows}) == rejected
        days = [r["event_date"] for r in generation.dicts("SELECT event_date, COUNT(*) AS n FROM core.fact_clickstream GROUP BY ALL ORDER BY n DESC")]
        found = reconcile(generation, Lake(lake), topic, days[0])
    assert set(found.unexplained.values()) == {0}
    assert set(found.differences) <= {"duplicate", "bot", "late", "other_content"}
    assert found.differences["duplicate"]["events"] > 0


def test_an_event_from_the_future_and_one_from_the_past(kafka: Kafka, tmp_path: Path) -> None:
    topic, lake = "times", tmp_path / "lake"
    make_topic(kafka, topic, partitions=1)
    send_at(kafka, topic, [("a", "2026-03-01T10:00:01Z"), ("2030", "2030-03-01T10:00:00Z"), ("ahead", "2026-03-01T10:20:00Z"), ("b", "2026-03-01T10:07:00Z")])
    finish(kafka, lake, topic)
    send_at(kafka, topic, [("on time", "2026-03-01T10:02:01Z"), ("late", "2026-03-01T10:00:30Z"), ("c", "2026-03-01T10:08:00Z")])
    producer = broker_of(kafka).producer()
    for value, told in ((b"not JSON", None), (None, None), (b"two\nlines", None), (b"{}", [("schema_version", b"9")]), (b"[1]", None)):
        producer.produce(topic, value=value, headers=told)
    assert producer.flush(30) == 0
    finish(kafka, lake, topic)
    events = {name: (late, ahead) for name, late, ahead in rows(lake, topic, "events", "event_id, is_late, is_ahead")}
    assert events == {"a": (False, False), "b": (False, False), "ahead": (False, True), "on time": (False, False), "late": (True, False), "c": (False, False)}
    rejected = Counter(r for (r,) in rows(lake, topic, "rejected", "reject"))
    assert rejected == {"future_timestamp:event_ts": 1, "malformed": 2, "null_value": 1, "newline": 1, "schema_version": 1}
    figures = {f["minute"].strftime("%H:%M"): (f["event_count"], f["revenue_amount"], f["is_open"]) for f in minute_metrics(SideTable(Lake(lake), topic)).to_pylist()}
    assert {k: (n, float(r), o) for k, (n, r, o) in figures.items()} == {"10:00": (1, 2.5, False), "10:02": (1, 2.5, False), "10:07": (1, 2.5, True), "10:08": (1, 2.5, True)}
    letters = topic_values(kafka, f"{topic}-dead-letters")
    assert len(letters) == sum(rejected.values())


def test_a_checkpoint_and_its_output_belong_together(kafka: Kafka, tmp_path: Path) -> None:
    topic, lake = "belongs", tmp_path / "lake"
    make_topic(kafka, topic, partitions=1)
    send_at(kafka, topic, [("a", "2026-03-01T10:00:01Z")])
    finish(kafka, lake, topic)
    whole = tmp_path / "whole"
    shutil.copytree(lake, whole)
    folder = lake / "stream" / topic

    def refused(said: str) -> None:
        one = process(kafka, lake, topic, "--until-end")
        _, told = one.communicate(timeout=120)
        assert one.returncode == 2, told[-2000:]
        assert said in told
        shutil.rmtree(lake)
        shutil.copytree(whole, lake)

    shutil.rmtree(folder / "checkpoint")
    refused("no checkpoint, but there is output of one")
    (folder / "job.json").unlink()
    refused("a checkpoint without its output")
    (folder / "checkpoint/metadata").write_text('{"id":"another"}')
    refused("it is the checkpoint of another job")
    (folder / "checkpoint/metadata").write_text("{")
    refused("damaged")
    (folder / "batches/b000000000000.json").unlink()
    refused("the checkpoint has done batch 0, and its account is missing")
    finish(kafka, lake, topic)
    assert len(rows(lake, topic, "events", "event_id")) == 1
