"""export: the clean and ref tables as folders that other engines read."""

from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from shoplake.contracts import load
from shoplake.look.compare import all_hashes
from shoplake.look.export import export
from shoplake.look.hashes import content_hash
from shoplake.look.opened import opened
from tests.making import deliver, run, session
from tests.unit.look.conftest import Ask

CONTRACTS = load()


def test_the_folders_hold_the_very_rows(lake: Path, tmp_path: Path) -> None:
    export(session(lake), tmp_path / "out")
    with opened(session(lake)) as one:
        wanted = {name: h for name, h in all_hashes(one).items() if name.startswith("clean.")}
    for name, hash_ in wanted.items():
        folder = tmp_path / "out" / "clean" / name.removeprefix("clean.")
        found = ds.dataset(folder, format="parquet", partitioning=ds.partitioning(pa.schema([("ds", pa.date32())]), flavor="hive")).to_table()
        assert content_hash(found, CONTRACTS.table(name)) == hash_
    for table in CONTRACTS.layer("ref"):
        (file,) = (tmp_path / "out" / "ref" / table.name).iterdir()
        assert pq.read_schema(file).names == table.names
    assert pq.read_table(tmp_path / "out/ref/run").num_rows == 1


def test_again_it_copies_what_is_new_and_takes_away_what_is_gone(broken: Path, tmp_path: Path) -> None:
    first = export(session(broken), tmp_path / "out")
    times = {p: p.stat().st_mtime_ns for p in (tmp_path / "out" / "clean").rglob("*.parquet")}
    again = export(session(broken), tmp_path / "out")
    assert first["copied"] > 0
    assert (again["copied"], again["removed"]) == (0, 0)
    late = {"refund_id": "r9", "line_number": 1, "product_id": "p1", "quantity": 1, "unit_price": "1", "amount": "1", "currency": "EUR"}
    deliver(broken, "refunds", "2025-03-09", [{**late, "refunded_at": "2025-03-09T09:00:00Z", "updated_at": "2025-03-09T09:00:00Z"}], name="late")
    run(broken)
    third = export(session(broken), tmp_path / "out")
    assert (third["copied"], third["removed"]) == (1, 1)
    kept = {p: p.stat().st_mtime_ns for p in (tmp_path / "out" / "clean").rglob("*.parquet")}
    assert {p.parts[-3] for p in times.keys() ^ kept.keys()} == {"refunds"}
    assert all(times[p] == kept[p] for p in times.keys() & kept.keys())


def test_it_overwrites_nothing_of_anyone_else(ask: Ask, lake: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    answer = ask("export", "--lake", lake, "--to", tmp_path / "mine")
    assert (answer.code, "no export put there" in answer.err) == (2, True)
    answer = ask("export", "--lake", lake, "--to", lake / "inside")
    assert (answer.code, "the lake itself" in answer.err) == (2, True)
    (tmp_path / "file").write_text("")
    answer = ask("export", "--lake", lake, "--to", tmp_path / "file")
    assert (answer.code, "is no folder" in answer.err) == (2, True)
    answer = ask("export", "--lake", tmp_path / "nowhere", "--to", tmp_path / "out")
    assert answer.code == 2
    answer = ask("export", "--json", "--lake", lake, "--to", tmp_path / "out")
    assert (answer.code, '"kind": "export"' in answer.out) == (0, True)


def test_a_file_of_the_lake_that_is_gone_is_named(ask: Ask, broken: Path, tmp_path: Path) -> None:
    gone = sorted(broken.glob("clean/transactions/**/*.parquet"))[0]
    gone.unlink()
    answer = ask("export", "--lake", broken, "--to", tmp_path / "out")
    assert answer.code == 3
    assert gone.name in answer.err
