"""Matrix factorisation by alternating least squares, implicit feedback (Hu, Koren and Volinsky 2008), by the `implicit` library; and lists from it.

One thread and a seed: the same data give the same factors on any machine.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoplake.learn.interactions import I64
from shoplake.learn.rank import AT

BLOCK = 2048  # users whose scores are held at a time
F32 = NDArray[np.float32]


@dataclass(frozen=True)
class Parameters:
    """Of `implicit`: confidence is 1 + alpha x weight, and regularisation is not scaled by the number of ratings."""

    factors: int = 16
    regularisation: float = 0.1
    alpha: float = 1.0
    iterations: int = 15
    seed: int = 42


@dataclass(frozen=True)
class Factors:
    """users x factors, products x factors."""

    users: F32
    products: F32


def fit(weights: Any, one: Parameters) -> Factors:
    from implicit.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        model = AlternatingLeastSquares(factors=one.factors, regularization=one.regularisation, alpha=one.alpha, iterations=one.iterations, num_threads=1, random_state=one.seed)
        model.fit(weights.astype(np.float32), show_progress=False)
    return Factors(np.asarray(model.user_factors), np.asarray(model.item_factors))


def fold_in(products: F32, weights: Any, one: Parameters) -> F32:
    """Users x factors that fit these weights (users x products) best while the products stay as they are: half a step of ALS."""
    from implicit.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        model = AlternatingLeastSquares(factors=one.factors, regularization=one.regularisation, alpha=one.alpha, num_threads=1)
        model.item_factors = products
        return np.asarray(model.recalculate_user(np.arange(weights.shape[0]), weights.astype(np.float32)), dtype=np.float32)


def lists(factors: Factors, rows: I64, leave_out: Any, count: int = AT) -> I64:
    """The best `count` products of each of these users, best first, without what stands in `leave_out`; -1 where there are fewer."""
    found = [best(factors.users[some] @ factors.products.T, leave_out[some], count) for some in blocks(rows)]
    return np.concatenate(found) if found else np.empty((0, count), np.int64)


def blocks(rows: I64) -> Iterator[I64]:
    yield from (rows[i : i + BLOCK] for i in range(0, len(rows), BLOCK))


def first(order: I64, leave_out: Any, count: int = AT) -> I64:
    """Of one order of the columns for all: the first `count` of each row that are not left out; -1 where there are fewer."""
    most = int(np.diff(leave_out.indptr).max(initial=0))
    some = order[: count + most]
    is_free = np.asarray(leave_out[:, some].todense() == 0)
    places = np.argsort(~is_free, axis=1, kind="stable")[:, :count]
    found = np.full((leave_out.shape[0], count), -1, np.int64)
    found[:, : places.shape[1]] = np.where(np.take_along_axis(is_free, places, axis=1), some[places], -1)
    return found


def best(scores: NDArray[Any], leave_out: Any, count: int = AT) -> I64:
    """Columns of the `count` highest scores of each row; equal ones in the order of the columns. A product that is left out is -1."""
    scores = np.array(scores, dtype=np.float64)
    scores[leave_out.nonzero()] = -np.inf
    count_there = min(count, scores.shape[1])
    some = np.argpartition(-scores, count_there - 1, axis=1)[:, :count_there] if count_there < scores.shape[1] else np.tile(np.arange(scores.shape[1]), (len(scores), 1))
    # Where the last place is shared, whoever comes first in the shop's order has it.
    least = np.take_along_axis(scores, some, axis=1).min(axis=1)
    for row in np.flatnonzero((scores >= least[:, None]).sum(axis=1) > count_there):
        some[row] = np.lexsort((np.arange(scores.shape[1]), -scores[row]))[:count_there]
    values = np.take_along_axis(scores, some, axis=1)
    order = np.lexsort((some, -values), axis=1)
    some, values = np.take_along_axis(some, order, axis=1), np.take_along_axis(values, order, axis=1)
    found = np.full((len(scores), count), -1, np.int64)
    found[:, :count_there] = np.where(np.isfinite(values), some, -1)
    return found
