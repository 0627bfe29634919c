"""`verify` finds any bit that changed; `rollback` moves the pointer and nothing else."""

import json
from pathlib import Path

import pytest

from shoplake.lake.layout import Lake
from shoplake.lake.publish import locked
from tests.unit.look.conftest import Ask

KINDS = {
    "clean": "clean/users/**/*.parquet",
    "rejected": "rejected/**/*.parquet",
    "ref": "ref/dates-*.parquet",
    "database": "gen/gen-000002.duckdb",
    "raw csv": "raw/transactions/**/part-*.csv",
    "raw json": "raw/clickstream/**/odd-*.jsonl",
}


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def findings(ask: Ask, lake: Path, *flags: str) -> dict[str, dict[str, str]]:
    answer = ask("verify", "--json", "--lake", lake, *flags)
    found = json.loads(answer.out)["findings"]
    assert answer.code == (1 if found else 0)
    return {f["path"]: f for f in found}


def test_a_whole_lake(ask: Ask, lake: Path) -> None:
    answer = ask("verify", "--all", "--lake", lake)
    assert answer.code == 0, answer.out
    assert "generations 1, 2: all as they were written" in answer.out


@pytest.mark.parametrize("kind", KINDS)
def test_one_flipped_bit_is_found(ask: Ask, broken: Path, kind: str) -> None:
    path = sorted(broken.glob(KINDS[kind]))[0]
    flip(path)
    found = findings(ask, broken)
    name = path.relative_to(broken).as_posix()
    assert list(found) == [name]
    assert found[name]["kind"] == "damaged"
    assert "SHA-256" in found[name]["what"]
    assert found[name]["remedy"]


def test_missing_cut_and_extra(ask: Ask, broken: Path) -> None:
    gone, short = (
        sorted(broken.glob("clean/transactions/**/*.parquet"))[0],
        sorted(broken.glob("raw/users/**/*.csv"))[0],
    )
    gone.unlink()
    short.write_bytes(short.read_bytes()[:-3])
    for name in (
        "clean/users/ds=2025-03-01/b=000000000000/part-0.parquet",
        "raw/users/ds=2025-03-01/part-stray.csv",
        "gen/gen-000009.duckdb",
    ):
        (broken / name).parent.mkdir(parents=True, exist_ok=True)
        (broken / name).write_text("x")
    found = findings(ask, broken)
    kinds = sorted((f["kind"], p.split("/")[0]) for p, f in found.items())
    assert kinds == [("damaged", "raw"), ("extra", "clean"), ("extra", "gen"), ("extra", "raw"), ("missing", "clean")]
    text = ask("verify", "--lake", broken)
    assert text.code == 1
    assert "shoplake build --full" in text.out
    assert text.err.splitlines()[-1].startswith("shoplake: 5 of ")


def test_originals_bear_their_own_hash(ask: Ask, broken: Path) -> None:
    (broken / "landed").mkdir()
    for name in ("0" * 64, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "stray.txt"):
        (broken / "landed" / name).write_text("abc")
    found = findings(ask, broken)
    assert {p: f["kind"] for p, f in found.items()} == {"landed/" + "0" * 64: "damaged", "landed/stray.txt": "extra"}


def test_damage_elsewhere(ask: Ask, broken: Path) -> None:
    """Another generation is only looked at when asked for; an unreadable receipt and a stale link are told."""
    flip(broken / "gen" / "gen-000001.duckdb")
    assert findings(ask, broken) == {}
    assert list(findings(ask, broken, "--all")) == ["gen/gen-000001.duckdb"]
    assert list(findings(ask, broken, "--generation", "1")) == ["gen/gen-000001.duckdb"]
    receipt = sorted((broken / "raw" / "_receipts").glob("*.json"))[0]
    receipt.write_text("{")
    assert receipt.relative_to(broken).as_posix() in findings(ask, broken)
    link = broken / "published.duckdb"
    link.unlink()
    link.symlink_to(Path("gen") / "gen-000001.duckdb")
    assert "gen-000001" in findings(ask, broken)["published.duckdb"]["what"]
    assert ask("verify", "--all", "--generation", "1", "--lake", broken).code == 2


def test_while_a_build_runs_what_it_writes_is_no_finding(ask: Ask, broken: Path) -> None:
    (broken / "gen" / "gen-000009.duckdb").write_text("x")
    with locked(Lake(broken)):
        answer = ask("verify", "--lake", broken)
    assert (answer.code, "is writing" in answer.out) == (0, True)
    assert list(findings(ask, broken)) == ["gen/gen-000009.duckdb"]


def test_rollback_there_and_back(ask: Ask, broken: Path) -> None:
    before = {
        p: p.read_bytes() for p in broken.rglob("*") if p.is_file() and p.name != "CURRENT" and not p.is_symlink()
    }
    answer = ask("rollback", "--to", "1", "--lake", broken)
    assert (answer.code, (broken / "CURRENT").read_text()) == (0, "gen-000001\n")
    assert "Published generation 1 (as of 2025-03-10) in place of 2" in answer.out
    assert (broken / "published.duckdb").readlink() == Path("gen") / "gen-000001.duckdb"
    assert ask("query", "select count(*) from clean.users", "--format", "csv", "--lake", broken).out.split()[-1] == "3"
    assert json.loads(ask("rollback", "--to", "2", "--json", "--lake", broken).out)["before"] == 1
    assert "already" in ask("rollback", "--to", "2", "--lake", broken).out
    after = {p: p.read_bytes() for p in broken.rglob("*") if p.is_file() and p.name != "CURRENT" and not p.is_symlink()}
    assert before == {p: b for p, b in after.items() if p.name not in ("LOCK", "LOCK.holder")} | {
        p: before[p] for p in before if p.name == "LOCK"
    }


def test_rollback_refuses(ask: Ask, broken: Path) -> None:
    answer = ask("rollback", "--to", "9", "--lake", broken)
    assert (answer.code, "not kept. Kept: 1, 2" in answer.err) == (2, True)
    with locked(Lake(broken)):
        assert ask("rollback", "--to", "1", "--lake", broken).code == 4
    flip(broken / "gen" / "gen-000001.duckdb")
    answer = ask("rollback", "--to", "1", "--lake", broken)
    assert (answer.code, "not whole" in answer.err) == (2, True)
    assert (broken / "CURRENT").read_text() == "gen-000002\n"
