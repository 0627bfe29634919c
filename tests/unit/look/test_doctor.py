"""`doctor`: what is there, what lacks, and where each setting came from."""

import json
from pathlib import Path
from typing import Any

import pytest

from shoplake.lake.layout import Lake
from shoplake.lake.publish import locked
from shoplake.look import doctor
from tests.unit.look.conftest import Ask


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Java and Maven take their time to tell their versions."""
    monkeypatch.setattr(doctor, "TOOLS", {"git": doctor.TOOLS["git"], "no-such-tool": "nothing"})


def checks(ask: Ask, lake: Path) -> dict[str, dict[str, Any]]:
    return {c["name"]: c for c in json.loads(ask("doctor", "--json", "--lake", lake).out)["checks"]}


def test_all_is_well(ask: Ask, lake: Path) -> None:
    answer = ask("doctor", "--lake", lake)
    assert answer.code == 0, answer.out
    for said in ("python", "duckdb", "tzdata", "free disk", "memory", "generation 2", "Optional"):
        assert said in answer.out
    assert "\x1b" not in answer.out
    found = checks(ask, lake)
    assert {c["state"] for c in found.values()} <= {"ok", "told"}
    assert found["lock"]["found"] == "free"


def test_an_old_package_is_lacking(ask: Ask, lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = doctor._version_of_package
    monkeypatch.setattr(
        doctor, "_version_of_package", lambda name: {"duckdb": "1.5.0", "holidays": None}.get(name, known(name))
    )
    answer = ask("doctor", "--lake", lake)
    assert answer.code == 3
    assert "duckdb, holidays" in answer.err
    assert "pip install 'duckdb" in answer.out


def test_lock_and_left_overs(ask: Ask, broken: Path) -> None:
    (broken / "tmp").mkdir()
    (broken / ".CURRENT.1.tmp").write_text("x")
    assert (
        checks(ask, broken)["left over"] | {"state": "told", "found": "tmp, .CURRENT.1.tmp"}
        == checks(ask, broken)["left over"]
    )
    (broken / "LOCK.holder").write_text("999999\n")  # a killed run leaves it
    assert checks(ask, broken)["lock"]["found"] == "free"
    with locked(Lake(broken)):
        assert "held by process" in checks(ask, broken)["lock"]["found"]


def test_no_lake_is_no_fault_a_newer_one_is(ask: Ask, broken: Path, tmp_path: Path) -> None:
    assert "none at" in checks(ask, tmp_path / "a" / "b")["lake"]["found"]
    assert not (tmp_path / "a").exists()
    (broken / "format_version").write_text("99\n")
    answer = ask("doctor", "--lake", broken)
    assert (answer.code, "newer shoplake" in answer.out) == (3, True)


def test_config_says_where_each_value_came_from(ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shoplake.toml").write_text('currency = "GBP"\n')
    monkeypatch.setenv("SHOPLAKE_TIMEZONE", "Europe/London")
    found = {s["name"]: s for s in json.loads(ask("doctor", "--config", "--json", "--lake", "x").out)["settings"]}
    assert (found["lake"]["value"], found["lake"]["origin"]) == ("x", "flag")
    assert found["timezone"]["origin"] == "environment SHOPLAKE_TIMEZONE"
    assert found["currency"]["origin"].endswith("shoplake.toml")
    assert found["country"]["origin"] == "default"
    assert "environment SHOPLAKE_TIMEZONE" in ask("doctor", "--config").out


@pytest.mark.parametrize(
    ("version", "bounds", "kept"),
    [
        ("2.0.1", "<2.1,>=2.0", True), ("2.1.0", "<2.1,>=2.0", False), ("2.0.0rc1", ">=2.0", True), ("30.30.0", "==30.30.0", True), ("30.30", "==30.30.0", True),
        ("3.20", ">=3.20.0", True), ("3.9", ">=3.20", False), ("1.67.0.post1", ">=1.67", True), ("1.4.9", "~=1.4", True), ("2.0", "~=1.4", False), ("1", "", True), ("1.0", "!=1.0", False),
    ],
)  # fmt: skip
def test_versions(version: str, bounds: str, kept: bool) -> None:
    assert doctor.satisfies(version, bounds) is kept
