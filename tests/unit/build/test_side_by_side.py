"""Batches cleaned side by side: the same rows and files as one after another, and an end when one of them cannot go on."""

import threading
import time
from concurrent.futures import Future
from pathlib import Path

import pytest

from shoplake.build import clean
from shoplake.build.clean import Arrival, batches
from shoplake.build.plan import Options
from shoplake.build.run import build
from shoplake.engines.duckdb import DuckDB
from shoplake.errors import CheckFailed, ShoplakeError
from shoplake.lake.layout import Lake
from shoplake.lake.manifest import Partition, current_generation, read_manifest
from shoplake.lake.receipts import RawFile
from tests.making import deliver, session, tables

DAYS = [f"2025-05-{day:02}" for day in range(1, 13)]
AGENTS = ["Googlebot/2.1 (+http://www.google.com/bot.html)", "curl/8.5.0", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"]


def _shop(root: Path) -> None:
    """Twelve days of clicks and orders: robots on each day, copies, and what is rejected."""
    for n, ds in enumerate(DAYS):
        event = {"event_type": "view", "visitor_id": "v", "unit_price": "1.5", "quantity": "2"}
        clicks = [{**event, "event_id": f"{ds}-{k}", "event_ts": f"{ds} 10:00:{k:02}", "user_agent": f"{AGENTS[k % 3]}{' ' * (k % 2)}"} for k in range(12)]
        clicks += [clicks[2], {**event, "event_id": f"{ds}-late", "event_ts": "2025-02-30 10:00:00"}, {**event, "event_id": f"{ds}-new", "event_ts": f"{ds} 11:00:00", "user_agent": f"bot{n}"}]
        order = {"line_number": "1", "user_id": "u1", "product_id": "p1", "quantity": "1", "unit_price": "2.50", "ordered_at": f"{ds} 12:00:00", "status": "paid"}
        orders = [{**order, "transaction_id": f"{ds}-{k}"} for k in range(3)]
        deliver(root, "clickstream", ds, clicks)
        deliver(root, "transactions", ds, [*orders, orders[0], {**order, "transaction_id": f"{ds}-odd", "quantity": "none"}])


def _divided(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every table of a small shop many batches."""
    monkeypatch.setattr(clean, "SMALL_BYTES", 0)
    monkeypatch.setattr(clean, "BATCH_BYTES", 3000)


def _counts(root: Path) -> list[tuple[object, ...]]:
    def of(p: Partition) -> tuple[object, ...]:
        return p.table, p.ds, p.b, p.landed, p.clean, p.duplicate, p.rejected, p.reasons, [f.rows for f in p.clean_files], [f.rows for f in p.rejected_files]

    return [of(p) for p in read_manifest(Lake(root)).partitions]


def test_side_by_side_gives_what_one_after_another_gives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("alone", "apart", "many"):
        _shop(tmp_path / name)
    build(session(tmp_path / "alone"), Options())
    _divided(monkeypatch)
    seen: set[str] = set()
    judge = clean.judge

    def watched(engine: DuckDB, *more: object) -> None:
        seen.add(engine.number)
        judge(engine, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(clean, "judge", watched)
    build(session(tmp_path / "apart", threads="2"), Options())
    assert seen == {"_0", "_1"}
    build(session(tmp_path / "many", threads="5"), Options())
    assert _counts(tmp_path / "alone") == _counts(tmp_path / "apart") == _counts(tmp_path / "many")
    assert tables(tmp_path / "alone") == tables(tmp_path / "apart") == tables(tmp_path / "many")
    clicks = [p for p in read_manifest(Lake(tmp_path / "apart")).partitions if p.table == "clickstream"]
    assert [(p.clean, p.duplicate, p.reasons) for p in clicks] == [(4, 1, {"bad_timestamp:event_ts": 1, "bot:user_agent": 9})] * len(DAYS)


def test_one_large_arrival_has_all_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _shop(tmp_path / "lake")
    sizes: list[int] = []
    judge = clean.judge

    def watched(engine: DuckDB, *more: object) -> None:
        sizes.append(engine.threads)
        judge(engine, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(clean, "judge", watched)
    build(session(tmp_path / "lake", threads="2"), Options())
    assert sizes == [2, 2]


def test_a_changed_file_ends_all_batches_and_nothing_is_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "lake"
    _shop(root)
    file = root / f"raw/clickstream/ds={DAYS[7]}/part-test.jsonl"
    file.write_bytes(file.read_bytes().replace(b"v", b"w", 1))
    _divided(monkeypatch)
    before = threading.active_count()
    with pytest.raises(CheckFailed, match=f"ds={DAYS[7]}.*changed since it landed"):
        build(session(root, threads="2"), Options())
    assert current_generation(Lake(root)) is None
    assert threading.active_count() == before


def test_what_runs_is_interrupted_when_one_fails(tmp_path: Path) -> None:
    engine = DuckDB(threads=2, memory="1GB", scratch=tmp_path)
    started, began = threading.Event(), time.monotonic()

    def endless(other: DuckDB) -> None:
        started.set()
        other.rows("SELECT COUNT(*) FROM range(1000000000000) AS a(i) WHERE HASH(i) = 1")

    def failing(other: DuckDB) -> None:
        started.wait()
        other.rows("SELECT * FROM nowhere")

    works: list[Future[None]] = []

    def attempt() -> None:
        with engine.side_by_side(2) as run:
            works.extend([run(failing), *(run(endless) for _ in range(5))])
            works[0].result()

    with pytest.raises(ShoplakeError, match="nowhere"):
        attempt()
    assert all(work.done() for work in works)
    assert sum(work.cancelled() for work in works) >= 2
    assert time.monotonic() - began < 30
    assert engine.rows("SELECT 1") == [(1,)]
    engine.close()


@pytest.mark.parametrize("at_once", [1, 2])
@pytest.mark.parametrize("sizes", [[1], [5] * 40, [100, *[1] * 30], [*[1] * 30, 100], [0, 0, 0], list(range(50))])
def test_batches_are_the_arrivals_in_their_order(sizes: list[int], at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clean, "SMALL_BYTES", 10)
    monkeypatch.setattr(clean, "BATCH_BYTES", 60)
    monkeypatch.setattr(clean, "DAY_BYTES", 1)
    arrivals = [Arrival("t", str(n), "", (RawFile("", "t", str(n), "csv", "plain", 1, size, ""),)) for n, size in enumerate(sizes)]
    found = batches(arrivals, at_once)
    assert [one for batch in found for one in batch] == arrivals
    assert all(found)
    for batch in found:
        assert len(batch) == 1 or sum(a.bytes for a in batch) <= 2 * 60 / at_once + max(sizes)
