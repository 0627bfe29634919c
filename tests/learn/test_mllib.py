"""Spark's MLlib beside the libraries here: the same coefficients, lists as good, ratings foretold alike; and the jobs by spark-submit."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from shoplake.lake.layout import Lake
from shoplake.learn import churn, from_ratings, recommend
from shoplake.learn.als import Parameters
from shoplake.learn.cuts import Cuts
from shoplake.learn.mllib import MLlib, started
from shoplake.learn.registry import read
from shoplake.look.opened import Opened
from tests.making import session
from tests.unit.learn.test_ratings import made

pytestmark = pytest.mark.spark
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def mllib(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MLlib]:
    folder = tmp_path_factory.mktemp("mllib")
    with started(session(folder, threads="2", memory="1GB"), folder / "scratch") as found:
        yield found


def test_the_same_coefficients(shop: Lake, one: Opened, mllib: MLlib) -> None:
    cuts = Cuts(one, "")
    here, there = churn.train(cuts, shop, churn.Options()), churn.train(cuts, shop, churn.Options(), mllib.logistic)
    assert here.model.features == there.model.features
    assert np.abs(np.array(here.model.coefficients) - np.array(there.model.coefficients)).max() < 1e-2
    assert abs(here.model.intercept - there.model.intercept) < 1e-2
    assert abs(here.record["model"]["auc"]["value"] - there.record["model"]["auc"]["value"]) < 0.005
    assert here.record["trained_on"] == there.record["trained_on"]


def test_lists_as_good(shop: Lake, one: Opened, mllib: MLlib) -> None:
    """Each at its own regularisation: MLlib multiplies it by the number of a user's ratings."""
    cuts, options = Cuts(one, ""), recommend.Options()
    here = recommend.train(cuts, shop, options)
    there = recommend.train(cuts, shop, replace(options, parameters=replace(options.parameters, regularisation=0.01)), fitted=mllib.als)
    ndcg = [trained.record["model"]["ndcg"]["value"] for trained in (here, there)]
    assert abs(ndcg[1] / ndcg[0] - 1) < 0.1
    assert there.record["beats_popularity"]


def test_ratings_foretold_alike(tmp_path: Path, mllib: MLlib) -> None:
    options = from_ratings.Options(made(tmp_path / "r"), explicit=True, parameters=Parameters(factors=5, regularisation=0.02, iterations=15))
    here, there = from_ratings.train(options), from_ratings.train(options, mllib.explicit_als)
    rmse = [trained.record["model"]["rmse"] for trained in (here, there)]
    assert abs(rmse[1] / rmse[0] - 1) < 0.1
    assert there.record["beats_baselines"]


@pytest.mark.long  # ten and two dozen trainings
@pytest.mark.parametrize(("job", "kept"), [("churn_prediction", "predictions"), ("recommendations", "products")])
def test_a_job_by_spark_submit(shop: Lake, job: str, kept: str) -> None:
    command = [str(Path(sys.executable).with_name("spark-submit")), "--master", "local[2]", "--driver-memory", "1g", str(ROOT / f"jobs/spark_ml_{job}.py"), "--lake", str(shop.root), "--json"]
    done = subprocess.run(command, env={**os.environ, "PYSPARK_PYTHON": sys.executable}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    record = json.loads(done.stdout[done.stdout.index("{") :])
    assert record["taught_by"] == "spark"
    assert len(record["trials"]) > 2
    version = read(shop, record["name"], record["version"])
    assert list((version.folder / "mllib").rglob("*.parquet"))
    assert pq.read_table(version.folder / "predictions.parquet").num_rows > 0
    assert pq.read_table(version.folder / f"{kept}.parquet").num_rows == record["users_judged" if kept == "predictions" else "products"]
