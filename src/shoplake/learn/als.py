"""Matrix factorisation by alternating least squares, implicit feedback (Hu, Koren and Volinsky 2008), by the `implicit` library; and lists from it.

One thread and a seed: the same data give the same factors on any machine.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shoplake.errors import WrongUse
from shoplake.learn.interactions import I64
from shoplake.learn.rank import AT

BLOCK = 512  # users whose scores are held at a time; of ten thousand products they stay within a processor's cache
STRIP = 32  # columns of which only the highest is looked at first
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
    """Raises WrongUse for weights so large that no factors can be computed in single precision."""
    from implicit.als import AlternatingLeastSquares
    from implicit.recommender_base import ModelFitError
    from threadpoolctl import threadpool_limits

    try:
        with threadpool_limits(1), np.errstate(over="ignore"):  # an infinite weight ends in NaN factors, which are told below
            model = AlternatingLeastSquares(factors=one.factors, regularization=one.regularisation, alpha=one.alpha, iterations=one.iterations, num_threads=1, random_state=one.seed)
            model.fit(weights.astype(np.float32), show_progress=False)
    except ModelFitError as e:
        raise WrongUse(f"the factors are no numbers: found weights up to {weights.max():.3g}, times alpha {one.alpha:g}. Mend the largest counts, or give a smaller --alpha.") from e
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
    """Columns of the `count` highest scores of each row; equal ones in the order of the columns. A product that is left out is -1, and its
    score in `scores` is lost."""
    scores[leave_out.nonzero()] = -np.inf
    columns = _highest_of_many(scores, count)
    values = np.take_along_axis(scores, columns, axis=1)
    order = np.lexsort((columns, -values), axis=1)
    values, columns = np.take_along_axis(values, order, axis=1), np.take_along_axis(columns, order, axis=1)
    found = np.full((len(scores), count), -1, np.int64)
    found[:, : columns.shape[1]] = np.where(np.isfinite(values), columns, -1)
    return found


def _highest_of_many(values: NDArray[Any], count: int) -> I64:
    """As `_highest`, reading each row once. Every n-th column is a strip; the `count` strips with the highest maxima hold the highest values.
    A row where a place is shared, among strips or within them, is looked through as a whole."""
    rows, columns = values.shape
    strips = columns // STRIP
    if strips <= count or not rows:
        return _highest(values, count)
    # fmax: a score that is no number hides none beside it.
    chosen, is_shared = _some_highest(np.fmax.reduce(values[:, : strips * STRIP].reshape(rows, STRIP, strips), axis=1), count)
    candidates = (chosen[:, None, :] + strips * np.arange(STRIP)[:, None]).reshape(rows, -1)
    rest = np.tile(np.arange(strips * STRIP, columns), (rows, 1))
    candidates = np.concatenate([candidates, rest], axis=1)
    places, shared_within = _some_highest(np.take_along_axis(values, candidates, axis=1), count)
    found = np.take_along_axis(candidates, places, axis=1)
    shared = np.flatnonzero(is_shared | shared_within)
    found[shared] = _highest(values[shared], count)
    return found


def _some_highest(values: NDArray[Any], count: int) -> tuple[I64, NDArray[np.bool_]]:
    """Places of the `count` highest of each row, which has more, and whether one that was left is as high as one that was taken."""
    places = np.argpartition(-values, count, axis=1)[:, : count + 1]
    there = np.take_along_axis(values, places, axis=1)
    return places[:, :count], there[:, :count].min(axis=1) == there[:, count]


def _highest(values: NDArray[Any], count: int) -> I64:
    """Places of the `count` highest of each row, in any order; of equal ones those that come first."""
    if count >= values.shape[1]:
        return np.tile(np.arange(values.shape[1]), (len(values), 1))
    places, is_shared = _some_highest(values, count)
    shared = np.flatnonzero(is_shared)
    mine = values[shared]
    least = np.take_along_axis(mine, places[shared], axis=1).min(axis=1, keepdims=True)
    above, equal = mine > least, mine == least
    places[shared] = np.nonzero(above | (equal & (equal.cumsum(axis=1) <= count - above.sum(axis=1, keepdims=True))))[1].reshape(-1, count)
    return places
