"""How good scores are, beside what costs nothing: figures of users who did not teach, at a later cut, each with its interval.

Intervals are of 200 resamples of the users (percentile bootstrap, Efron 1979), 95 %.
"""

from typing import Any

import numpy as np

from shoplake.learn.frame import F64, Bools

RESAMPLES = 200
BINS = 10
# A risk level begins where so many of those who are scored alike have left, by the calibration.
LEVELS = {"medium": 0.25, "high": 0.5, "critical": 0.75}


def judge(left: Bools, score: F64, seed: int, *, is_probability: bool = True) -> dict[str, Any]:
    """AUC, PR-AUC (average precision) and lift in the top tenth of any score; of probabilities also accuracy, precision, recall and F1
    (at .5) and the Brier score. Each with its `interval`."""
    scored = _Scored(left, score, is_probability)
    draws = np.random.default_rng(seed)
    drawn = [scored.figures(draws.multinomial(len(left), np.full(len(left), 1 / len(left))).astype(float)) for _ in range(RESAMPLES)]
    found = {}
    for name, value in scored.figures(np.ones(len(left))).items():
        low, high = np.nanquantile([one[name] for one in drawn], [0.025, 0.975])
        found[name] = {"value": round(value, 6), "interval": [round(float(low), 6), round(float(high), 6)]}
    return found


class _Scored:
    """Sorted once; then each resample is a weight a user and costs one pass. tests/unit/learn holds it to scikit-learn's figures."""

    def __init__(self, left: Bools, score: F64, is_probability: bool) -> None:
        self._order = np.argsort(-score, kind="stable")
        self._left = left[self._order].astype(float)
        self._score = score[self._order]
        self._starts = np.concatenate([[0], np.flatnonzero(np.diff(self._score)) + 1])  # equal scores are one step
        self._is_probability = is_probability

    def figures(self, weight: F64) -> dict[str, float]:
        """NaN where a resample holds only those who left, or only those who stayed."""
        weight = weight[self._order]
        leavers, users = np.add.reduceat(weight * self._left, self._starts), np.add.reduceat(weight, self._starts)
        found, total = leavers.cumsum(), users.cumsum()
        stayers = users - leavers
        all_left, all_stayed = leavers.sum(), stayers.sum()
        if not all_left or not all_stayed:
            return dict.fromkeys(("auc", "pr_auc", "lift_top_decile", "accuracy", "precision", "recall", "f1", "brier"), float("nan"))
        below = all_stayed - stayers.cumsum()
        precision = np.divide(found, total, out=np.zeros_like(found), where=total > 0)
        figures = {
            "auc": leavers @ (below + stayers / 2) / (all_left * all_stayed),
            "pr_auc": precision @ leavers / all_left,
            "lift_top_decile": _lift(leavers, users),
        }
        if self._is_probability:
            said = self._score[self._starts] >= 0.5
            right, wrong = leavers[said].sum(), stayers[said].sum()
            figures |= {
                "accuracy": (right + all_stayed - wrong) / total[-1], "precision": right / (right + wrong) if right + wrong else 0.0, "recall": right / all_left,
                "f1": 2 * right / (right + wrong + all_left), "brier": weight @ (self._score - self._left) ** 2 / total[-1],
            }  # fmt: skip
        return {name: float(value) for name, value in figures.items()}


def _lift(leavers: F64, users: F64) -> float:
    """Share of leavers in the tenth with the highest scores, by the share of all. Equal scores share their places."""
    taken = np.clip(users.sum() / 10 - np.concatenate([[0.0], users.cumsum()[:-1]]), 0, users)
    share = np.divide(leavers, users, out=np.zeros_like(leavers), where=users > 0)
    return float(taken @ share / (users.sum() / 10) / (leavers.sum() / users.sum()))


def calibration(left: Bools, probability: F64) -> list[dict[str, Any]]:
    """Ten groups of equal size by probability: what was said, and how many left."""
    order = np.argsort(probability, kind="stable")
    return [
        {"users": len(rows), "said": round(float(probability[rows].mean()), 6), "left": round(float(left[rows].mean()), 6)}
        for rows in np.array_split(order, BINS) if len(rows)
    ]  # fmt: skip


def levels(left: Bools, probability: F64) -> dict[str, float | None]:
    """The probability at which each risk level begins; None for one that nobody reaches. By a monotone calibration (pool adjacent violators)."""
    from sklearn.isotonic import IsotonicRegression

    order = np.argsort(probability, kind="stable")
    rate = IsotonicRegression(increasing=True).fit_transform(probability[order], left[order].astype(float))
    found: dict[str, float | None] = {}
    for name, share in LEVELS.items():
        reached = np.flatnonzero(rate >= share)
        found[name] = round(float(probability[order][reached[0]]), 6) if len(reached) else None
    return found


def level_of(probability: float, begins: dict[str, float | None]) -> str:
    """low, medium, high or critical."""
    reached = [name for name in LEVELS if (at := begins[name]) is not None and probability >= at]
    return reached[-1] if reached else "low"


def roc(left: Bools, score: F64, points: int = 100) -> list[list[float]]:
    """False and true positive rates, for a drawing."""
    from sklearn import metrics

    false, true, _ = metrics.roc_curve(left, score)
    at = np.unique(np.linspace(0, len(false) - 1, points).astype(int))
    return [[round(float(false[i]), 4), round(float(true[i]), 4)] for i in at]


def gains(left: Bools, score: F64, points: int = 100) -> list[list[float]]:
    """Of the users with the highest scores, each share of all: the share of those who left that is among them, for a drawing. Its slope is the lift."""
    found = np.concatenate([[0.0], np.cumsum(left[np.argsort(-score, kind="stable")])]) / max(left.sum(), 1)
    at = np.unique(np.linspace(0, len(left), points).astype(int))
    return [[round(float(i / len(left)), 4), round(float(found[i]), 4)] for i in at]


def segments(left: Bools, score: F64, groups: dict[str, Bools]) -> dict[str, Any]:
    """Of each group that anybody is in: how many, how many left, and the AUC within it, None where all did the same."""
    from sklearn import metrics

    return {
        name: {
            "users": int(mine.sum()), "left": round(float(left[mine].mean()), 6),
            "auc": round(float(metrics.roc_auc_score(left[mine], score[mine])), 6) if 0 < left[mine].sum() < mine.sum() else None,
        }
        for name, mine in groups.items() if mine.any()
    }  # fmt: skip
