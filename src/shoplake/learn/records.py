"""What a version's record must hold, whatever else it holds: the gate, the history and the tables that are published stand on it."""

import datetime as dt
import hashlib
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np

from shoplake.errors import WrongUse

Days = Annotated[int, msgspec.Meta(ge=1)]


class Figure(msgspec.Struct):
    value: float
    interval: Annotated[list[float], msgspec.Meta(min_length=2, max_length=2)]


class ChurnFigures(msgspec.Struct):
    auc: Figure
    pr_auc: Figure
    brier: Figure


class ChurnRecord(msgspec.Struct):
    horizon_days: Days
    train_cut: dt.date
    test_cut: dt.date
    seed: int
    users_taught: int
    model: ChurnFigures
    levels: dict[str, float | None]


class ListFigures(msgspec.Struct):
    ndcg: Figure
    coverage: float


class RecommendRecord(msgspec.Struct):
    cut: dt.date
    window_days: Days
    seed: int
    users_taught: int
    parameters: dict[str, Any]
    model: ListFigures
    baselines: dict[str, ListFigures]


class RatingsRecord(msgspec.Struct):
    explicit: bool
    pairs_taught: int
    model: dict[str, Any]


KINDS: dict[str, type[msgspec.Struct]] = {"churn": ChurnRecord, "recommend": RecommendRecord, "ratings": RatingsRecord}


def check(name: str, record: dict[str, Any], file: Path) -> None:
    """Raises WrongUse naming the key, what was found and what was expected."""
    try:
        msgspec.convert(record, KINDS[name])
    except msgspec.ValidationError as e:
        raise WrongUse(f"{file}: {e}. Use another version, or train a new one.") from e


def hash_of(names: object, *values: Any) -> str:
    """Of what taught a version: names in their order, and arrays of numbers. No number (NaN) is one value."""
    found = hashlib.sha256(repr(names).encode())
    for one in values:
        found.update(np.ascontiguousarray(np.nan_to_num(one, nan=-1e300) if np.issubdtype(one.dtype, np.floating) else one).tobytes())
    return found.hexdigest()


def asked_of(columns: dict[str, str], example: dict[str, Any]) -> dict[str, Any]:
    """What a version is asked with: each column's type, and one row as an example."""
    return {"columns": columns, "example": example}
