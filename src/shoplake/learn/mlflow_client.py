"""What a version is on an MLflow server: a run with its parameters, figures, trials, drawings and card, and a model that `mlflow.pyfunc` loads.

Imported only where MLflow is installed.
"""

import io
import logging
import math
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from html import unescape
from pathlib import Path
from typing import Any

import mlflow.pyfunc
from mlflow.entities import Metric, Param, RunTag, ViewType
from mlflow.exceptions import MlflowException
from mlflow.models import Model, ModelSignature
from mlflow.tracking import MlflowClient
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema
from mlflow.types.schema import Array
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from shoplake import __version__
from shoplake.errors import WrongUse
from shoplake.lake.publish import kill_point
from shoplake.learn.registry import Version

# Where a person has said nothing: without them a server that is gone keeps a training waiting for minutes.
SETTINGS = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10", "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false"}
ASKED = Path(__file__).with_name("mlflow_model.py")
# Of a version's files, those by which it answers; what it said of people stays in the lake.
ASKS = {"churn": ("record.json", "model.json"), "lists": ("record.json", "users.parquet", "products.parquet")}
RECORD = "shoplake.record"  # the tag by which a version is found again
AT_ONCE = 500  # figures that a server takes in one request
DRAWING = re.compile(r'<svg [^>]*aria-label="([^"]+)".*?</svg>', re.DOTALL)


@contextmanager
def connected(uri: str, experiment: str) -> Iterator["Client"]:
    """One server's experiment, made when it is not there. Nothing is printed meanwhile: stdout is where results go, and what fails is raised."""
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        mlflow.set_tracking_uri(uri)
        client = MlflowClient()
        found = client.get_experiment_by_name(experiment)
        yield Client(client, experiment, found.experiment_id if found else client.create_experiment(experiment))


class Client:
    def __init__(self, client: MlflowClient, experiment: str, experiment_id: str) -> None:
        self._client, self._experiment, self._id = client, experiment, experiment_id

    def runs(self) -> set[str]:
        """Of all versions that were sent here; those that a person deleted, too."""
        found: set[str] = set()
        page = None
        while True:
            some = self._client.search_runs([self._id], f"tags.`{RECORD}` != ''", ViewType.ALL, AT_ONCE, page_token=page)
            found.update(run.info.run_id for run in some)
            page = some.token
            if not page:
                return found

    def check(self, version: Version) -> None:
        """Raises WrongUse when a file of it is missing that is sent."""
        for file in ("card.html", *_asks(version)):
            if not (version.folder / file).is_file():
                raise WrongUse(f"{version.folder / file}: missing. Use another version, or train a new one.")
        if not isinstance(version.record.get("parameters"), dict):
            raise WrongUse(f"{version.folder / 'record.json'}: no parameters. Use another version, or train a new one.")

    def send(self, name: str, version: Version, record_hash: str, lake: str) -> tuple[str, str]:
        """The run's id and the registered model's version. What is there whole already is not sent again; what a killed sender left is replaced."""
        registered = self._registered(name)
        runs, known = self._there(registered, record_hash)
        for run in runs:
            if run.info.status == "FINISHED" and run.info.run_id in known:
                return run.info.run_id, known[run.info.run_id]
        self._take_back(registered, record_hash)
        record = version.record
        tags = {RECORD: record_hash, "shoplake.version": str(version.number), "shoplake.lake": lake, "shoplake.code": str(record.get("shoplake", "")), **_told(record)}
        run_id = str(self._client.create_run(self._id, tags=tags, run_name=f"{name} {version.number}").info.run_id)
        try:
            self._log(run_id, {**record["parameters"], "seed": record.get("seed")}, dict(_figures(record)))
            for number, trial in enumerate(record.get("trials") or [], 1):
                self._trial(run_id, f"{name} {version.number}, trial {number}", trial, record_hash)
            self._client.log_artifact(run_id, str(version.folder / "card.html"))
            for title, drawing in _drawings(version.text("card.html")):
                self._client.log_text(run_id, drawing, f"plots/{title}.svg")
            kill_point("in_tracking")
            model_version = self._model(run_id, registered, version)
            self._client.set_terminated(run_id)
        except BaseException:
            self._take_back(registered, record_hash)
            raise
        return run_id, model_version

    def _there(self, registered: str, record_hash: str) -> tuple[list[Any], dict[str, str]]:
        """Runs of a version, trials too; and of those that have one, the registered model's version."""
        runs = list(self._client.search_runs([self._id], f"tags.`{RECORD}` = '{record_hash}'"))
        ids = {run.info.run_id for run in runs}
        found = self._client.search_model_versions(f"name = '{registered}'") if ids else []
        return runs, {v.run_id: str(v.version) for v in found if v.run_id in ids}

    def _take_back(self, registered: str, record_hash: str) -> None:
        """Delete what is there of a version that was not sent whole."""
        runs, known = self._there(registered, record_hash)
        for model_version in known.values():
            self._client.delete_model_version(registered, model_version)
        for run in runs:
            self._client.delete_run(run.info.run_id)

    def alias(self, name: str, alias: str, model_version: str | None) -> None:
        """Give the alias to this version of the registered model; None: to none."""
        registered = self._registered(name)
        try:
            now = self._client.get_registered_model(registered).aliases.get(alias)
        except MlflowException as e:
            if e.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return
        if model_version is None and now is not None:
            self._client.delete_registered_model_alias(registered, alias)
        elif model_version is not None and str(now) != model_version:
            self._client.set_registered_model_alias(registered, alias, model_version)

    def _registered(self, name: str) -> str:
        return re.sub(r"[^\w .-]", "-", f"{self._experiment}-{name}")  # a model's name may hold less than an experiment's

    def _log(self, run_id: str, parameters: Mapping[str, Any], figures: Mapping[str, float]) -> None:
        metrics = [Metric(key, value, 0, 0) for key, value in figures.items()]
        self._client.log_batch(run_id, params=[Param(key, str(value)) for key, value in _flat(parameters)])
        for begin in range(0, len(metrics), AT_ONCE):
            self._client.log_batch(run_id, metrics=metrics[begin : begin + AT_ONCE])

    def _trial(self, parent: str, title: str, trial: Mapping[str, Any], record_hash: str) -> None:
        run_id = self._client.create_run(self._id, tags={MLFLOW_PARENT_RUN_ID: parent, RECORD: record_hash}, run_name=title).info.run_id
        self._log(run_id, trial["parameters"], {key: float(value) for key, value in trial.items() if isinstance(value, int | float)})
        self._client.log_batch(run_id, metrics=[Metric("fold", value, 0, step) for step, value in enumerate(trial.get("folds", []))], tags=[RunTag("shoplake.trial", "yes")])
        self._client.set_terminated(run_id)

    def _model(self, run_id: str, registered: str, version: Version) -> str:
        with tempfile.TemporaryDirectory() as scratch:
            for file in _asks(version):
                shutil.copyfile(version.folder / file, Path(scratch, file))
            made = Model.log(
                None, mlflow.pyfunc, name="model", run_id=run_id, registered_model_name=registered, python_model=str(ASKED), artifacts={"version": scratch},
                signature=signature_of(version.record), input_example=example_of(version.record), pip_requirements=[f"shoplake[learn,mlflow]=={__version__}"],
            )  # fmt: skip
        return str(made.registered_model_version)


def _asks(version: Version) -> tuple[str, ...]:
    return ASKS["churn" if version.record["name"] == "churn" else "lists"]


def signature_of(record: Mapping[str, Any]) -> ModelSignature | None:
    """None for a version that was kept before records said what it is asked with."""
    if "input" not in record:
        return None
    inputs = Schema([ColSpec(kind, name) for name, kind in record["input"]["columns"].items()])
    if record["name"] == "churn":
        return ModelSignature(inputs, Schema([ColSpec("double", "leave_probability")]))
    return ModelSignature(inputs, Schema([ColSpec(Array("string"), "product_ids")]), ParamSchema([ParamSpec("count", "long", 10)]))


def example_of(record: Mapping[str, Any]) -> Any:
    import pandas as pd

    return pd.DataFrame([record["input"]["example"]]) if "input" in record else None


def _told(record: Mapping[str, Any]) -> dict[str, str]:
    """What is said of a version beside its figures, as tags: a text or a whole number by its name."""
    return {f"shoplake.{key}": str(value) for key, value in record.items() if isinstance(value, str | int) and key not in ("version", "shoplake", "seed")}


def _flat(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{key}/")
        else:
            yield f"{above}{key}", value


def _figures(record: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Every figure with the ends of its interval: the model's by its name, others as `baselines/popularity/ndcg`."""
    groups: dict[str, Any] = {key: record[key] for key in ("baselines", "planted", "segments", "weights") if record.get(key)}
    for key, value in _flat({**record["model"], **groups, **{k: v for k, v in record.items() if isinstance(v, float)}}):
        if isinstance(value, list):  # an interval
            yield from zip((f"{key.removesuffix('/interval')}/low", f"{key.removesuffix('/interval')}/high"), map(float, value), strict=True)
        elif isinstance(value, int | float) and math.isfinite(value):
            yield key.removesuffix("/value"), float(value)


def _drawings(card: str) -> Iterator[tuple[str, str]]:
    for found in DRAWING.finditer(card):
        yield re.sub(r"[^\w@' -]+", "", unescape(found[1])).strip(), found[0]
