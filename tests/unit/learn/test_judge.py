"""Figures against ones that can be counted by hand."""

import numpy as np
import pytest
from sklearn import metrics

from shoplake.learn.judge import (
    LEVELS,
    _Scored,
    calibration,
    gains,
    judge,
    level_of,
    levels,
    roc,
    segments,
)


def test_figures_of_a_small_case() -> None:
    left = np.array([True, True, False, True, False, False, False, True, False, False])
    said = np.array([0.9, 0.8, 0.7, 0.6, 0.55, 0.4, 0.3, 0.2, 0.1, 0.05])
    found = {name: figure["value"] for name, figure in judge(left, said, 1).items()}
    pairs = [(a > b) + 0.5 * (a == b) for a in said[left] for b in said[~left]]
    assert found["auc"] == pytest.approx(sum(pairs) / len(pairs), abs=1e-6)
    assert (found["accuracy"], found["precision"], found["recall"]) == (0.7, 0.6, 0.75)
    assert found["f1"] == pytest.approx(2 * 0.6 * 0.75 / 1.35, abs=1e-6)
    assert found["brier"] == pytest.approx(float(np.mean((said - left) ** 2)), abs=1e-6)
    assert found["lift_top_decile"] == pytest.approx(1 / 0.4)


def test_they_are_scikit_learns() -> None:
    draws = np.random.default_rng(7)
    said = np.round(draws.random(3000), 2)  # many equal scores
    left, weight = draws.random(3000) < said, draws.integers(0, 4, 3000).astype(float)
    found = _Scored(left, said, True).figures(weight)
    at_half = said >= 0.5
    for name, value in {
        "auc": metrics.roc_auc_score(left, said, sample_weight=weight), "pr_auc": metrics.average_precision_score(left, said, sample_weight=weight),
        "accuracy": metrics.accuracy_score(left, at_half, sample_weight=weight), "precision": metrics.precision_score(left, at_half, sample_weight=weight),
        "recall": metrics.recall_score(left, at_half, sample_weight=weight), "f1": metrics.f1_score(left, at_half, sample_weight=weight),
        "brier": metrics.brier_score_loss(left, said, sample_weight=weight),
    }.items():  # fmt: skip
        assert found[name] == pytest.approx(value, abs=1e-9), name


def test_a_constant_score_is_worth_nothing() -> None:
    left = np.arange(1000) % 4 == 0
    found = judge(left, np.zeros(1000), 1)
    assert found["auc"]["value"] == 0.5
    assert found["lift_top_decile"]["value"] == pytest.approx(1)  # equal scores share their places
    assert found["precision"]["value"] == found["recall"]["value"] == 0
    assert set(judge(left, np.arange(1000.0), 1, is_probability=False)) == {"auc", "pr_auc", "lift_top_decile"}


def test_intervals_hold_their_figure_and_narrow_with_more_users() -> None:
    draws = np.random.default_rng(3)

    def width(count: int) -> float:
        said = draws.random(count)
        found = judge(draws.random(count) < said, said, 1)["auc"]
        low, high = found["interval"]
        assert low < found["value"] < high
        return float(high - low)

    assert width(300) > 2 * width(3000)
    left, said = np.arange(200) % 2 == 0, np.linspace(0, 1, 200)
    assert judge(left, said, 5) == judge(left, said, 5)


def test_levels_begin_where_so_many_left() -> None:
    draws = np.random.default_rng(4)
    said = np.sort(draws.random(20_000))
    left = draws.random(20_000) < said
    begins = levels(left, said)
    for name, share in LEVELS.items():
        assert begins[name] == pytest.approx(share, abs=0.06)
    assert [level_of(p, begins) for p in (0.05, 0.4, 0.6, 0.95)] == ["low", "medium", "high", "critical"]
    nobody = levels(np.arange(100) % 10 == 0, np.full(100, 0.1))
    assert nobody == {"medium": None, "high": None, "critical": None}
    assert level_of(0.9, nobody) == "low"


def test_calibration_and_roc() -> None:
    draws = np.random.default_rng(5)
    said = draws.random(10_000)
    left = draws.random(10_000) < said
    groups = calibration(left, said)
    assert sum(g["users"] for g in groups) == 10_000
    assert all(abs(g["said"] - g["left"]) < 0.05 for g in groups)
    points = roc(left, said)
    assert points[0] == [0, 0]
    assert points[-1] == [1, 1]
    assert len(points) <= 100


def test_gains_are_of_those_scored_highest() -> None:
    left, said = np.array([False, True, True, False]), np.array([0.1, 0.9, 0.2, 0.8])
    assert gains(left, said) == [[0.0, 0.0], [0.25, 0.5], [0.5, 0.5], [0.75, 1.0], [1.0, 1.0]]


def test_segments_are_judged_apart() -> None:
    left, said = np.array([False, True, True, False, True]), np.array([0.1, 0.9, 0.2, 0.8, 0.5])
    first = np.array([True, True, True, True, False])
    assert segments(left, said, {"four": first, "one": ~first, "nobody": first & ~first}) == {
        "four": {"users": 4, "left": 0.5, "auc": 0.75}, "one": {"users": 1, "left": 1.0, "auc": None},
    }  # fmt: skip
