"""How soon an event is a row that a query finds: from its Kafka timestamp to the moment its batch is accounted for."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from cluster.kafka import Kafka

from shoplake.lake.layout import Lake
from shoplake.stream.side_table import SideTable
from tests.system.streams import make_topic, produce
from tests.system.test_stream_land import note
from tests.system.test_stream_process import process

pytestmark = [pytest.mark.kafka, pytest.mark.long]
WARM, TIMED = 20, 60  # seconds


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kafka]:
    with Kafka(tmp_path_factory.mktemp("broker")) as found:
        yield found


@pytest.mark.parametrize("rate", [1_000, 10_000])
def test_how_soon_an_event_is_a_row(kafka: Kafka, rate: int, tmp_path: Path) -> None:
    topic, lake = f"soon-{rate}", tmp_path / "lake"
    make_topic(kafka, topic)
    table = SideTable(Lake(lake), topic)

    def await_records(wanted: int) -> None:
        until = time.monotonic() + 120
        while ((table.last_account() or {}).get("totals") or {}).get("records", 0) < wanted:
            assert one.poll() is None
            assert time.monotonic() < until
            time.sleep(0.1)

    one = process(kafka, lake, topic, "--trigger", "0")
    try:
        assert produce(kafka, topic, rate * WARM, tmp_path, rate=rate).acknowledged == rate * WARM
        await_records(rate * WARM)
        began_us = time.time_ns() // 1000
        assert produce(kafka, topic, rate * TIMED, tmp_path, rate=rate).acknowledged == rate * TIMED
        await_records(rate * (WARM + TIMED))
    finally:
        one.send_signal(signal.SIGTERM)
        _, said = one.communicate(timeout=60)
    assert one.returncode == 0, said[-2000:]
    there = {account["batch"]: account["at_ms"] for account in table.accounts()}
    files = {name: there[int(Path(name).name[1:13])] for name in table.published(table.folders("events", 4), max(there))}
    with duckdb.connect() as c:
        c.execute("CREATE TABLE seen (name VARCHAR, at_ms BIGINT)")
        c.executemany("INSERT INTO seen VALUES (?, ?)", list(files.items()))
        found = c.execute(
            "SELECT QUANTILE_CONT(at_ms - kafka_us / 1000, [0.5, 0.95, 0.99]), COUNT(*) FROM read_parquet($files, hive_partitioning = false, filename = true) "
            "JOIN seen ON name = filename WHERE kafka_us >= $began",
            {"files": list(files), "began": began_us},
        ).fetchone()
    assert found is not None
    assert found[1] > 0.9 * rate * TIMED  # the rest was rejected
    p50, p95, p99 = (round(ms) for ms in found[0])
    note("event to row", events_per_second=rate, p50_ms=p50, p95_ms=p95, p99_ms=p99, batches=len(there))
    assert p95 < 30_000, "it does not keep up"
