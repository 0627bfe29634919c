"""Without an MLflow server, or without MLflow: what was taught is kept, what was not sent is told and counted."""

import json
from pathlib import Path

import pytest

from shoplake.learn import tracking
from tests.unit.learn.test_ratings import made
from tests.unit.look.conftest import Ask


@pytest.mark.parametrize("installed", [False, pytest.param(True, marks=pytest.mark.mlflow)])
@pytest.mark.parametrize("uri", ["http://user:secret@127.0.0.1:9", "http://[", "nothing://nowhere"])
def test_training_goes_on(ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, installed: bool, uri: str) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    if not installed:
        monkeypatch.setattr(tracking, "find_spec", lambda name: None)
    words = ["--lake", str(tmp_path / "lake"), "learn", "train", "recommend", "--explicit", "--ratings", str(made(tmp_path / "r")), "--json"]
    for number in (1, 2):
        done = ask(*words)
        told = json.loads(done.out)["mlflow"]
        assert (done.code, told["sent"], told["waiting"]) == (0, {}, {"ratings": list(range(1, number + 1))})
    assert "2 not sent: ratings 1, 2" in done.err
    assert installed or "pip install 'shoplake[mlflow]'" in done.err
    lines = [json.loads(line) for line in (tmp_path / "lake/models/mlflow.jsonl").read_text().splitlines()]
    assert [(line["version"], "error" in line) for line in lines] == [(1, True), (1, True), (2, True)]
    assert "secret" not in done.out + done.err + json.dumps(lines)
    assert ask("--lake", str(tmp_path / "lake"), "learn", "track").code == 1


def test_nobody_asked_for_it(ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    words = ["--lake", str(tmp_path / "lake"), "learn", "train", "recommend", "--explicit", "--ratings", str(made(tmp_path / "r")), "--json"]
    assert json.loads(ask(*words).out)["mlflow"] is None
    assert not (tmp_path / "lake/models/mlflow.jsonl").exists()
    refused = ask("--lake", str(tmp_path / "lake"), "learn", "track")
    assert (refused.code, "MLFLOW_TRACKING_URI is not set" in refused.err) == (2, True)


def test_a_ledger_that_cannot_be_written_ends_no_training(ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setattr(tracking, "find_spec", lambda name: None)
    (tmp_path / "lake/models/mlflow.jsonl").mkdir(parents=True)
    done = ask("--lake", str(tmp_path / "lake"), "learn", "train", "recommend", "--explicit", "--ratings", str(made(tmp_path / "r")), "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["version"] == 1
    assert "mlflow.jsonl: Is a directory" in done.err
