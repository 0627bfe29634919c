"""What the pages say to type does what they show."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cluster.here import DEFAULT, Cluster
from cluster.mlflow_server import MLflow

from tests.docs import guides
from tests.docs.guides import ROOT

GUIDES = ["README.md", "docs/guides/quick_start.md", "docs/guides/bring_your_own_data.md", "docs/guides/churn.md", "docs/guides/recommendations.md", "docs/guides/promote_a_model.md"]


def follow(page: str, folder: Path) -> None:
    guides.furnish(folder)
    steps = guides.steps(ROOT / page)
    assert steps, f"{page} has no console block"
    for step in steps:
        code, real = guides.run(step, folder)
        said = "\n".join(real[-30:])
        assert code == step.exit_code, f"{page}: {step.command}\nexit {code}, expected {step.exit_code}\n{said}"
        lost = guides.missing(step.shown, real)
        assert not lost, f"{page}: {step.command}\nshown and not printed:\n" + "\n".join(lost) + f"\nprinted:\n{said}"


@pytest.mark.guide
@pytest.mark.parametrize("page", GUIDES)
def test_a_guide_can_be_followed(page: str, tmp_path: Path) -> None:
    follow(page, tmp_path)


@pytest.mark.spark
def test_the_guide_to_spark_can_be_followed(tmp_path: Path) -> None:
    follow("docs/guides/scale_out.md", tmp_path)


@pytest.mark.hadoop
def test_the_guide_of_pig_can_be_followed(tmp_path: Path) -> None:
    for part in ("cluster", "pig"):
        (tmp_path / part).symlink_to(ROOT / part)
    follow("docs/guides/pig.md", tmp_path)


@pytest.mark.hadoop
def test_the_guide_of_hive_can_be_followed(tmp_path: Path) -> None:
    for part in ("cluster", "rendered"):
        (tmp_path / part).symlink_to(ROOT / part)
    try:
        follow("docs/guides/hive.md", tmp_path)
    finally:
        down = [sys.executable, "-m", "cluster", "down", "--dir", tmp_path / "demo-cluster"]
        subprocess.run(down, cwd=tmp_path, check=True)


@pytest.mark.hadoop
def test_the_hadoop_guide_can_be_followed(tmp_path: Path) -> None:
    try:
        follow("docs/guides/hadoop.md", tmp_path)
    finally:
        Cluster(tmp_path / DEFAULT).down()


@pytest.mark.kafka
def test_the_guide_of_streams_can_be_followed(tmp_path: Path) -> None:
    try:
        follow("docs/guides/streaming.md", tmp_path)
    finally:
        down = [sys.executable, "-m", "cluster", "kafka", "down"]
        subprocess.run(down, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True)


@pytest.mark.mlflow
def test_the_guide_of_mlflow_can_be_followed(tmp_path: Path) -> None:
    try:
        follow("docs/guides/mlflow.md", tmp_path)
    finally:
        MLflow(tmp_path / "demo-mlflow").stop()


def test_cut_lines_must_be_marked() -> None:
    real = ["a 1.2 s", "b", "c", "d"]
    assert guides.missing(["a 9.9 s", "...", "c", "..."], real) == []
    assert guides.missing([], real) == []
    assert guides.missing(["a 1 s", "c", "d"], real) == ["c", "d"]
    assert guides.missing(["...", "d", "..."], real) == []
    assert guides.missing(["...", "c"], real) == ["(not shown, and not marked as cut: d)"]
    assert guides.missing(["...", "c", "b", "..."], real) == ["b"]
