"""The users of a range of blocks: who they are, what they like, how often they buy, and when they leave for good.

The hidden drivers show in behaviour (how often and how broadly a user buys, discounts, refunds, devices), and the hazard of
leaving is a plain function of them, so that a model can learn it, but not from recency alone.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from shoplake.generate.catalogue import CATEGORY_TABLE, STYLES
from shoplake.generate.draws import (
    F64,
    I64,
    U64,
    Bools,
    below,
    between,
    chance,
    choose,
    exponential_table,
    keys,
    quantiles,
    quantised,
    unit,
)
from shoplake.generate.options import Plan
from shoplake.generate.rhythm import DAY, YEAR_END, click_share
from shoplake.generate.words import categories, countries

# Orders a user makes, relative to others, by engagement: two in ten hardly ever buy, one in a hundred makes a fifth of the orders.
_RATE = quantiles([(0, 5), (0.2, 20), (0.3, 400), (0.8, 1200), (0.95, 3600), (0.99, 18_000), (1, 70_000)])
_LIFE = exponential_table()
FADING_DAYS = 70  # before leaving, a user buys less
# Chosen by what item-item makes of them: 1.4 to 1.7 times what popularity reaches (NDCG@10) at the default size; of the UCI file it is 1.3.
CATEGORY_WEIGHTS = (0.38, 0.19, 0.10)  # the three favourite categories; the rest goes to all categories alike
STYLE_WEIGHTS = (0.39, 0.20)
_PURCHASES_PER_EVENT = 0.0076  # RetailRocket: 0.84 % of views, and about nine events in ten are views
_TRACKED_LINES = 0.66  # of the lines in the days with clicks: products, bought on the web or in the app


@dataclass(frozen=True)
class People:
    """Users first .. first+n-1. Times in seconds of the year; registered_at may be negative."""

    first: int
    block: I64
    key: U64
    country: I64
    registered: I64
    leaves: I64  # when the user stops buying; may lie after the end
    rate: I64
    engagement: F64
    thrift: F64  # uses discounts
    trouble: F64  # sends things back
    breadth: F64  # share of picks outside the favourite categories
    mobile: F64
    hazard: F64  # chance of leaving, a day
    household: U64  # the user's own key, or one shared with a second user of the same home
    tracked: Bools  # of a whole household alike
    categories: npt.NDArray[np.int64]  # (n, 3) favourites
    styles: npt.NDArray[np.int64]  # (n, 2) favourites

    def __len__(self) -> int:
        return len(self.key)

    @property
    def number(self) -> I64:
        return self.first + np.arange(len(self.key))


def tracked_share(plan: Plan) -> float:
    """The share of users whose clicks are recorded."""
    if plan.tracked_share is not None:
        return plan.tracked_share
    lines = plan.transactions * click_share(plan) * _TRACKED_LINES
    return min(plan.events * _PURCHASES_PER_EVENT / lines, 1.0) if lines else 0.0


def people(plan: Plan, first_block: int, last_block: int) -> People:
    """The users of the blocks first_block .. last_block-1."""
    bounds = np.array([plan.users_before(b) for b in range(first_block, last_block + 1)], np.int64)
    number = np.arange(bounds[0], bounds[-1])
    block = first_block + np.searchsorted(bounds, number, side="right") - 1
    key = keys(plan.seed, "user", number)
    shares = quantised([c.share for c in countries()])
    old = chance(key, "old", 0.5)
    registered = (
        np.where(old, -between(key, "before", 1, 900 * DAY), between(key, "during", 0, YEAR_END - 10 * DAY)) // 8 * 8
    )
    engagement = unit(key, "engagement")
    thrift, trouble = unit(key, "thrift"), unit(key, "trouble")
    breadth, mobile = unit(key, "breadth"), unit(key, "mobile")
    hazard = _hazard(engagement, thrift, trouble, breadth)
    days = choose(key, "life", np.arange(len(_LIFE)))
    leaves = np.maximum(registered, 0) + (_LIFE[days] / hazard * DAY).astype(np.int64)
    rate = _RATE[(engagement * len(_RATE)).astype(np.int64)]
    household = _households(plan, number, block, key)
    return People(
        int(bounds[0]), block, key, choose(key, "country", shares), registered, leaves, rate, engagement, thrift, trouble, breadth, mobile,
        hazard, household, chance(household, "tracked", tracked_share(plan)), _favourites(key, "category", len(categories()), 3), _favourites(key, "style", STYLES, 2),
    )  # fmt: skip


def _households(plan: Plan, number: I64, block: I64, key: U64) -> U64:
    """Neighbours in number (2i, 2i+1) of one block share a home now and then."""
    pair = keys(plan.seed, "home", number // 2)
    return np.where(chance(pair, "shared", 0.05) & _has_neighbour(number, block), pair, key)


def _has_neighbour(number: I64, block: I64) -> Bools:
    """Whether the other one of the pair lies in the same block."""
    same = block[1:] == block[:-1]
    after, before = np.concatenate([same, [False]]), np.concatenate([[False], same])
    return np.where(number % 2 == 0, after[: len(number)], before[: len(number)])


def _hazard(engagement: F64, thrift: F64, trouble: F64, breadth: F64) -> F64:
    """Chance of leaving, a day: from about 1 in 2,500 to 1 in 60. Of those there when the year begins, two in five are there at its end."""
    score = 0.5 * (1 - engagement) + 0.3 * thrift + 0.1 * trouble + 0.1 * (1 - breadth)
    return 0.0004 + 0.018 * score * score * score


def _favourites(key: U64, name: str, n: int, count: int) -> npt.NDArray[np.int64]:
    """`count` different numbers below n each: a start and steps that never close the circle."""
    start = below(key, name, n)
    picked = [start]
    for k in range(1, count):
        step = 1 + below(key, f"{name} {k}", (n - 1) // (count - 1))
        picked.append((picked[-1] + step) % n)
    return np.stack(picked, axis=1)


def taste_cell(who: People, of: U64, user: I64) -> I64:
    """A cell (category x style) for each key, drawn from the taste of its user."""
    u = unit(of, "taste")
    wide = 0.3 + 0.85 * (1 - who.breadth[user])  # narrow users stay with their favourites
    first, second, third = (CATEGORY_WEIGHTS[0] * wide, CATEGORY_WEIGHTS[1] * wide, CATEGORY_WEIGHTS[2] * wide)
    favourite = np.where(u < first, 0, np.where(u < first + second, 1, 2))
    category = np.where(
        u < first + second + third, who.categories[user, favourite], below(of, "any category", len(categories()))
    )
    v = unit(of, "style")
    liked = who.styles[user, (v >= STYLE_WEIGHTS[0]).astype(np.int64)]
    style = np.where(v < STYLE_WEIGHTS[0] + STYLE_WEIGHTS[1], liked, below(of, "any style", STYLES))
    return category * STYLES + style


def cells(who: People, of: U64, user: I64) -> I64:
    """A cell for each key: from its user's taste, or for nobody known (-1) from what everybody likes."""
    anyone = choose(of, "crowd", CATEGORY_TABLE) * STYLES + below(of, "crowd style", STYLES)
    if not len(who):
        return anyone
    return np.where(user < 0, anyone, taste_cell(who, of, np.maximum(user, 0)))


def taste_vector(who: People) -> tuple[F64, F64]:
    """The exact weights `taste_cell` draws with: (n, categories) and (n, styles), each row adding to 1."""
    n = len(who)
    wide = 0.3 + 0.85 * (1 - who.breadth)
    by_category = np.repeat(
        ((1 - sum(CATEGORY_WEIGHTS) * wide) / len(categories()))[:, None], len(categories()), axis=1
    )
    for k, weight in enumerate(CATEGORY_WEIGHTS):
        by_category[np.arange(n), who.categories[:, k]] += weight * wide
    by_style = np.full((n, STYLES), (1 - sum(STYLE_WEIGHTS)) / STYLES)
    for k, weight in enumerate(STYLE_WEIGHTS):
        by_style[np.arange(n), who.styles[:, k]] += weight
    return by_category, by_style


def block_weights(weight: I64, block: I64, first_block: int, blocks: int) -> tuple[I64, I64, I64]:
    """Cumulated weights of people in the order of blocks, with where each block begins and what it sums to."""
    total = np.concatenate([[0], np.cumsum(weight)])
    edges = np.searchsorted(block, first_block + np.arange(blocks + 1), side="left")
    return total, total[edges[:-1]], total[edges[1:]] - total[edges[:-1]]


def quotas(plan: Plan, total: int, first_block: int, last_block: int) -> I64:
    """How many of `total` records belong to each block: in proportion to its users, exact in sum."""
    users = max(plan.users, 1)
    bounds = [total * plan.users_before(b) // users for b in range(first_block, last_block + 1)]
    edges = np.array(bounds, np.int64)
    return edges[1:] - edges[:-1]


def quota_before(plan: Plan, total: int, block: int) -> int:
    """How many of `total` records belong to the blocks before this one."""
    return total * plan.users_before(block) // max(plan.users, 1)
