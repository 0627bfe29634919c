"""Bots: crawlers that say so, and six kinds that do not. One block in some is host to a bot that makes much of its events.

Only `burst` would be caught by counting views a minute; the others are slow, patient or spread over many cookies.
"""

from dataclasses import dataclass

import numpy as np

from shoplake.generate import agents
from shoplake.generate.catalogue import catalogue
from shoplake.generate.draws import I64, U64, below, chance, choose, keys, member, quantised, within
from shoplake.generate.options import BLOCKS, DAYS, Plan
from shoplake.generate.rhythm import DAY, FIRST_CLICK_DAY

BOT_KINDS = ("declared", "burst", "id_walker", "price_checker", "cart_stuffer", "cookie_rotator", "search_harvester")
DECLARED, BURST, WALKER, CHECKER, STUFFER, ROTATOR, HARVESTER = range(7)
_SHARE_OF_BLOCK = 0.45
_UNDECLARED = np.array([BURST, WALKER, CHECKER, STUFFER, ROTATOR, HARVESTER])[quantised((24, 24, 20, 10, 11, 11))]
#                  declared  burst  walker  checker  stuffer  rotator  harvester
_PER_SESSION = np.array([40, 150, 400, 120, 12, 1, 30])  # events
_GAP_MS = np.array([20_000, 900, 55_000, 0, 9000, 0, 5000])  # between events
_PAUSE_MS = np.array([7, 40, 8, 26, 11, 3, 16]) * 3_600_000  # between the starts of sessions
_JITTER = np.array([30_000, 1100, 30_000, 800, 8000, 1, 4000])
_CHECKED = 5  # products a price checker looks at every hour
_VIEW, _SEARCH, _CART = 0, 1, 2


@dataclass(frozen=True)
class BotSessions:
    """One row a session of a bot. `at` in ms of the year; `turn` is the number of its first event in the bot's life."""

    key: U64
    owner: U64  # the bot
    block: I64
    kind: I64
    visitor: U64
    device: I64
    agent: I64
    at: I64
    turn: I64
    size: I64

    def steps(self, plan: Plan, row: I64, place: I64, key: U64, product: I64) -> tuple[I64, I64, I64]:
        """(time, event type, product) of events: `place` within sessions `row`; `product` is what a person would look at."""
        kind, turn = self.kind[row], self.turn[row] + place
        hourly = kind == CHECKER
        since = np.where(
            hourly, place // _CHECKED * 3_600_000 + place % _CHECKED * 2500, place * (_GAP_MS[kind] + _JITTER[kind])
        )
        at = self.at[row] + since + below(key, "bot jitter", _JITTER[kind])
        type_ = np.where(kind == HARVESTER, _SEARCH, np.where((kind == STUFFER) & (place % 2 == 1), _CART, _VIEW))
        walk = (below(self.owner[row], "from", plan.products) + turn) % plan.products
        watch = below(member(self.owner[row], "watch", turn % _CHECKED), "product", plan.products)
        before = np.where(place > 0, np.concatenate([product[:1], product[:-1]]), product)
        product = np.select([kind == WALKER, hourly, type_ == _CART], [walk, watch, before], product)
        aimed = (kind == WALKER) | hourly
        return at, type_, np.where(aimed, catalogue(plan).on_sale(product, at // 1000), product)


def bot_sessions(plan: Plan, first_block: int, quota: I64) -> BotSessions:
    block, share = np.repeat(first_block + np.arange(len(quota)), plan.block_step), np.repeat(quota // plan.block_step, plan.block_step)
    of = block + BLOCKS * np.tile(np.arange(plan.block_step), len(quota))  # a block of a small shop stands for several
    told, hidden = keys(plan.seed, "declared bot", of), keys(plan.seed, "undeclared bot", of)
    owner = np.concatenate([told, hidden])
    kind = np.concatenate([np.full(len(block), DECLARED), choose(hidden, "bot kind", _UNDECLARED)])
    hosts = np.concatenate([
        chance(told, "hosts", plan.mess["declared_bots"] / _SHARE_OF_BLOCK), chance(hidden, "hosts", plan.mess["undeclared_bots"] / _SHARE_OF_BLOCK),
    ])  # fmt: skip
    total = (np.concatenate([share, share]) * _SHARE_OF_BLOCK).astype(np.int64)
    row = np.flatnonzero(hosts & (total > 0))
    return _cut(owner[row], np.concatenate([block, block])[row], kind[row], total[row])


def _cut(owner: U64, block: I64, kind: I64, total: I64) -> BotSessions:
    """Cut the lives of bots into sessions."""
    per = _PER_SESSION[kind]
    count = -(-total // per)
    bot, nth = np.repeat(np.arange(len(owner)), count), within(count)
    key = member(owner[bot], "session", nth)
    size = np.minimum(per[bot], total[bot] - nth * per[bot])
    begin = FIRST_CLICK_DAY * DAY * 1000 + below(owner, "begins", 60 * DAY) * 1000
    life = DAYS * DAY * 1000 - 40 * 3_600_000 - begin  # the longest session ends inside the year
    pause = np.minimum(_PAUSE_MS[kind], life // np.maximum(count, 1))
    at = begin[bot] + nth * pause[bot] + below(key, "late", np.maximum(pause[bot] // 4000, 1)) * 1000
    device = np.where(
        kind == DECLARED, agents.CRAWLER, np.where(chance(owner, "phone", 0.2), agents.MOBILE, agents.DESKTOP)
    )
    own = member(owner, "visitor", np.zeros(1, np.int64))
    visitor = np.where(kind[bot] == ROTATOR, key, own[bot])
    agent = agents.agent_numbers(own, device)
    return BotSessions(
        key, owner[bot], block[bot], kind[bot], visitor, device[bot], agent[bot], at, nth * per[bot], size
    )
