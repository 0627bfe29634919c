"""On a made shop: how well those would do who knew what was planted.

`the planted hazard alone` ranks users by their chance of leaving for good within the horizon, 1 for who had left. It knows what nobody
sees, and is no limit all the same: a user who stays and seldom buys counts as left, too, and a model sees how often somebody buys.

`the best that could be told` knows each user's planted hazard and rate of orders and sees, as anybody can, when the user bought last.
Orders come at random at a rate, and a user leaves at random at a hazard (Schmittlein, Morrison and Colombo 1987): then the chance of
still being there after t days without an order is 1 / (1 + h / (h + r) (exp((h + r) t) - 1)). The planted rate is relative; of all
scales the one is taken that tells best. Seasons are left out, so a model may come near to it and hardly beyond.

`the best that orders tell` sees what anybody can, first order, last order and their number, and knows how this shop's customers differ from
each other in hazard and rate, though not who is who: the mean over SORTS of them, weighted by how likely each is to have ordered like that
(the same paper's Pareto/NBD, its mixture taken from what was planted). Nobody who sees only orders can be expected to tell more.
"""

import datetime as dt
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from shoplake.lake.layout import Lake
from shoplake.learn.frame import F64, Bools, Frame
from shoplake.learn.judge import judge

HAZARD, SEEN, BEST = "the planted hazard alone", "the best that orders tell", "the best that could be told"
# Orders in a horizon of the mean user.
SCALES = np.geomspace(1e-3, 1e3, 121)
SORTS = 300  # customers, evenly taken, who stand for all
BLOCK = 4096  # users at a time, so that memory is bounded


def planted(lake: Lake, judged: Frame, horizon: int, seed: int) -> dict[str, Any] | None:
    """HAZARD, SEEN and BEST, judged as any score. None where nothing was planted, or a user of these was not."""
    file = lake.truth / "users.parquet"
    if not file.exists():
        return None
    truth = pq.read_table(file, columns=["user_id", "order_rate", "hazard_per_day", "left_at"])
    place = pc.index_in(pa.array(judged.users), truth.column("user_id").combine_chunks())
    if place.null_count:
        return None
    mine = truth.take(place)
    rate, hazard = (mine.column(name).to_numpy().astype(np.float64) for name in ("order_rate", "hazard_per_day"))
    had_left = pc.fill_null(pc.less(mine.column("left_at"), pa.scalar(dt.datetime.combine(judged.cut, dt.time()), pa.timestamp("us"))), False).to_numpy()
    recency = judged.column("recency_days")
    per_day = daily(rate, hazard, recency, judged.left, horizon)
    scores = {
        HAZARD: leaving(hazard, had_left, horizon),
        SEEN: seen(per_day, hazard, judged.column("order_count"), judged.column("tenure_days"), recency, horizon),
        BEST: no_order(per_day, hazard, recency, horizon),
    }
    return {name: judge(judged.left, score, seed, is_probability=False) for name, score in scores.items()}


def leaving(hazard: F64, had_left: Bools, horizon: int) -> F64:
    """The chance of having left for good by the end of the horizon."""
    return np.where(had_left, 1.0, 1 - (1 - hazard) ** horizon)


def daily(rate: F64, hazard: F64, recency: F64, left: Bools, horizon: int) -> F64:
    """Orders a day of each user: the planted rate, which is relative, in the scale that tells best who made no order within the horizon."""
    tried = (rate / (rate.mean() * horizon) * scale for scale in SCALES)
    return min(tried, key=lambda per_day: float(np.mean((no_order(per_day, hazard, recency, horizon) - left) ** 2)))


def no_order(rate: F64, hazard: F64, recency: F64, horizon: int) -> F64:
    """The chance of no order within the horizon, given hazard and orders a day and the days since the last order."""
    both = rate + hazard
    there = 1 / (1 + hazard / both * np.expm1(np.minimum(both * recency, 500)))
    found: F64 = 1 - there * (1 - _no_order_of_who_is_there(rate, hazard, horizon))
    return found


def _no_order_of_who_is_there(rate: F64, hazard: F64, horizon: int) -> F64:
    both = rate + hazard
    found: F64 = np.exp(-both * horizon) + hazard / both * (1 - np.exp(-both * horizon))
    return found


def seen(rate: F64, hazard: F64, orders: F64, tenure: F64, recency: F64, horizon: int) -> F64:
    """The chance of no order within the horizon, given the number of orders, the days since the first and the days since the last."""
    some = np.linspace(0, len(rate) - 1, min(SORTS, len(rate))).astype(int)
    rate, hazard = rate[some], hazard[some]
    both, share = rate + hazard, hazard / (rate + hazard)
    nothing = _no_order_of_who_is_there(rate, hazard, horizon)
    found = np.empty(len(orders))
    for begin in range(0, len(orders), BLOCK):
        block = slice(begin, begin + BLOCK)
        often = np.outer(orders[block] - 1, np.log(rate))
        stayed = np.exp(-np.outer(tenure[block], both))
        gone = share * (np.exp(-np.outer(tenure[block] - recency[block], both)) - stayed)
        either = np.maximum(stayed + gone, 1e-300)  # many orders in a long time: all but a few sorts are as good as impossible
        log = often + np.log(either)
        likely = np.exp(log - log.max(axis=1, keepdims=True))
        found[block] = (likely * (stayed * nothing + gone) / either).sum(axis=1) / likely.sum(axis=1)
    return found
