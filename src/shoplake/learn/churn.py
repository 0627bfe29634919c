"""Churn: taught at one cut, judged at a later one by other users, beside what a single column tells and the best that could be reached."""

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from shoplake.errors import CheckFailed, WrongUse
from shoplake.lake.layout import Lake
from shoplake.learn.cuts import Cuts
from shoplake.learn.frame import MART, Frame, frame, teaches
from shoplake.learn.judge import calibration, gains, judge, levels, roc, segments
from shoplake.learn.logistic import REGULARISATION, Logistic, fit
from shoplake.learn.planted import BEST, SEEN, planted
from shoplake.learn.records import asked_of, hash_of

LEAST = 20  # users on either side: fewer tell nothing
SEGMENTS = {"one order": (1, 1), "two to four": (2, 4), "five and more": (5, 1 << 30)}


@dataclass(frozen=True)
class Options:
    """horizon: days after a cut without a purchase; apart: days between the two cuts, where none is named."""

    horizon: int = 60
    train_cut: dt.date | None = None
    test_cut: dt.date | None = None
    apart: int = 30
    regularisation: float = REGULARISATION
    seed: int = 42


@dataclass(frozen=True)
class Trained:
    """A model with all that was seen of it. `record` is what its card is written from; `predictions`: what it said of those who judge."""

    model: Logistic
    record: dict[str, Any]
    predictions: pa.Table


def cuts_of(options: Options, as_of: dt.date) -> tuple[dt.date, dt.date]:
    """Where it is taught and where it is judged. Raises WrongUse for cuts that are not in this order or have no whole horizon."""
    test = options.test_cut or as_of - dt.timedelta(options.horizon)
    train = options.train_cut or test - dt.timedelta(options.apart)
    if not train < test:
        raise WrongUse(f"--train-cut {train}, --test-cut {test}: a model is judged on a later day than it was taught on.")
    if test + dt.timedelta(options.horizon) > as_of:
        raise WrongUse(f"--test-cut {test}: its horizon of {options.horizon} days ends behind {as_of}, where this generation ends. Name {as_of - dt.timedelta(options.horizon)} or an earlier day, or a shorter --horizon.")
    return train, test


def train(cuts: Cuts, lake: Lake, options: Options, fitted: Callable[[Frame, float], Logistic] = fit) -> Trained:
    """fitted: who teaches. Raises WrongUse for too few users or cuts that cannot be, CheckFailed for features that see the future."""
    manifest = cuts.one.manifest
    train_cut, test_cut = cuts_of(options, dt.date.fromisoformat(manifest.as_of))
    for cut in (train_cut, test_cut):
        cuts.check_blind(MART, cut)
    taught, judged = frame(cuts, train_cut, options.horizon), frame(cuts, test_cut, options.horizon)
    taught, judged = taught.where(teaches(taught.users, options.seed)), judged.where(~teaches(judged.users, options.seed))
    for one, what in ((taught, "teach"), (judged, "judge")):
        if min(one.left.sum(), (~one.left).sum()) < LEAST:
            raise WrongUse(f"cut {one.cut}: of {len(one):,} users who {what}, {int(one.left.sum()):,} left; {LEAST} are needed on either side. Build more days, or move --train-cut, --test-cut or --horizon.")
    model = fitted(taught, options.regularisation)
    record = {
        "name": "churn", "generation": manifest.generation, "as_of": manifest.as_of, "horizon_days": options.horizon, "train_cut": str(train_cut), "test_cut": str(test_cut),
        "seed": options.seed, "parameters": {"regularisation": options.regularisation}, "trained_on": hash_of((taught.users, taught.currencies, taught.features), taught.values, taught.left), "users_taught": len(taught), "users_judged": len(judged),
        "left_taught": round(float(taught.left.mean()), 6), "left_judged": round(float(judged.left.mean()), 6),
        "input": asked_of({**dict.fromkeys(model.features, "double"), "currency": "string"}, _mean_user(model, taught.currencies[0])),
        **evaluated(model, judged, lake, options.horizon, options.seed),
    }  # fmt: skip
    said = pa.table({"user_id": judged.users, "leave_probability": model.probability(judged), "left": judged.left})
    return Trained(model, record, said)


def _mean_user(model: Logistic, currency: str) -> dict[str, Any]:
    """An example that is nobody: the mean of every feature."""
    return {**{name: round(mean * model.money.get(name, {}).get(currency, 1.0), 6) for name, mean in zip(model.features, model.means, strict=True)}, "currency": currency}


def as_files(one: Trained) -> dict[str, str | pa.Table]:
    """What is kept of it."""
    return {"model.json": as_json(one.model), "predictions.parquet": one.predictions}


def evaluated(model: Logistic, judged: Frame, lake: Lake, horizon: int, seed: int) -> dict[str, Any]:
    """What is known of a model by users who did not teach it."""
    probability = model.probability(judged)
    if not np.isfinite(probability).all():
        raise CheckFailed("the model gives scores that are no numbers. Train a new version.")
    orders = judged.column("order_count")
    found: dict[str, Any] = {
        "model": judge(judged.left, probability, seed),
        "baselines": {
            "recency alone": judge(judged.left, np.nan_to_num(judged.column("recency_days")), seed, is_probability=False),
            "frequency alone": judge(judged.left, -np.nan_to_num(judged.column("order_count")), seed, is_probability=False),
            "always the majority": judge(judged.left, np.full(len(judged), float(judged.left.mean() >= 0.5)), seed),
        },
        "planted": planted(lake, judged, horizon, seed),
        "calibration": calibration(judged.left, probability), "levels": levels(judged.left, probability), "roc": roc(judged.left, probability), "gains": gains(judged.left, probability),
        "segments": segments(judged.left, probability, {name: (orders >= least) & (orders <= most) for name, (least, most) in SEGMENTS.items()}),
        "weights": {name: round(weight, 6) for name, weight in sorted(zip(model.features, model.coefficients, strict=True), key=lambda one: -abs(one[1]))},
    }  # fmt: skip
    if found["planted"]:
        auc = {name: one["auc"]["value"] - 0.5 for name, one in {"model": found["model"], **found["planted"]}.items()}
        if min(auc[BEST], auc[SEEN]) > 0:  # of few users the best may tell no more than a guess does
            found |= {"share_of_best": round(auc["model"] / auc[BEST], 4), "share_of_seen": round(auc["model"] / auc[SEEN], 4)}
    return found


def as_json(model: Logistic) -> str:
    return json.dumps(asdict(model), indent=1) + "\n"


def read_model(text: str, path: Path) -> Logistic:
    """Raises WrongUse for a file that is no model."""
    try:
        model = msgspec.convert(json.loads(text), Logistic)
    except (ValueError, msgspec.ValidationError) as e:
        raise WrongUse(f"{path}: not a model of this version of shoplake ({e}). Train a new version.") from e
    for name in ("means", "deviations", "coefficients"):
        if len(getattr(model, name)) != len(model.features):
            raise WrongUse(f"{path}: found {len(getattr(model, name))} {name}, expected one for each of {len(model.features)} features. Train a new version.")
    return model
