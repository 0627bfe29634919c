"""One writer at a time, checks before publication, rolling generations, and readers that see one generation whole."""

import multiprocessing
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import duckdb
import pytest

from shoplake.errors import CheckFailed, Held, Lacking, WrongUse
from shoplake.lake.layout import Lake
from shoplake.lake.manifest import current_generation, kept_generations, read_manifest, sha256_of
from shoplake.lake.publish import locked
from tests.making import ask, deliver, run, tables


def order(n: int, day: str = "2025-05-02", **more: Any) -> dict[str, Any]:
    return {
        "transaction_id": f"t{n}",
        "line_number": 1,
        "product_id": "p",
        "quantity": 1,
        "unit_price": 5,
        "ordered_at": f"{day}T10:00:00Z",
        **more,
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("built") / "lake"
    deliver(made, "transactions", "2025-05-02", [order(n) for n in range(5)])
    run(made)
    return made


@pytest.fixture
def lake(built: Path, tmp_path: Path) -> Path:
    return shutil.copytree(built, tmp_path / "lake", symlinks=True)


def hold(lake: Path, held: Any, release: Any) -> None:
    with locked(Lake(lake)):
        held.set()
        release.wait(30)


def test_a_second_build_says_who_holds_the_lock(lake: Path) -> None:
    context = multiprocessing.get_context("spawn")
    held, release = context.Event(), context.Event()
    other = context.Process(target=hold, args=(lake, held, release))
    other.start()
    assert held.wait(30)
    try:
        with pytest.raises(Held, match=f"held by process {other.pid}"):
            run(lake)
    finally:
        release.set()
        other.join()
    assert run(lake).generation is None


def test_a_failed_check_publishes_nothing(lake: Path, tmp_path: Path) -> None:
    from shoplake.contracts.project import project_folder

    project = tmp_path / "project"
    for part in ("contracts", "warehouse"):
        shutil.copytree(project_folder() / part, project / part)
    path = project / "contracts/marts/agg_daily_sales.yml"
    path.write_text(
        path.read_text().replace(
            "not_empty_when: marts.order_lines}", "not_empty_when: marts.order_lines, range: {order_count: {max: 3}}}"
        )
    )
    before = tables(lake)
    with pytest.raises(
        CheckFailed, match="marts.agg_daily_sales: order_count at most 3: 1 rows, for example order_date = 2025-05-02"
    ):
        run(lake, project=str(project))
    assert current_generation(Lake(lake)) == 1
    assert tables(lake) == before
    assert len(list((lake / "gen").glob("*.duckdb"))) <= 2
    assert run(lake).generation is None
    assert len(list((lake / "gen").glob("*.duckdb"))) == 1


def test_a_raw_file_changed_after_landing_stops_the_build(lake: Path) -> None:
    deliver(lake, "transactions", "2025-05-03", [order(n, "2025-05-03") for n in range(10, 13)])
    path = next((lake / "raw/transactions/ds=2025-05-03").glob("part-*.csv"))
    path.write_bytes(path.read_bytes().replace(b",5,", b",6,"))
    with pytest.raises(CheckFailed, match="changed since it landed"):
        run(lake)
    path.unlink()
    with pytest.raises(CheckFailed, match="missing"):
        run(lake)
    assert current_generation(Lake(lake)) == 1


def test_a_published_file_that_is_gone_or_cut_stops_the_build_until_it_is_made_anew(lake: Path) -> None:
    expected = None
    for which in ("clean", "database"):
        parent = read_manifest(Lake(lake))
        clean = next(f for p in parent.partitions for f in p.clean_files)
        path = lake / (clean if which == "clean" else parent.database).path
        deliver(lake, "transactions", "2025-05-03", [order(n, "2025-05-03") for n in range(10, 13)], name=which)
        path.chmod(0o644)
        if which == "clean":
            path.unlink()
        else:
            path.write_bytes(path.read_bytes()[:-1])
        with pytest.raises(CheckFailed, match=f"{path.name}: .*expected [0-9]+ bytes .*build --full"):
            run(lake, select=("marts.agg_daily_sales",)) if which == "database" else run(lake)
        assert current_generation(Lake(lake)) == parent.generation
        assert run(lake, full=True).is_full
        expected = tables(lake)
    assert expected
    assert len(expected["core.fact_transactions"]) == 8


def test_records_that_were_miscounted_stop_the_build(lake: Path) -> None:
    deliver(lake, "transactions", "2025-05-03", [order(n, "2025-05-03") for n in range(10, 13)])
    receipt = lake / "raw/_receipts/test-transactions-2025-05-03.json"
    receipt.write_text(receipt.read_text().replace('"rows": 3', '"rows": 4'))
    with pytest.raises(CheckFailed, match="4 records landed, but 3 clean"):
        run(lake)


def test_full_replaces_no_published_file(lake: Path) -> None:
    """A generation stays as it was written: whole builds of the same inputs take other names."""
    before = {f.path: f.sha256 for f in read_manifest(Lake(lake)).files()}
    run(lake, full=True)
    assert {path: sha256_of(lake / path) for path in before} == before
    (lake / "raw/transactions/ds=2025-05-02").joinpath("part-test.csv").write_text("gone")
    with pytest.raises(CheckFailed):
        run(lake, full=True)
    assert {path: sha256_of(lake / path) for path in before} == before


def test_generations_are_kept_and_forgotten(lake: Path) -> None:
    for n in range(3):
        deliver(lake, "transactions", f"2025-05-{10 + n}", [order(100 + n, f"2025-05-{10 + n}")])
        run(lake)
    assert kept_generations(Lake(lake)) == [1, 2, 3, 4]
    assert len(tables(lake, generation=1)["core.fact_transactions"]) == 5
    with pytest.raises(WrongUse, match="generation 99: not kept"):
        read_manifest(Lake(lake), 99)


def test_an_empty_closed_day_stops_even_when_nothing_arrives(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    for n in range(1, 20):
        deliver(lake, "transactions", f"2025-05-{n:02d}", [order(n * 10 + i, f"2025-05-{n:02d}") for i in range(3)])
    assert run(lake, ds="2025-05-20").generation == 1
    with pytest.raises(CheckFailed, match="ds=2025-05-20: nothing has arrived, usually 3 records"):
        run(lake, ds="2025-05-21")
    for n in range(21, 29):
        deliver(lake, "transactions", f"2025-05-{n:02d}", [order(n * 10 + i, f"2025-05-{n:02d}") for i in range(3)])
    with pytest.raises(CheckFailed, match="ds=2025-05-20: nothing has arrived"):
        run(lake, ds="2025-05-29")
    assert current_generation(Lake(lake)) == 1
    assert run(lake, ds="2025-05-29", allow_empty=("2025-05-20",)).generation == 2
    assert run(lake, ds="2025-05-29").generation is None  # vouched for once


def test_a_far_too_small_closed_day_stops(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    for n in range(1, 29):
        deliver(
            lake,
            "transactions",
            f"2025-05-{n:02d}",
            [order(n * 100 + i, f"2025-05-{n:02d}") for i in range(1 if n == 28 else 10)],
        )
    with pytest.raises(CheckFailed, match="ds=2025-05-28: 1 records, usually 10"):
        run(lake, closed=("2025-05-28",))
    assert run(lake).generation == 1


def test_the_wrong_options_are_refused(lake: Path) -> None:
    with pytest.raises(WrongUse, match="--from 2025-05-03 is after --to 2025-05-01"):
        run(lake, first_ds="2025-05-03", last_ds="2025-05-01")
    with pytest.raises(WrongUse, match="--as-of: found 'soon'"):
        run(lake, as_of="soon")
    with pytest.raises(WrongUse, match="Did you mean core.dim_users"):
        run(lake, select=("core.dim_user",))
    with pytest.raises(WrongUse, match="unknown time zone 'Europe/Lundon'.*Did you mean Europe/London"):
        run(lake, timezone="Europe/Lundon")


def test_select_rebuilds_what_depends_on_it_and_nothing_else(lake: Path) -> None:
    deliver(lake, "transactions", "2025-05-09", [order(50, "2025-05-09")])
    before = tables(lake)
    result = run(lake, select=("core.dim_products+",))
    assert result.generation == 2
    assert tables(lake) == before  # the new arrival is not taken in
    assert run(lake).generation == 3
    assert len(tables(lake)["core.fact_transactions"]) == 6


def test_from_and_to_take_in_only_these_days(lake: Path) -> None:
    deliver(lake, "transactions", "2025-05-09", [order(50, "2025-05-09")])
    deliver(lake, "transactions", "2025-05-10", [order(51, "2025-05-10")])
    run(lake, first_ds="2025-05-10", last_ds="2025-05-10")
    assert [r[0] for r in ask(lake, "SELECT transaction_id FROM gen.core.fact_transactions ORDER BY 1")] == [
        "t0",
        "t1",
        "t2",
        "t3",
        "t4",
        "t51",
    ]


def test_a_lake_of_a_newer_version_is_refused(lake: Path) -> None:
    (lake / "format_version").write_text("2\n")
    with pytest.raises(Lacking, match="this lake has format 2, this shoplake reads up to 1"):
        run(lake)


def test_a_damaged_pointer_names_the_remedy(lake: Path) -> None:
    (lake / "CURRENT").write_text("gen-000009\n")
    with pytest.raises(WrongUse, match="found 'gen-000009', expected the name of a kept generation \\(gen-000001\\)"):
        run(lake)


def test_readers_see_one_whole_generation_while_builds_publish(lake: Path) -> None:
    """A reader by the link sees order lines and daily sales of the same generation, each time, and the newest in the end."""
    torn: list[Any] = []
    seen: set[int] = set()
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            connection = duckdb.connect(str(lake / "published.duckdb"), read_only=True)
            lines, sold = connection.execute(
                "SELECT (SELECT COUNT(*) FROM core.fact_transactions), (SELECT CAST(SUM(order_count) AS BIGINT) FROM marts.agg_daily_sales)"
            ).fetchall()[0]
            connection.close()
            seen.add(lines)
            if lines != sold:
                torn.append((lines, sold))

    reader = threading.Thread(target=read)
    reader.start()
    for n in range(3):
        deliver(lake, "transactions", f"2025-06-{n + 1:02d}", [order(200 + n, f"2025-06-{n + 1:02d}")])
        run(lake)
    stop.set()
    reader.join()
    assert not torn
    assert len(seen) > 1
    assert ask(lake, "SELECT COUNT(*) FROM gen.core.fact_transactions") == [(8,)]


def test_help_is_quick_and_opens_no_socket(tmp_path: Path) -> None:
    """0.15 s of CPU is the aim on a quiet machine; a third is left for a busy one. A socket that is opened ends the process."""
    guard = tmp_path / "sitecustomize.py"
    guard.write_text(
        "import socket\ndef refused(*a, **k):\n    raise SystemExit('a socket was opened')\nsocket.socket.connect = refused\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    used = []
    for _ in range(3):
        before = os.times()
        subprocess.run(
            [sys.executable, "-m", "shoplake", "--help"], env=environment, check=True, stdout=subprocess.DEVNULL
        )
        after = os.times()
        used.append(after.children_user + after.children_system - before.children_user - before.children_system)
    assert min(used) < 0.25
    made = subprocess.run(
        [sys.executable, "-m", "shoplake", "--lake", str(tmp_path / "none"), "build"],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert made.returncode == 2
    assert "no lake here" in made.stderr


def test_control_characters_and_backslashes_are_text_like_any_other(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    cities = ["a\x01b", "\\x01", "\\", "c\x02d", "e\x1ff", "\u2003wide"]
    deliver(lake, "transactions", "2025-05-02", [order(n, ship_city=city) for n, city in enumerate(cities)])
    events = [
        {
            "event_id": f"e{n}",
            "event_type": "view",
            "event_ts": "2025-05-02T10:00:00Z",
            "visitor_id": "v",
            "page_url": city,
        }
        for n, city in enumerate(cities)
    ]
    deliver(lake, "clickstream", "2025-05-02", events)
    run(lake)
    assert [
        r[0] for r in ask(lake, "SELECT ship_city FROM gen.core.fact_transactions ORDER BY transaction_id")
    ] == cities
    assert [r[0] for r in ask(lake, "SELECT page_url FROM gen.core.fact_clickstream ORDER BY event_id")] == cities
