"""What is learnt goes to a real MLflow server, whole or not at all, and a server that is gone costs a line."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cluster.mlflow_server import MLflow

from shoplake.lake.layout import Lake
from shoplake.learn.churn_scores import everybody, model_of
from shoplake.learn.registry import Version, read
from shoplake.look.opened import Opened

pytestmark = pytest.mark.mlflow


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MLflow]:
    with MLflow(tmp_path_factory.mktemp("mlflow")) as running:
        yield running


@pytest.fixture
def asked(server: MLflow, shop: Lake, request: pytest.FixtureRequest) -> Any:
    """`shoplake learn ...` as a person runs it, into an experiment of this test; what it printed as JSON and on stderr."""
    there = {"MLFLOW_TRACKING_URI": server.uri, "MLFLOW_EXPERIMENT_NAME": request.node.name}

    def ask(*words: str, code: int = 0, **environment: str) -> tuple[Any, str]:
        command = [sys.executable, "-m", "shoplake", "--lake", str(shop.root), "learn", *words, "--json"]
        done = subprocess.run(command, env={**os.environ, **there, **environment}, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stderr
        return (json.loads(done.stdout) if done.stdout else None), done.stderr

    return ask


@pytest.fixture
def client(server: MLflow) -> Any:
    import mlflow

    mlflow.set_tracking_uri(server.uri)
    return mlflow.MlflowClient()


def runs(client: Any, experiment: str) -> list[Any]:
    """Those that are not deleted, first to last; trials apart."""
    found = client.get_experiment_by_name(experiment)
    return [r for r in client.search_runs([found.experiment_id], order_by=["attributes.start_time"]) if "shoplake.trial" not in r.data.tags]


def test_a_version_is_a_run_a_card_and_a_model_that_answers_as_the_shop_does(server: MLflow, asked: Any, client: Any, shop: Lake, one: Opened, request: pytest.FixtureRequest) -> None:
    import mlflow

    experiment = request.node.name
    kept, _ = asked("train", "churn")
    version = read(shop, "churn", kept["version"])
    run = runs(client, experiment)[-1]
    assert (run.info.status, run.info.run_name, run.data.tags["shoplake.trained_on"]) == ("FINISHED", f"churn {version.number}", version.record["trained_on"])
    assert run.data.params == {"regularisation": "0.001", "seed": "42"}
    auc = version.record["model"]["auc"]
    assert [run.data.metrics[name] for name in ("auc", "auc/low", "auc/high")] == [auc["value"], *auc["interval"]]
    assert run.data.metrics["baselines/recency alone/auc"] == version.record["baselines"]["recency alone"]["auc"]["value"]
    there = Path(client.download_artifacts(run.info.run_id, ""))
    assert (there / "card.html").read_bytes() == (version.folder / "card.html").read_bytes()
    assert {file.stem for file in (there / "plots").iterdir()} == {"ROC", "Calibration", "Cumulative gains", "Weights a deviation's worth of log odds"}

    import pandas as pd

    users = everybody(one)
    rows = pd.DataFrame({**{name: users.column(name) for name in users.features}, "currency": users.currencies})
    number = next(v.version for v in client.search_model_versions(f"name = '{experiment}-churn'") if v.run_id == run.info.run_id)
    loaded = mlflow.pyfunc.load_model(f"models:/{experiment}-churn/{number}")
    assert np.array_equal(loaded.predict(rows)["leave_probability"].to_numpy(), model_of(version).probability(users))
    assert 0 < loaded.predict(loaded.input_example)["leave_probability"][0] < 1
    there = {file.name for file in server.folder.rglob("*")}
    assert "model.json" in there
    assert "predictions.parquet" not in there, "what was said of people stays in the lake"
    with pytest.raises(mlflow.exceptions.MlflowException, match="missing inputs"):
        loaded.predict(rows.drop(columns="recency_days"))


def test_lists_and_trials(asked: Any, client: Any, shop: Lake, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    import mlflow
    import pandas as pd

    kept, _ = asked("train", "recommend", "--tune")
    file = tmp_path / "ratings.csv"
    draws = np.random.default_rng(3)
    file.write_text("user,item,rating\n" + "".join(f"u{u},i{i},{draws.integers(1, 6)}\n" for u in range(40) for i in range(20)))
    rated, _ = asked("train", "recommend", "--ratings", str(file), "--explicit")
    found = runs(client, request.node.name)
    run = next(r for r in found if r.info.run_name == f"recommend {kept['version']}")
    trials = client.search_runs([run.info.experiment_id], f"tags.mlflow.parentRunId = '{run.info.run_id}'")
    assert sorted((t.data.metrics["ndcg"], t.data.params["factors"]) for t in trials) == sorted((t["ndcg"], str(t["parameters"]["factors"])) for t in kept["trials"])
    assert all(t.data.metrics["seconds"] > 0 for t in trials)
    assert len(client.get_metric_history(trials[0].info.run_id, "fold")) == 2
    lists = mlflow.pyfunc.load_model(f"models:/{request.node.name}-recommend/1")
    user = kept["input"]["example"]["user_id"]
    shown = lists.predict(pd.DataFrame({"user_id": [user, "nobody"]}), params={"count": 5})["product_ids"].tolist()
    assert (len(shown[0]), shown[1]) == (5, [])
    assert shown[0] == best_of(read(shop, "recommend", kept["version"]), user, 5)
    items = mlflow.pyfunc.load_model(f"models:/{request.node.name}-ratings/{len([r for r in found if r.info.run_name.startswith('ratings')])}")
    assert len(items.predict(pd.DataFrame({"user_id": ["u1"]}))["product_ids"][0]) == 10
    assert rated["explicit"]


def best_of(version: Version, user: str, count: int) -> list[str]:
    """By the factors that were kept, read plainly."""
    import pyarrow.parquet as pq

    users, products = (pq.read_table(version.folder / f"{name}.parquet").to_pylist() for name in ("users", "products"))
    mine = np.array(next(row["factors"] for row in users if row["user_id"] == user))
    return [row["product_id"] for row in sorted(products, key=lambda row: -float(np.array(row["factors"]) @ mine))][:count]


def test_the_champion_there_is_the_shops(asked: Any, client: Any, request: pytest.FixtureRequest) -> None:
    registered = f"{request.node.name}-churn"

    def aliases() -> dict[str, str]:
        """alias -> the shop's own number of the version."""
        found = client.get_registered_model(registered).aliases
        return {alias: client.get_run(client.get_model_version(registered, number).run_id).data.tags["shoplake.version"] for alias, number in found.items()}

    first, second = (str(asked("train", "churn")[0]["version"]) for _ in range(2))
    asked("promote", "churn", "--version", first)
    assert aliases() == {"champion": first, "challenger": second}
    asked("promote", "churn")
    assert aliases() == {"champion": second}
    asked("rollback", "churn")
    assert aliases() == {"champion": first, "challenger": second}


def test_a_server_that_is_gone_ends_no_training_and_gets_all_later(asked: Any, client: Any, shop: Lake, request: pytest.FixtureRequest) -> None:
    asked("track")  # what other tests left
    before = len(runs(client, request.node.name))
    gone = {"MLFLOW_TRACKING_URI": "http://somebody:secret@127.0.0.1:9"}
    kept, said = asked("train", "churn", **gone)
    assert kept["mlflow"]["waiting"]["churn"][-1] == kept["version"]
    assert "The next training sends them, or `shoplake learn track`" in said
    asked("track", "churn", code=1, **gone)
    assert "secret" not in said + json.dumps(kept) + (shop.models / "mlflow.jsonl").read_text()
    told, _ = asked("track")
    assert told["sent"] == {"churn": [kept["version"]]}
    assert asked("track")[0]["sent"] == {}
    assert len(runs(client, request.node.name)) == before + 1
    os.remove(shop.models / "mlflow.jsonl")  # the server itself knows what it has
    again, _ = asked("track")
    assert kept["version"] in again["sent"]["churn"]
    assert len(runs(client, request.node.name)) == before + 1


def test_a_server_that_never_answers(asked: Any) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        began = time.monotonic()
        kept, _ = asked("train", "churn", MLFLOW_TRACKING_URI=f"http://127.0.0.1:{silent.getsockname()[1]}", MLFLOW_HTTP_REQUEST_TIMEOUT="2")
    assert kept["version"] in kept["mlflow"]["waiting"]["churn"]
    assert time.monotonic() - began < 60


def test_a_sender_that_was_killed_leaves_nothing_half(asked: Any, client: Any, shop: Lake, request: pytest.FixtureRequest) -> None:
    asked("track")
    before = [r.info.run_id for r in runs(client, request.node.name)]
    asked("train", "churn", code=-signal.SIGKILL, SHOPLAKE_KILL_AT="in_tracking")
    (half,) = [r for r in runs(client, request.node.name) if r.info.run_id not in before]
    assert half.info.status == "RUNNING"
    with (shop.models / "mlflow.jsonl").open("a") as ledger:
        ledger.write('[]\nno line\n{"name": "chu')
    told, _ = asked("track")
    (number,) = told["sent"]["churn"]
    now = [r for r in runs(client, request.node.name) if r.info.run_id not in before]
    assert [(r.info.status, r.data.tags["shoplake.version"]) for r in now] == [("FINISHED", str(number))]
    assert json.loads((shop.models / "mlflow.jsonl").read_text().splitlines()[-1])["version"] == number


def test_a_damaged_version_does_not_keep_others_back(asked: Any, shop: Lake) -> None:
    first, second = (asked("train", "churn", MLFLOW_TRACKING_URI="")[0]["version"] for _ in range(2))
    for file, is_gone in (("record.json", False), ("card.html", True)):
        damaged = shop.models / f"churn/{first:06d}" / file
        text = damaged.read_text()
        os.remove(damaged) if is_gone else damaged.write_text(text[:100])
        try:
            told, said = asked("track", code=1)
        finally:
            damaged.write_text(text)
        assert told["waiting"] == {"churn": [first]}
        assert str(damaged) in said
        assert is_gone or second in told["sent"]["churn"]


def test_without_a_server_it_says_which_variable_names_one(asked: Any) -> None:
    _, said = asked("track", code=2, MLFLOW_TRACKING_URI="")
    assert "MLFLOW_TRACKING_URI is not set" in said


def test_trials_of_a_killed_sender_go_too_and_any_experiment_has_models(asked: Any, client: Any) -> None:
    there = {"MLFLOW_EXPERIMENT_NAME": "/Shared/Bob's shop: lists"}
    asked("train", "recommend", "--tune", code=-signal.SIGKILL, SHOPLAKE_KILL_AT="in_tracking", **there)
    asked("track", "recommend", **there)
    experiment = client.get_experiment_by_name(there["MLFLOW_EXPERIMENT_NAME"])
    found = client.search_runs([experiment.experiment_id])
    parents = {r.info.run_id for r in found if "shoplake.trial" not in r.data.tags}
    assert all(r.data.tags["mlflow.parentRunId"] in parents for r in found if "shoplake.trial" in r.data.tags)
    assert all(r.info.status == "FINISHED" for r in found)
    assert client.get_registered_model("-Shared-Bob-s shop- lists-recommend").latest_versions


def test_a_server_that_lost_its_data_is_sent_all_again(asked: Any, shop: Lake, tmp_path: Path) -> None:
    import mlflow

    with MLflow(tmp_path / "first") as first:
        there = {"MLFLOW_TRACKING_URI": first.uri}
        sent = asked("track", **there)[0]["sent"] or asked("train", "churn", **there)[0]["mlflow"]["sent"]
        asked("train", "churn", **there)
        assert asked("track", **there)[0]["sent"] == {}
    ports = (tmp_path / "first/ports.json").read_text()
    (tmp_path / "second").mkdir()
    (tmp_path / "second/ports.json").write_text(ports)
    with MLflow(tmp_path / "second") as second:
        assert second.uri == there["MLFLOW_TRACKING_URI"]
        again = asked("track", **there)[0]
        assert (again["error"], again["sent"]["churn"][: len(sent["churn"])]) == (None, sent["churn"])
        client = mlflow.MlflowClient(second.uri)
        (run,) = [r for r in client.search_runs([client.get_experiment_by_name("test_a_server_that_lost_its_data_is_sent_all_again").experiment_id]) if r.info.run_name == f"churn {sent['churn'][0]}"]
        client.delete_run(run.info.run_id)  # by a person: it stays deleted
        assert asked("track", **there)[0]["sent"] == {}
