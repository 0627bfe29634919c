"""Who is looked at, what was known of them, and whether they came back: two disjoint windows, before and after a cut."""

import datetime as dt
import hashlib
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shoplake.errors import WrongUse
from shoplake.learn.cuts import Cuts

MART = "marts.churn_features"
# Columns that are no features, and those that are money of the user's own currency.
NOT_FEATURES = ("as_of", "user_id", "currency")
MONEY = ("net_amount", "average_order_amount")
# Of a hundred users, so many teach; the others judge.
TEACHING = 70
F64 = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Frame:
    """Users at a cut, a row each: `values` (users x features, NaN where nothing was measured), `left` (no purchase in the horizon)."""

    cut: dt.date
    users: list[str]
    currencies: list[str]
    features: list[str]
    values: F64
    left: Bools

    def __len__(self) -> int:
        return len(self.users)

    def where(self, mask: Bools) -> "Frame":
        rows = np.flatnonzero(mask)
        return Frame(self.cut, [self.users[i] for i in rows], [self.currencies[i] for i in rows], self.features, self.values[rows], self.left[rows])

    def column(self, name: str) -> F64:
        return self.values[:, self.features.index(name)]


def frame(cuts: Cuts, cut: dt.date, horizon: int) -> Frame:
    """Features from before the cut; left when the same mart, as of the horizon's end, knows no order within the horizon.

    Raises WrongUse when the horizon ends behind the generation, or nobody had bought before the cut.
    """
    known = cuts.mart(MART, cut)
    if not known.num_rows:
        raise WrongUse(f"cut {cut}: nobody had bought before it. Name a later day.")
    later = cuts.mart(MART, cut + dt.timedelta(horizon))
    came_back = {user for user, days in zip(later.column("user_id").to_pylist(), later.column("recency_days").to_pylist(), strict=True) if days <= horizon}
    users = known.column("user_id").to_pylist()
    return described(known, cut, np.array([user not in came_back for user in users]))


def described(known: pa.Table, cut: dt.date, left: Bools) -> Frame:
    """A table of features as numbers."""
    features = [c for c in known.column_names if c not in NOT_FEATURES]
    values = np.column_stack([_numbers(known.column(name)) for name in features])
    return Frame(cut, known.column("user_id").to_pylist(), [c or "" for c in known.column("currency").to_pylist()], features, values, left)


def _numbers(column: pa.ChunkedArray) -> F64:
    found = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return np.asarray(found, dtype=np.float64)


def teaches(users: list[str], seed: int) -> Bools:
    """Whether a user is among those who teach, by a hash of seed and id: the same at every cut, so that nobody who teaches judges."""
    return np.array([int.from_bytes(hashlib.sha256(f"{seed} {user}".encode()).digest()[:4], "big") % 100 < TEACHING for user in users])
