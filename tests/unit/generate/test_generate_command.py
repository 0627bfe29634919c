"""What a person types, and the sentence that answers when it cannot be."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from shoplake.errors import Lacking, WrongUse
from shoplake.generate.command import app
from shoplake.generate.options import MESS, mess_rates
from shoplake.lake.receipts import raw_partitions
from shoplake.settings import resolve

_TINY = ["--events", "600", "--transactions", "300", "--users", "100", "--products", "30"]


def run(lake: Path, *words: str):
    """The verb as the command line calls it; failures are raised, not printed."""
    result = CliRunner().invoke(app, list(words), obj=resolve({"lake": str(lake)}))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--seed", "x"], "--seed: found 'x', expected a whole number"),
        (["--users", "ten"], "--users: found 'ten', expected a whole number"),
        (["--users", "0"], "--users: found 0, expected 1 to"),
        (["--events", "-1"], "--events: found -1, expected 0 to"),
        (["--size", "smal"], "Did you mean small?"),
        (["--mess", "hevy"], "Did you mean heavy?"),
        (["--mess-rate", "lat=0.1"], "Did you mean late?"),
        (["--mess-rate", "late"], "expected NAME=RATE"),
        (["--mess-rate", "late=1.5"], "expected a share between 0 and 1"),
        (["--mess-rate", "late=lots"], "expected a share between 0 and 1"),
        (["--mess-rate", "malformed=0.95"], "add up to"),
        (["--mess-rate", "declared_bots=0.6"], "bots make"),
        (["--tracked-share", "2"], "--tracked-share: found 2, expected a share"),
        (["--start-date", "2025-02-30"], "--start-date: found '2025-02-30', expected a day"),
        (["--format", "orc"], "--format: unknown name 'orc'"),
        (["--parts", "0"], "--parts: found 0, expected 1 to 1,024"),
        (["--part", "1"], "--part: needs --parts"),
        (["--parts", "3", "--part", "4"], "--part: found 4, expected 1 to 3"),
    ],
)
def test_what_cannot_be_is_wrong_use(tmp_path: Path, words: list[str], sentence: str) -> None:
    with pytest.raises(WrongUse, match=r".") as caught:
        run(tmp_path, "all", *words)
    assert sentence in str(caught.value)
    assert caught.value.exit_code == 2
    assert not list(tmp_path.iterdir())


def test_all_tables_with_json(tmp_path: Path) -> None:
    result = run(tmp_path / "lake", "all", *_TINY, "--json", "--mess", "none", "--mess-rate", "late=0.2")
    answer = json.loads(result.stdout)
    assert answer["kind"] == "generate"
    assert [t["table"] for t in answer["tables"]] == ["products", "users", "transactions", "refunds", "clickstream"]
    assert answer["tables"][4]["ledger"]["late"] > 0


def test_transactions_as_parquet_hold_the_same_text(tmp_path: Path) -> None:
    for name, form in (("a", "csv"), ("b", "parquet")):
        run(tmp_path / name, "transactions", *_TINY, "--format", form, "--parts", "1")
    from shoplake.lake.layout import Lake

    text, table = (raw_partitions(Lake(tmp_path / name)) for name in ("a", "b"))
    assert text.keys() == table.keys()
    for key, files in table.items():
        for one, two in zip(text[key], files, strict=True):
            assert one.rows == two.rows
            if two.kind == "plain":
                assert two.format == "parquet"
                rows = pq.read_table(tmp_path / "b" / two.path).to_pylist()
                lines = (tmp_path / "a" / one.path).read_text().splitlines()[1:]
                assert [",".join(v or "" for v in row.values()) for row in rows] == lines


def test_a_part_for_each_machine(tmp_path: Path) -> None:
    for part in ("1", "2"):
        run(tmp_path / "lake", "users", *_TINY, "--parts", "2", "--part", part)
    names = sorted(p.name for p in (tmp_path / "lake" / "raw" / "_receipts").iterdir())
    assert names == ["generate-users-0000-0511.json", "generate-users-0512-1023.json"]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(Lacking, match="cannot be written"):
        run(blocked / "lake", "users", *_TINY)


def test_a_disk_that_takes_no_more(tmp_path: Path) -> None:
    """A limit on the size of files, for the system's own answer in the middle of a file; a full disk is told alike."""
    resource = pytest.importorskip("resource", reason="Windows has no such limit")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(Lacking, match=r"table users, part 1 of 1 cannot be written .*Free some space"):
            run(tmp_path / "lake", "users", *_TINY, "--parts", "1")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list((tmp_path / "lake" / "raw").rglob("part-*.csv"))
    left = tmp_path / "lake" / "truth" / ".visitors-0341.tmp"  # of a run in three parts that failed
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"half a stream")
    run(tmp_path / "lake", "users", *_TINY, "--parts", "1")
    assert not list(left.parent.glob(".*"))


def test_levels_scale_every_rate() -> None:
    assert set(mess_rates("none", []).values()) == {0.0}
    assert mess_rates("default", []) == MESS
    assert all(mess_rates("heavy", [])[name] >= rate for name, rate in MESS.items())
    assert mess_rates("light", ["late=0.5"])["late"] == 0.5


def test_help_shows_an_example() -> None:
    result = CliRunner().invoke(app, ["all", "--help"])
    assert "Example: shoplake generate all" in result.stdout
