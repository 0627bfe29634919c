"""Recommendations: taught by what happened before a day, judged by what was bought after it, beside what is popular and what is bought together."""

import datetime as dt
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from itertools import product
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from shoplake.errors import WrongUse
from shoplake.lake.layout import Lake
from shoplake.learn import als
from shoplake.learn.als import Factors, Parameters
from shoplake.learn.cuts import Cuts
from shoplake.learn.interactions import (
    I64,
    MART,
    RECENT_DAYS,
    Asked,
    Interactions,
    Weights,
    asked,
    bought_within,
    interactions,
)
from shoplake.learn.rank import judge_lists, listed, per_user
from shoplake.learn.records import asked_of, hash_of
from shoplake.look.opened import Opened

LEAST = 20  # users who bought something new: fewer tell nothing
NEIGHBOURS = 100
SEGMENTS = {"only looked before": (0, 0), "bought one product before": (1, 1), "two to four": (2, 4), "five and more": (5, 1 << 30)}
Fit = Callable[[Any, Parameters], Factors]
GRID: dict[str, tuple[float, ...]] = {"factors": (8, 16, 32), "regularisation": (0.1, 1.0), "alpha": (1.0, 5.0)}
FOLDS = 2


@dataclass(frozen=True)
class Options:
    """window: days after the cut in which what is bought counts."""

    window: int = 30
    cut: dt.date | None = None
    weights: Weights = field(default_factory=Weights)
    parameters: Parameters = field(default_factory=Parameters)
    tune: bool = False


@dataclass(frozen=True)
class Trained:
    factors: Factors
    users: list[str]
    products: list[str]
    record: dict[str, Any]
    predictions: pa.Table  # what it said of those who judge


def train(cuts: Cuts, lake: Lake, options: Options, told: Any = None, fitted: Fit = als.fit) -> Trained:
    """told: called with each trial of a search; fitted: who teaches. Raises WrongUse for a cut that cannot be or too few who bought, CheckFailed for a mart that sees the future."""
    cut = cut_of(cuts.one, options.cut, options.window)
    cuts.check_blind(MART, cut)
    trials = search(cuts, cut, options, told, fitted) if options.tune else []
    chosen = replace(options.parameters, **trials[0]["parameters"]) if trials else options.parameters
    known, one = _fold(cuts, cut, options)
    factors = fitted(known.weights, chosen)
    lists = baselines(cuts, known, one.rows)
    mine = als.lists(factors, one.rows, known.bought)
    found = {name: judge_lists(top, one, len(known.products), chosen.seed) for name, top in {"model": mine, **lists}.items()}
    record: dict[str, Any] = {
        "name": "recommend", "generation": cuts.one.manifest.generation, "as_of": cuts.one.manifest.as_of, "cut": str(cut), "window_days": options.window, "seed": chosen.seed,
        "parameters": {**{k: v for k, v in asdict(chosen).items() if k != "seed"}, "weights": asdict(options.weights)}, "users_taught": len(known.users), "products": len(known.products),
        "trained_on": hash_of((known.users, known.products), known.weights.indptr, known.weights.indices, known.weights.data), "input": asked_of({"user_id": "string"}, {"user_id": known.users[0]}),
        "users_judged": len(one.rows), "pairs_judged": int(one.wanted.nnz), "newcomers": one.newcomers, "model": found.pop("model"), "baselines": found,
        "segments": _segments(known, one, mine), "taste": taste(cuts, lake, known, factors), "trials": trials,
    }  # fmt: skip
    record["beats_popularity"] = record["model"]["ndcg"]["value"] > max(record["baselines"][name]["ndcg"]["value"] for name in ("popularity", "recent popularity"))
    return Trained(factors, known.users, known.products, record, listed(mine, one, known.users, known.products))


def cut_of(one: Opened, cut: dt.date | None, window: int) -> dt.date:
    """The day that was asked for, or the last with a whole window. Raises WrongUse for one without."""
    as_of = dt.date.fromisoformat(one.manifest.as_of)
    last = as_of - dt.timedelta(window)
    if cut is not None and cut > last:
        raise WrongUse(f"--cut {cut}: its window of {window} days ends behind {as_of}, where this generation ends. Name {last} or an earlier day.")
    return cut or last


def _fold(cuts: Cuts, cut: dt.date, options: Options) -> tuple[Interactions, Asked]:
    known = interactions(cuts, cut, options.weights)
    one = asked(known, bought_within(cuts, cut, cut + dt.timedelta(options.window)))
    if len(one.rows) < LEAST:
        raise WrongUse(f"cut {cut}: {len(one.rows)} known users bought something new in the {options.window} days after it; {LEAST} are needed. Build more days, or move --cut or --window.")
    return known, one


def search(cuts: Cuts, cut: dt.date, options: Options, told: Any = None, fitted: Fit = als.fit) -> list[dict[str, Any]]:
    """Every combination of GRID, on windows that end at the cut or before it; best first by mean NDCG."""
    folds = [_fold(cuts, cut - dt.timedelta(options.window * (n + 1)), options) for n in range(FOLDS)]
    trials = []
    for values in product(*GRID.values()):
        named: dict[str, Any] = dict(zip(GRID, values, strict=True))
        named["factors"] = int(named["factors"])
        figures, began = [], time.monotonic()
        for known, one in folds:
            factors = fitted(known.weights, replace(options.parameters, **named))
            figures.append(float(per_user(als.lists(factors, one.rows, known.bought), one)["ndcg"].mean()))
        trials.append({"parameters": named, "ndcg": round(float(np.mean(figures)), 6), "folds": [round(f, 6) for f in figures], "seconds": round(time.monotonic() - began, 2)})
        if told:
            told(trials[-1])
    return sorted(trials, key=lambda trial: -trial["ndcg"])


def _popular(known: Interactions, rows: I64) -> I64:
    return _same_for_all(np.asarray(known.bought.sum(axis=0)).ravel(), known, rows)


def _same_for_all(score: Any, known: Interactions, rows: I64) -> I64:
    order = np.argsort(-score, kind="stable")
    return np.concatenate([als.first(order, known.bought[some]) for some in als.blocks(rows)])


def _recent(cuts: Cuts, known: Interactions, rows: I64) -> I64:
    """By buyers of the last days before the cut."""
    pairs = bought_within(cuts, known.cut - dt.timedelta(RECENT_DAYS), known.cut)
    counts = {str(row["values"]): row["counts"] for row in pc.value_counts(pairs.column("product_id")).to_pylist()}
    return _same_for_all(np.array([counts.get(p, 0) for p in known.products], dtype=float), known, rows)


def _together(known: Interactions, rows: I64) -> I64:
    """Item-item cosine of the weights (Sarwar and others 2001), of each product's nearest."""
    from implicit.nearest_neighbours import CosineRecommender
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it turns a matrix of its own round, and says so
        model = CosineRecommender(K=NEIGHBOURS, num_threads=1)
        model.fit(known.weights, show_progress=False)
    # As factors are: single precision ranks as well, in half the time.
    weights, similarity = known.weights.astype(np.float32), model.similarity.astype(np.float32)
    return np.concatenate([als.best((weights[some] @ similarity).toarray(), known.bought[some]) for some in als.blocks(rows)])


def baselines(cuts: Cuts, known: Interactions, rows: I64) -> dict[str, I64]:
    """Lists of these users by what costs little."""
    return {**timeless(known, rows), "recent popularity": _recent(cuts, known, rows)}


def timeless(known: Interactions, rows: I64) -> dict[str, I64]:
    """Those that ask for no times."""
    return {"popularity": _popular(known, rows), "item-item cosine": _together(known, rows)}


def _segments(known: Interactions, one: Asked, top: I64) -> dict[str, Any]:
    """Of users by how many products they had bought: how many, and their mean figures."""
    before = np.diff(known.bought.indptr)[one.rows]
    values = per_user(top, one)
    found = {}
    for name, (least, most) in SEGMENTS.items():
        mine = (before >= least) & (before <= most)
        if mine.any():
            found[name] = {"users": int(mine.sum()), **{figure: round(float(v[mine].mean()), 6) for figure, v in values.items()}}
    return found


def taste(cuts: Cuts, lake: Lake, known: Interactions, factors: Factors, users: int = 2000) -> float | None:
    """On a made shop: the mean rank correlation, over users, of planted taste and the mean score of each category. None where nothing was planted."""
    file = lake.truth / "users.parquet"
    if not file.exists():
        return None
    from shoplake.generate.words import categories

    planted = pq.read_table(file, columns=["user_id", "taste_categories"])
    place = pc.index_in(pa.array(known.users), planted.column("user_id").combine_chunks())
    if place.null_count:
        return None
    of = {str(p): c for p, c in cuts.one.engine.rows("SELECT product_id, category FROM core.dim_products WHERE is_current")}
    names = [c.name for c in categories()]
    shown = np.array([names.index(of[p]) if of.get(p) in names else -1 for p in known.products])
    centres = np.array([factors.products[shown == n].mean(axis=0) if (shown == n).any() else np.full(factors.products.shape[1], np.nan) for n in range(len(names))])
    there = ~np.isnan(centres).any(axis=1)
    some = np.linspace(0, len(known.users) - 1, min(users, len(known.users))).astype(int)
    truth = np.array(planted.column("taste_categories").take(place.take(pa.array(some))).to_pylist())[:, there]
    return round(float(np.mean([_spearman(t, s) for t, s in zip(truth, factors.users[some] @ centres[there].T, strict=True)])), 4)


def _spearman(a: Any, b: Any) -> float:
    ranks = [np.argsort(np.argsort(v, kind="stable"), kind="stable").astype(float) for v in (a, b)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def as_tables(one: Trained) -> dict[str, pa.Table]:
    """The factors as files, users.parquet and products.parquet; and predictions.parquet."""
    factors = {
        f"{name}.parquet": pa.table({key: ids, "factors": pa.FixedSizeListArray.from_arrays(pa.array(np.ascontiguousarray(of).ravel()), of.shape[1])})
        for name, key, ids, of in (("users", "user_id", one.users, one.factors.users), ("products", "product_id", one.products, one.factors.products))
    }  # fmt: skip
    return {**factors, "predictions.parquet": one.predictions}
