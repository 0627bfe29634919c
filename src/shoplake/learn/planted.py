"""On a made shop: how well those would do who knew what was planted.

`the planted hazard alone` ranks users by their chance of leaving for good within the horizon, 1 for who had left. It knows what nobody
sees, and is no limit all the same: a user who stays and seldom buys counts as left, too, and a model sees how often somebody buys.

`the best that could be told` knows each user's planted hazard and rate of orders and sees, as anybody can, when the user bought last.
Orders come at random at a rate, and a user leaves at random at a hazard (Schmittlein, Morrison and Colombo 1987): then the chance of
still being there after t days without an order is 1 / (1 + h / (h + r) (exp((h + r) t) - 1)). The planted rate is relative; of all
scales the one is taken that tells best. Seasons are left out, so a model may come near to it and hardly beyond.
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

HAZARD, BEST = "the planted hazard alone", "the best that could be told"
# Orders in a horizon of the mean user.
SCALES = np.geomspace(1e-3, 1e3, 121)


def planted(lake: Lake, judged: Frame, horizon: int, seed: int) -> dict[str, Any] | None:
    """HAZARD and BEST, judged as any score. None where nothing was planted, or a user of these was not."""
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
    return {
        HAZARD: judge(judged.left, leaving(hazard, had_left, horizon), seed, is_probability=False),
        BEST: judge(judged.left, best(rate, hazard, judged.column("recency_days"), judged.left, horizon), seed, is_probability=False),
    }


def leaving(hazard: F64, had_left: Bools, horizon: int) -> F64:
    """The chance of having left for good by the end of the horizon."""
    return np.where(had_left, 1.0, 1 - (1 - hazard) ** horizon)


def best(rate: F64, hazard: F64, recency: F64, left: Bools, horizon: int) -> F64:
    """The chance of no order within the horizon, given hazard, rate and the days since the last order."""
    tried = (_no_order(rate / (rate.mean() * horizon) * scale, hazard, recency, horizon) for scale in SCALES)
    return min(tried, key=lambda chance: float(np.mean((chance - left) ** 2)))


def _no_order(rate: F64, hazard: F64, recency: F64, horizon: int) -> F64:
    both = rate + hazard
    if_there = np.exp(-both * horizon) + hazard / both * (1 - np.exp(-both * horizon))
    there = 1 / (1 + hazard / both * np.expm1(np.minimum(both * recency, 500)))
    found: F64 = 1 - there * (1 - if_there)
    return found
