"""How good lists of ten are: recall, precision, NDCG and MAP at 10 with binary relevance, and how much of the shop they show.

Jaervelin and Kekaelaeinen (2002) for NDCG; MAP divides by min(10, relevant), as is usual at a cut-off. Intervals are of 200 resamples of the users.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoplake.learn.frame import F64
from shoplake.learn.interactions import I64, Asked
from shoplake.learn.judge import RESAMPLES

AT = 10
FIGURES = ("ndcg", "recall", "precision", "map")


def judge_lists(top: I64, one: Asked, products: int, seed: int) -> dict[str, Any]:
    """top: asked users x AT, columns of products, -1 where a list is shorter."""
    values = per_user(top, one)
    draws = np.random.default_rng(seed)
    weights = [draws.multinomial(len(top), np.full(len(top), 1 / len(top))) / len(top) for _ in range(RESAMPLES)]
    found: dict[str, Any] = {}
    for name in FIGURES:
        low, high = np.quantile([weight @ values[name] for weight in weights], [0.025, 0.975])
        found[name] = {"value": round(float(values[name].mean()), 6), "interval": [round(float(low), 6), round(float(high), 6)]}
    found["coverage"] = round(len(np.unique(top[top >= 0])) / products, 6)
    return found


def per_user(top: I64, one: Asked) -> dict[str, F64]:
    """Each figure of each user."""
    relevant = np.diff(one.wanted.indptr).astype(float)
    hit = _hits(top, one)
    discount = 1 / np.log2(np.arange(top.shape[1]) + 2)
    ideal = np.concatenate([[0], discount.cumsum()])
    within = np.minimum(relevant, AT)
    return {
        "ndcg": hit @ discount / ideal[within.astype(int)],
        "recall": hit.sum(axis=1) / relevant,
        "precision": hit.sum(axis=1) / AT,
        "map": (hit * hit.cumsum(axis=1) / np.arange(1, top.shape[1] + 1)).sum(axis=1) / within,
    }


def _hits(top: I64, one: Asked) -> NDArray[np.float64]:
    hit = np.zeros(top.shape)
    for row in range(len(top)):
        wanted = one.wanted.indices[one.wanted.indptr[row] : one.wanted.indptr[row + 1]]
        hit[row] = np.isin(top[row], wanted)
    return hit
