"""Logistic regression over features that are scaled, filled and standardised; a model is a handful of numbers, and kept as such.

Money is divided by the median of its currency, gaps take the mean, each feature is standardised by the population's deviation (ddof 0),
and `regularisation` is MLlib's regParam: scikit-learn's C is 1 / (rows * regParam).
"""

import warnings
from dataclasses import dataclass

import numpy as np

from shoplake.errors import WrongUse
from shoplake.learn.frame import F64, MONEY, Frame

REGULARISATION = 1e-3


@dataclass(frozen=True)
class Logistic:
    """All that is needed to score. Lists are in the order of `features`."""

    features: list[str]
    money: dict[str, dict[str, float]]  # column -> currency -> its median
    means: list[float]
    deviations: list[float]
    coefficients: list[float]
    intercept: float

    def standardised(self, frame: Frame) -> F64:
        """Users x features. Raises WrongUse for other features than it was taught."""
        if frame.features != self.features:
            raise WrongUse(f"the model knows the features {', '.join(self.features)}; found {', '.join(frame.features)}. Train a new version.")
        values = _filled(scaled(frame, self.money), np.array(self.means))
        found: F64 = (values - np.array(self.means)) / np.array(self.deviations)
        return found

    def probability(self, frame: Frame) -> F64:
        """That each user buys nothing within the horizon."""
        with np.errstate(invalid="ignore", over="ignore"):  # of a damaged model: whoever uses the scores looks whether they are numbers
            found: F64 = 1 / (1 + np.exp(-(self.standardised(frame) @ np.array(self.coefficients) + self.intercept)))
        return found


def fit(frame: Frame, regularisation: float = REGULARISATION) -> Logistic:
    """Teach a model. Raises WrongUse when all users left, or all stayed, or a value is infinite."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    if not 0 < frame.left.sum() < len(frame):
        raise WrongUse(f"cut {frame.cut}: of {len(frame):,} users who teach {'all' if frame.left.any() else 'none'} left within the horizon: there is nothing to tell apart. Move the cut or the horizon.")
    if np.isinf(frame.values).any():
        column = frame.features[int(np.argmax(np.isinf(frame.values).any(axis=0)))]
        raise WrongUse(f"cut {frame.cut}: {column} holds an infinite value. Mend its model, and build again.")
    money = medians(frame)
    values = scaled(frame, money)
    means = np.array([float(np.mean(c[~np.isnan(c)])) if (~np.isnan(c)).any() else 0.0 for c in values.T])
    values = _filled(values, means)
    deviations = values.std(axis=0)
    deviations[deviations == 0] = 1  # a constant tells nothing, and gets no weight
    with threadpool_limits(1), warnings.catch_warnings():  # one thread: the same numbers on any machine
        warnings.simplefilter("error", ConvergenceWarning)
        model = LogisticRegression(C=1 / (len(frame) * regularisation), solver="newton-cholesky", max_iter=200, tol=1e-8).fit((values - means) / deviations, frame.left)
    return Logistic(frame.features, money, means.tolist(), deviations.tolist(), model.coef_[0].tolist(), float(model.intercept_[0]))


def medians(frame: Frame) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    currencies = np.array(frame.currencies)
    for name in (n for n in MONEY if n in frame.features):
        column = frame.column(name)
        found[name] = {}
        for currency in sorted(set(frame.currencies)):
            there = column[(currencies == currency) & ~np.isnan(column)]
            found[name][currency] = float(np.median(there)) if len(there) and np.median(there) > 0 else 1.0
    return found


def scaled(frame: Frame, money: dict[str, dict[str, float]]) -> F64:
    """A currency that nobody taught: as if its median were this frame's own."""
    values, own = frame.values.copy(), medians(frame)
    for name, known in money.items():
        at = frame.features.index(name)
        values[:, at] /= np.array([known.get(c) or own[name][c] for c in frame.currencies])
    return values


def _filled(values: F64, means: F64) -> F64:
    return np.where(np.isnan(values), means, values)


def reasons(model: Logistic, frame: Frame, count: int = 3) -> list[list[str]]:
    """The features that speak most for each user's leaving: coefficient x standardised value, above 0, largest first."""
    pull = model.standardised(frame) * np.array(model.coefficients)
    order = np.argsort(-pull, axis=1, kind="stable")[:, :count]
    return [[model.features[j] for j in row if pull[i, j] > 0] for i, row in enumerate(order)]


