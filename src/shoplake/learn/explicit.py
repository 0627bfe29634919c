"""Explicit ratings: alternating least squares with weighted regularisation (Zhou, Wilkinson, Schreiber and Pan 2008), as Spark's MLlib has it.

Each half step is exact: for every user the least squares of the ratings that it gave, with `regularisation` times their number on the
diagonal. tests/unit/learn/test_explicit.py holds it to the closed-form solution.
"""

from typing import Any

import numpy as np

from shoplake.learn.als import Parameters
from shoplake.learn.frame import F64
from shoplake.learn.ratings import Ratings


def fit(rated: Ratings, one: Parameters) -> tuple[F64, F64]:
    """users x factors, items x factors. `alpha` has no meaning here."""
    draws = np.random.default_rng(one.seed)
    items = np.abs(draws.normal(size=(len(rated.items), one.factors))) / np.sqrt(one.factors)
    users = np.zeros((len(rated.users), one.factors))
    for _ in range(one.iterations):
        users = half_step(items, rated.user, rated.item, rated.value, len(users), one.regularisation)
        items = half_step(users, rated.item, rated.user, rated.value, len(items), one.regularisation)
    return users, items


def half_step(fixed: F64, row: Any, column: Any, value: F64, rows: int, regularisation: float) -> F64:
    """The best factors of each row while those of the columns stay; 0 for a row without ratings."""
    found = np.zeros((rows, fixed.shape[1]))
    order = np.argsort(row, kind="stable")
    begins = np.searchsorted(row[order], np.arange(rows + 1))
    for n in np.flatnonzero(np.diff(begins)):
        mine = order[begins[n] : begins[n + 1]]
        of = fixed[column[mine]]
        found[n] = np.linalg.solve(of.T @ of + regularisation * len(mine) * np.eye(of.shape[1]), of.T @ value[mine])
    return found


def predict(users: F64, items: F64, user: Any, item: Any) -> F64:
    found: F64 = np.einsum("ij,ij->i", users[user], items[item])
    return found


def errors(said: F64, value: F64) -> dict[str, float]:
    """RMSE and MAE."""
    return {"rmse": round(float(np.sqrt(np.mean((said - value) ** 2))), 6), "mae": round(float(np.mean(np.abs(said - value))), 6)}
