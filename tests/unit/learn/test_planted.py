"""The best that could be told, held to a simulation of the very process."""

import numpy as np
import pytest

from shoplake.learn.judge import _Scored
from shoplake.learn.planted import best, leaving

HORIZON, BEFORE = 60, 300


def test_nobody_tells_more_than_who_knows_rate_and_hazard_and_sees_the_last_order() -> None:
    draws = np.random.default_rng(8)
    count = 60_000
    hazard, rate = draws.gamma(1.5, 0.001, count) + 1e-5, draws.gamma(0.8, 0.02, count) + 1e-4
    gone = draws.exponential(1 / hazard)
    # The last order before the cut: backwards from the day a user left, or from the cut.
    last = np.minimum(gone, BEFORE) - draws.exponential(1 / rate)
    seen = last > 0
    later = (gone > BEFORE) & (BEFORE + draws.exponential(1 / rate) < np.minimum(gone, BEFORE + HORIZON))
    left, recency = ~later[seen], (BEFORE - last)[seen]
    said = best(rate[seen] * 1234, hazard[seen], recency, left, HORIZON)  # a planted rate is relative
    assert said.mean() == pytest.approx(left.mean(), abs=0.01)
    for group in np.array_split(np.argsort(said), 10):
        assert said[group].mean() == pytest.approx(left[group].mean(), abs=0.03)
    ones = np.ones(len(left))
    auc = {
        name: _Scored(left, score, False).figures(ones)["auc"]
        for name, score in {"best": said, "hazard": leaving(hazard[seen], (gone < BEFORE)[seen], HORIZON), "recency": recency, "rate": -rate[seen]}.items()
    }
    assert auc["best"] == max(auc.values())


def test_who_has_left_is_sure_to_have() -> None:
    assert leaving(np.array([0.1, 0.1]), np.array([True, False]), 2).tolist() == pytest.approx([1, 0.19])
