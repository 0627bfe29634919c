"""marts.churn_scores: what a version of churn says of every user as of the published day."""

import datetime as dt

import numpy as np
import pyarrow as pa

from shoplake.errors import CheckFailed
from shoplake.learn.churn import read_model
from shoplake.learn.frame import MART, Frame, described
from shoplake.learn.judge import LEVELS, level_of
from shoplake.learn.logistic import Logistic, reasons
from shoplake.learn.registry import Version
from shoplake.look.opened import Opened

TABLE = "marts.churn_scores"


def model_of(version: Version) -> Logistic:
    file = version.folder / "model.json"
    return read_model(version.text("model.json"), file)


def everybody(one: Opened) -> Frame:
    """The features of every user, as published."""
    known = one.engine.fetch(f"SELECT * FROM {MART} ORDER BY user_id")
    return described(known, dt.date.fromisoformat(one.manifest.as_of), np.zeros(known.num_rows, dtype=bool))


def churn_scores(one: Opened, version: Version) -> dict[str, pa.Table]:
    """Raises WrongUse for a model that is damaged or knows other features, CheckFailed for one whose scores are no numbers."""
    model, users = model_of(version), everybody(one)
    probability = model.probability(users)
    if not np.isfinite(probability).all():
        raise CheckFailed(f"churn {version.number}: {int((~np.isfinite(probability)).sum()):,} of {len(users):,} scores are no numbers. Train a new version.")
    begins = {name: version.record["levels"].get(name) for name in LEVELS}
    why = [[*found, None, None, None] for found in reasons(model, users)]
    return {TABLE: pa.table({
        "as_of": pa.repeat(pa.scalar(users.cut), len(users)), "user_id": users.users, "leave_probability": probability, "risk_level": [level_of(p, begins) for p in probability.tolist()],
        **{f"reason_{n + 1}": pa.array([found[n] for found in why], pa.string()) for n in range(3)}, "model_version": pa.repeat(version.number, len(users)),
    })}  # fmt: skip
