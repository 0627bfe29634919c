"""How good lists of ten are: recall, precision, NDCG and MAP at 10 with binary relevance, and how much of the shop they show.

Jaervelin and Kekaelaeinen (2002) for NDCG; MAP divides by min(10, relevant), as is usual at a cut-off. Intervals are of 200 resamples of the users.
"""

from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shoplake.learn.frame import F64
from shoplake.learn.interactions import I64, Asked
from shoplake.learn.judge import RESAMPLES

AT = 10
FIGURES = ("ndcg", "recall", "precision", "map")


def judge_lists(top: I64, one: Asked, products: int, seed: int) -> dict[str, Any]:
    """top: asked users x AT, columns of products, -1 where a list is shorter."""
    values = per_user(top, one)
    weights = _resamples(len(top), seed)
    found: dict[str, Any] = {}
    for name in FIGURES:
        low, high = np.quantile([weight @ values[name] for weight in weights], [0.025, 0.975])
        found[name] = {"value": round(float(values[name].mean()), 6), "interval": [round(float(low), 6), round(float(high), 6)]}
    found["coverage"] = round(len(np.unique(top[top >= 0])) / products, 6)
    return found


@lru_cache(maxsize=1)
def _resamples(users: int, seed: int) -> F64:
    """What each user counts for in each resample; the same for all lists that are judged together."""
    draws = np.random.default_rng(seed)
    return np.array([draws.multinomial(users, np.full(users, 1 / users)) / users for _ in range(RESAMPLES)])


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


def listed(top: I64, one: Asked, users: list[str], products: list[str]) -> pa.Table:
    """The lists that were judged, a row a place: user_id, product_rank, product_id, is_hit (it was bought later)."""
    row, place = np.nonzero(top >= 0)
    names = pa.array(products, pa.string()).take(pa.array(top[row, place]))
    return pa.table({"user_id": pa.array(users, pa.string()).take(pa.array(one.rows[row])), "product_rank": place + 1, "product_id": names, "is_hit": _hits(top, one)[row, place] > 0})


def _hits(top: I64, one: Asked) -> NDArray[np.float64]:
    """Whether each place of each list is wanted: a pair is one number, sought among those that are."""
    rows, columns = one.wanted.shape
    wanted = np.sort(np.repeat(np.arange(rows), np.diff(one.wanted.indptr)) * columns + one.wanted.indices)
    pairs = np.arange(rows)[:, None] * columns + top
    at = np.minimum(np.searchsorted(wanted, pairs), len(wanted) - 1)
    found: NDArray[np.float64] = ((wanted[at] == pairs) & (top >= 0)).astype(float)
    return found
