"""Recommendations from ratings or counts, of a file or of what a shop's customers did: taught by one part, judged by the other, by the same figures as lists."""

import datetime as dt
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shoplake.errors import WrongUse
from shoplake.learn import als, explicit
from shoplake.learn.als import Factors, Parameters
from shoplake.learn.cuts import Cuts
from shoplake.learn.interactions import MART, Interactions, asked
from shoplake.learn.rank import judge_lists, listed
from shoplake.learn.ratings import Ratings, as_ratings, read_ratings, split_by
from shoplake.learn.recommend import LEAST, Trained, timeless
from shoplake.learn.records import asked_of, hash_of

# What a deed is worth where nobody rated: bought once is 3, each further time one more.
RATING = {"looked at": 1.0, "carted": 2.0, "bought": 3.0, "most": 5.0}


@dataclass(frozen=True)
class Options:
    """split: the share of the file that judges, the latest where it has times; or another file. explicit: the numbers say how much it was liked."""

    file: Path
    split: float | Path = 0.2
    explicit: bool = False
    parameters: Parameters = field(default_factory=Parameters)


def train(options: Options, fitted: Callable[[Any, Parameters], Factors] | None = None) -> Trained:
    """fitted: who teaches, of a sparse matrix of counts or of Ratings. Raises WrongUse for a file that cannot be read, or too little that judges."""
    rows = read_ratings(options.file, explicit=options.explicit)
    if isinstance(options.split, Path):
        later = read_ratings(options.split, explicit=options.explicit)
    else:
        judges = split_by(rows, options.split, options.parameters.seed)
        rows, later = rows.filter(pa.array(~judges)), rows.filter(pa.array(judges))
    told = {"file": options.file.name, "split": options.split.name if isinstance(options.split, Path) else options.split}
    return _taught(rows, later, options, told, fitted)


def train_on_behaviour(cuts: Cuts, cut: dt.date, window: int, parameters: Parameters, fitted: Callable[[Any, Parameters], Factors] | None = None) -> Trained:
    """Explicit ratings from what customers did with products before the cut, judged by the pairs that were new in the window after it.

    RATING says what a deed is worth. Raises WrongUse when nothing happened before the cut, or too little after it."""
    as_of = cut + dt.timedelta(window)
    cuts.check_blind(MART, cut)
    before, after = (_as_rated(cuts.mart(MART, day)) for day in (cut, as_of))
    new = after.join(before.select(["user", "item"]), ["user", "item"], join_type="left anti").sort_by([("user", "ascending"), ("item", "ascending")])
    told = {"file": "what customers did", "split": f"{window} days from {cut}", "cut": str(cut), "window_days": window, "generation": cuts.one.manifest.generation}
    return _taught(before, new, Options(Path(), explicit=True, parameters=parameters), told, fitted)


def _as_rated(rows: pa.Table) -> pa.Table:
    viewed, carted, bought = (rows.column(f"{name}_count").to_numpy() for name in ("view", "cart", "purchase"))
    value = np.select([bought > 0, carted > 0, viewed > 0], [np.minimum(RATING["bought"] + bought - 1, RATING["most"]), RATING["carted"], RATING["looked at"]], 0.0)
    found = pa.table({"user": rows.column("user_id"), "item": rows.column("product_id"), "value": pa.array(value, pa.float64())})
    return found.filter(pc.greater(found.column("value"), 0))


def _taught(rows: pa.Table, later: pa.Table, options: Options, told: dict[str, Any], fitted: Callable[[Any, Parameters], Factors] | None) -> Trained:
    rated = as_ratings(rows, explicit=options.explicit)
    factors, said, found = _by_ratings(rated, later, options.parameters, fitted or _explicit) if options.explicit else _by_counts(rated, later, options.parameters, fitted or als.fit)
    parameters = {k: v for k, v in asdict(options.parameters).items() if k != "seed" and (k != "alpha" or not options.explicit)}
    record = {
        "name": "ratings", "explicit": options.explicit, **told,
        "seed": options.parameters.seed, "parameters": parameters, "users_taught": len(rated.users), "products": len(rated.items), "pairs_taught": len(rated.value),
        "trained_on": hash_of((rated.users, rated.items), rated.user, rated.item, rated.value), "input": asked_of({"user_id": "string"}, {"user_id": rated.users[0]}), **found,
    }  # fmt: skip
    return Trained(factors, rated.users, rated.items, record, said)


def _explicit(rated: Ratings, one: Parameters) -> Factors:
    return Factors(*(of.astype(np.float32) for of in explicit.fit(rated, one)))


def _by_counts(rated: Ratings, later: pa.Table, one: Parameters, fitted: Any) -> tuple[Factors, pa.Table, dict[str, Any]]:
    """Lists of ten, judged by what comes new in the part that judges."""
    from scipy import sparse

    shape = (len(rated.users), len(rated.items))
    weights = sparse.csr_matrix((rated.value, (rated.user, rated.item)), shape=shape)
    weights.eliminate_zeros()
    known = Interactions(dt.date.min, rated.users, rated.items, weights, (weights > 0).astype(float))
    wanted = later.filter(pc.greater(later.column("value"), 0))
    judges = asked(known, pa.table({"user_id": wanted.column("user"), "product_id": wanted.column("item")}))
    if len(judges.rows) < LEAST:
        raise WrongUse(f"{len(judges.rows)} users take up something new in the part that judges; {LEAST} are needed. Name a larger --split.")
    factors = fitted(weights, one)
    tops = {"model": als.lists(factors, judges.rows, known.bought), **timeless(known, judges.rows)}
    found = {name: judge_lists(top, judges, len(rated.items), one.seed) for name, top in tops.items()}
    model = found.pop("model")
    return factors, listed(tops["model"], judges, rated.users, rated.items), {
        "users_judged": len(judges.rows), "pairs_judged": int(judges.wanted.nnz), "pairs_unknown": judges.unknown_products, "model": model, "baselines": found,
        "beats_baselines": model["ndcg"]["value"] > found["popularity"]["ndcg"]["value"],
    }  # fmt: skip


def _by_ratings(rated: Ratings, later: pa.Table, one: Parameters, fitted: Any) -> tuple[Factors, pa.Table, dict[str, Any]]:
    """Ratings foretold, of pairs whose user and item were both rated before."""
    user = pc.index_in(later.column("user"), pa.array(rated.users)).to_numpy(zero_copy_only=False).astype(float)
    item = pc.index_in(later.column("item"), pa.array(rated.items)).to_numpy(zero_copy_only=False).astype(float)
    known = ~np.isnan(user) & ~np.isnan(item)
    if known.sum() < LEAST:
        raise WrongUse(f"{int(known.sum())} ratings of the part that judges are of a user and an item that were rated before; {LEAST} are needed. Name a larger --split.")
    factors = fitted(rated, one)
    at, of, value = user[known].astype(np.int64), item[known].astype(np.int64), later.column("value").to_numpy()[known]
    said = {name: guess(rated, at, of) for name, guess in GUESSES.items()}
    found = {name: explicit.errors(guess, value) for name, guess in said.items()}
    foretold = explicit.predict(factors.users, factors.products, at, of)
    model = explicit.errors(foretold, value)
    rows = later.select(["user", "item"]).filter(pa.array(known)).append_column("value", pa.array(value)).append_column("foretold", pa.array(foretold, pa.float64()))
    return factors, rows, {
        "users_judged": len(np.unique(at)), "pairs_judged": int(known.sum()), "pairs_unknown": int((~known).sum()), "model": model, "baselines": found,
        "beats_baselines": model["rmse"] < min(one["rmse"] for one in found.values()),
    }  # fmt: skip


def _mean(rated: Ratings, user: Any, item: Any) -> Any:
    return np.full(len(user), rated.value.mean())


def _apart(place: Any, value: Any, count: int) -> Any:
    """The mean of each; 0 for one without any."""
    counts = np.bincount(place, minlength=count)
    return np.divide(np.bincount(place, value, count), counts, out=np.zeros(count), where=counts > 0)


def _item_mean(rated: Ratings, user: Any, item: Any) -> Any:
    return rated.value.mean() + _apart(rated.item, rated.value - rated.value.mean(), len(rated.items))[item]


def _both(rated: Ratings, user: Any, item: Any) -> Any:
    """The item's mean, and by how much the user rates above the items' means."""
    item_mean = _item_mean(rated, rated.user, rated.item)
    return _item_mean(rated, user, item) + _apart(rated.user, rated.value - item_mean, len(rated.users))[user]


GUESSES: dict[str, Callable[[Ratings, Any, Any], Any]] = {"mean of all": _mean, "mean of the item": _item_mean, "means of item and user": _both}
