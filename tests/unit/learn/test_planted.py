"""The best that could be told, held to a simulation of the very process."""

import numpy as np
import pytest

from shoplake.learn.judge import _Scored
from shoplake.learn.planted import daily, leaving, no_order, seen

HORIZON, BEFORE = 60, 300


def test_nobody_tells_more_than_who_knows_rate_and_hazard_and_sees_the_last_order() -> None:
    draws = np.random.default_rng(8)
    count = 60_000
    hazard, rate = draws.gamma(1.5, 0.001, count) + 1e-5, draws.gamma(0.8, 0.02, count) + 1e-4
    gone = draws.exponential(1 / hazard)
    # From the first order, on the first day, to the day a user left or the cut: so many more, anywhere in between.
    until = np.minimum(gone, BEFORE)
    more = draws.poisson(rate * until)
    last = np.where(more > 0, until * draws.random(count) ** (1 / np.maximum(more, 1)), 0.0)
    later = (gone > BEFORE) & (BEFORE + draws.exponential(1 / rate) < np.minimum(gone, BEFORE + HORIZON))
    left, recency = ~later, BEFORE - last
    per_day = daily(rate * 1234, hazard, recency, left, HORIZON)  # a planted rate is relative
    said = no_order(per_day, hazard, recency, HORIZON)
    orders = seen(per_day, hazard, more + 1.0, np.full(count, float(BEFORE)), recency, HORIZON)
    assert said.mean() == pytest.approx(left.mean(), abs=0.01)
    for one in (said, orders):
        for group in np.array_split(np.argsort(one), 10):
            assert one[group].mean() == pytest.approx(left[group].mean(), abs=0.03)
    ones = np.ones(len(left))
    auc = {
        name: _Scored(left, score, False).figures(ones)["auc"]
        for name, score in {
            "best": said, "orders": orders, "hazard": leaving(hazard, gone < BEFORE, HORIZON), "recency": recency, "rate": -rate, "frequency": -more,
        }.items()
    }  # fmt: skip
    assert auc["best"] == max(auc.values())
    assert auc["best"] > auc["orders"] > max(auc["recency"], auc["frequency"]), "who sees orders tells more than one figure of them, and less than who knows the user"


def test_very_many_orders_are_no_trouble() -> None:
    rate, hazard = np.linspace(0.005, 0.5, 20), np.full(20, 0.001)
    found = seen(rate, hazard, np.array([600.0, 1.0]), np.array([2000.0, 1.0]), np.array([3.0, 0.0]), HORIZON)
    assert ((found > 0) & (found < 1)).all()


def test_who_has_left_is_sure_to_have() -> None:
    assert leaving(np.array([0.1, 0.1]), np.array([True, False]), 2).tolist() == pytest.approx([1, 0.19])
