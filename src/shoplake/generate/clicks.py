"""The clicks of a range of blocks: sessions that end in an order, sessions that leave a cart to come back for, sessions of bots,
and sessions that fill a block's share.

Times are milliseconds of the year. Everything of a session (visitor, device, agent, address) hangs on the session.
"""

from dataclasses import dataclass

import numpy as np

from shoplake.generate import agents
from shoplake.generate.bots import BotSessions, bot_sessions
from shoplake.generate.catalogue import MARGIN, catalogue
from shoplake.generate.draws import (
    I64,
    U64,
    Bools,
    below,
    chance,
    choose,
    group_starts,
    keys,
    member,
    quantiles,
    quantised,
    unit,
    within,
)
from shoplake.generate.options import DAYS, Plan
from shoplake.generate.orders import Sales, sales
from shoplake.generate.people import People, block_weights, cells, quotas
from shoplake.generate.rhythm import DAY, FIRST_CLICK_DAY, YEAR_END, exposure, moments
from shoplake.generate.visitors import anonymous_kinds, order_visitor_keys, user_visitors
from shoplake.generate.words import countries

EVENT_TYPES = ("view", "search", "add_to_cart", "remove_from_cart", "begin_checkout", "purchase")
VIEW, SEARCH, CART, REMOVE, CHECKOUT, PURCHASE = range(6)
BUYING, HESITATING, BOT, BROWSING = range(4)
# Events of a filling session: most strangers look once, a few look for hours.
_STRANGERS_LENGTH = quantiles(
    [(0, 1), (0.74, 1.2), (0.86, 2.2), (0.94, 3.6), (0.98, 7), (0.996, 16), (0.9994, 45), (1, 140)]
)
_USERS_LENGTH = quantiles([(0, 1), (0.36, 1.4), (0.62, 2.6), (0.82, 4.6), (0.95, 9), (0.994, 22), (1, 60)])
_GAP = quantiles([(0, 2000), (0.3, 8000), (0.6, 25_000), (0.85, 70_000), (0.97, 240_000), (1, 900_000)])
_LONGEST_GAP = 240_000  # on the way to an order: keeps the session inside catalogue.MARGIN
_SEARCH, _CART_AFTER_VIEW, _CHECKOUT, _REMOVE = 0.055, 0.0385, 0.14, 0.06
_ANONYMOUS = 0.94  # of the filling sessions
_SIGNED_IN = 0.72  # of users' sessions that buy nothing
_CROWD = 3  # strangers for each filling session there is room for: few come twice
_BUY_NOW = 0.12  # of orders: no cart
HESITATES = 0.25  # of orders: some of it was left in a cart before
# Seconds from a left cart to its order: most within a day, one in twelve after the week in which carts count as recovered.
_COMES_BACK = quantiles([(0, MARGIN), (0.3, 28_800), (0.55, 93_600), (0.75, 259_200), (0.92, 604_800), (1, 1_036_800)])


@dataclass(frozen=True)
class Sessions:
    """One row a session. `user` is a row of People or -1; `order` a row of Orders or -1, of a hesitating session the one
    that follows; `bot` a row of BotSessions or -1."""

    key: U64
    block: I64
    kind: I64
    visitor: U64
    device: I64
    agent: I64  # a row of agents.agent_texts
    user: I64
    order: I64
    bot: I64
    country: I64
    at: I64  # start in ms; of a session with an order: its end, which is when a buying one places it
    size: I64


@dataclass(frozen=True)
class Events:
    """One row an event, in the order of sessions. `line` is a row of Lines on carts and purchases of an order, else -1."""

    session: I64
    place: I64
    key: U64
    type: I64
    at: I64
    product: I64
    line: I64
    quantity: I64


@dataclass(frozen=True)
class Clicks:
    sold: Sales
    sessions: Sessions
    events: Events
    bots: BotSessions


def clicks(plan: Plan, first_block: int, last_block: int) -> Clicks:
    sold = sales(plan, first_block, last_block)
    quota = quotas(plan, plan.events, first_block, last_block)
    buying = _buying(plan, sold)
    hesitating = _hesitating(plan, sold, buying)
    bots = bot_sessions(plan, first_block, quota)
    robots = _of_bots(plan, bots)
    taken = np.zeros(len(quota), np.int64)
    for part in (buying, hesitating, robots):
        np.add.at(taken, part.block - first_block, part.size)
    browsing = _browsing(plan, sold, first_block, np.maximum(quota - taken, 0))
    sessions = _together([buying, hesitating, robots, browsing])
    return Clicks(sold, sessions, _events(plan, sold, sessions, bots), bots)


def _together(parts: list[Sessions]) -> Sessions:
    return Sessions(*[np.concatenate([getattr(p, name) for p in parts]) for name in Sessions.__dataclass_fields__])


def _nothing(like: I64) -> I64:
    return np.full(len(like), -1, np.int64)


def _buying(plan: Plan, sold: Sales) -> Sessions:
    orders = sold.orders
    bought = _product_lines(sold)
    row = np.flatnonzero(orders.tracked & (bought > 0))
    key = member(orders.key[row], "session", np.zeros(1, np.int64))
    visitors, devices = order_visitor_keys(orders, sold.who)
    visitor, device = visitors[row], devices[row]
    steps = 2 - chance(key, "buy now", _BUY_NOW)
    size = _idle(key) + bought[row] * steps + 1 + bought[row]
    return Sessions(
        key, orders.block[row], np.full(len(row), BUYING), visitor, device, agents.agent_numbers(visitor, device), orders.user[row],
        row, _nothing(row), orders.country[row], orders.at[row] * 1000 + below(key, "ms", 1000), size,
    )  # fmt: skip


def _product_lines(sold: Sales) -> I64:
    """How many lines of each order are products; they come first."""
    orders, lines = sold.orders, sold.lines
    return np.add.reduceat((lines.type == 0).astype(np.int64), orders.first) if len(orders.key) else orders.lines


def _hesitating(plan: Plan, sold: Sales, buying: Sessions) -> Sessions:
    """Sessions that go the way of an order that follows later, and break off somewhere between its first cart and the payment."""
    if not len(buying.key):
        return buying  # empty, as these would be
    orders = sold.orders
    some = np.flatnonzero(chance(buying.key, "hesitates", HESITATES))
    key = member(buying.key[some], "left cart", np.zeros(1, np.int64))
    at = orders.at[buying.order[some]] - choose(key, "comes back", _COMES_BACK)
    keep = at - MARGIN >= _possible_since(plan, sold)[buying.order[some]]
    some, key, at = some[keep], key[keep], at[keep]
    row, user, visitor, device = buying.order[some], buying.user[some], buying.visitor[some], buying.device[some]
    own, kind = _own_visitors(sold.who, np.maximum(user, 0), key)
    visitor, device = np.where(user < 0, visitor, own), np.where(user < 0, device, kind)
    # On another device than the order's only who is signed in can be known again.
    signed_in = chance(key, "signed in", _SIGNED_IN) | (visitor != buying.visitor[some])
    size = _idle(key) + 2 + below(key, "breaks off", 2 * _product_lines(sold)[row])
    return Sessions(
        key, buying.block[some], np.full(len(some), HESITATING), visitor, device, agents.agent_numbers(visitor, device),
        np.where(signed_in, user, -1), row, _nothing(row), orders.country[row], at * 1000 + below(key, "ms", 1000), size,
    )  # fmt: skip


def _possible_since(plan: Plan, sold: Sales) -> I64:
    """From when on clicks are recorded, each order's user is registered, and all its products are in the catalogue."""
    orders, lines, who = sold.orders, sold.lines, sold.who
    launch = np.where(lines.type == 0, catalogue(plan).launch[lines.product], 0)
    since = np.maximum(np.maximum.reduceat(launch, orders.first), FIRST_CLICK_DAY * DAY)
    return np.where(orders.user < 0, since, np.maximum(since, who.registered[np.maximum(orders.user, 0)]))


def _idle(key: U64) -> I64:
    """Views in a session with an order that lead to nothing."""
    return np.minimum(below(key, "idle", 7), below(key, "idle again", 7))


def _of_bots(plan: Plan, bots: BotSessions) -> Sessions:
    key = bots.key
    shares = quantised([c.share for c in countries()])
    return Sessions(
        key, bots.block, np.full(len(key), BOT), bots.visitor, bots.device, bots.agent, _nothing(bots.block), _nothing(bots.block),
        np.arange(len(key)), choose(bots.owner, "country", shares), bots.at, bots.size,
    )  # fmt: skip


def _browsing(plan: Plan, sold: Sales, first_block: int, quota: I64) -> Sessions:
    tries = np.where(quota > 0, quota * 80 // 100 + 12, 0)
    slot, local = within(tries), np.repeat(np.arange(len(quota)), tries)
    block = first_block + local
    key = keys(plan.seed, "browse", block * (1 << 32) + slot)
    sizes = np.where(_is_stranger(key), choose(key, "length", _STRANGERS_LENGTH), choose(key, "length", _USERS_LENGTH))
    before = group_starts(sizes)
    base = np.concatenate([before, [0]])[group_starts(tries).clip(0, len(before))]
    room = quota[local] - (before - base[local])
    keep = room > 0
    key, local, block, slot, size = key[keep], local[keep], block[keep], slot[keep], np.minimum(sizes, room)[keep]
    user, at = _browser_and_time(plan, sold, key, local, first_block, len(quota))
    nobody = user < 0
    known = np.maximum(user, 0)
    crowd = tries[local] * _CROWD
    stranger = keys(
        plan.seed, "stranger", block * (1 << 32) + np.minimum(below(key, "who", crowd), below(key, "who else", crowd))
    )
    visitor, device = stranger, anonymous_kinds(stranger)
    if len(sold.who):
        own, kind = _own_visitors(sold.who, known, key)
        visitor, device = (
            np.where(nobody, stranger, own).astype(np.uint64),
            np.where(nobody, device, kind).astype(np.int64),
        )
    shares = quantised([c.share for c in countries()])
    country = np.where(nobody, choose(stranger, "country", shares), sold.who.country[known] if len(sold.who) else 0)
    signed_in = chance(key, "signed in", _SIGNED_IN)
    return Sessions(
        key, block, np.full(len(key), BROWSING), visitor, device, agents.agent_numbers(visitor, device), np.where(signed_in, user, -1),
        _nothing(block), _nothing(block), country, at * 1000 + below(key, "ms", 1000), size,
    )  # fmt: skip


def _own_visitors(who: People, user: I64, key: U64) -> tuple[U64, I64]:
    """Key and kind of device of the visitor a user looks around as."""
    return user_visitors(who, user, key, chance(key, "app", 0.3 + 0.5 * who.mobile[user]))


def _is_stranger(key: U64) -> Bools:
    return chance(key, "anonymous", _ANONYMOUS)


def _browser_and_time(plan: Plan, sold: Sales, key: U64, local: I64, first_block: int, blocks: int) -> tuple[I64, I64]:
    """Who comes (-1: nobody known) and when, in seconds. Tracked users come as often as they buy, until they leave."""
    who = sold.who
    begin = np.maximum(who.registered // DAY, FIRST_CLICK_DAY)
    end = np.minimum(who.leaves, YEAR_END - 1) // DAY
    weight = np.where(who.tracked, (who.rate + 250) * exposure(plan, begin, end), 0)
    total, start, size = block_weights(weight, who.block, first_block, blocks)
    mark = start[local] + (unit(key, "visitor") * size[local]).astype(np.int64)
    user = np.searchsorted(total, mark, side="right") - 1
    user = np.where(_is_stranger(key) | (size[local] == 0), -1, user)
    known = np.maximum(user, 0)
    first = np.where(user < 0, FIRST_CLICK_DAY, begin[known] if len(who) else 0)
    last = np.where(user < 0, DAYS - 1, end[known] if len(who) else 0)
    at = moments(plan, key, "at", first, last)
    if len(who):
        at = np.where(user < 0, at, np.maximum(at, who.registered[known] + 60))
    return user, np.minimum(at, YEAR_END - 12 * 3600)


def _events(plan: Plan, sold: Sales, sessions: Sessions, bots: BotSessions) -> Events:
    session, place = np.repeat(np.arange(len(sessions.size)), sessions.size), within(sessions.size)
    key = member(sessions.key[session], "event", place)
    first = group_starts(sessions.size)[session]
    kind = sessions.kind[session]
    type_ = _browsing_types(key, place)
    product = _viewed(plan, sold, sessions, session, key)
    line = np.full(len(key), -1, np.int64)
    _buying_steps(sold, sessions, session, place, kind, type_, product, line)
    robot = np.flatnonzero(kind == BOT)
    at = _times(sessions, session, key, type_)
    if len(robot):
        row = sessions.bot[session[robot]]
        at[robot], type_[robot], product[robot] = bots.steps(plan, row, place[robot], key[robot], product[robot])
    _follow_carts(kind, key, place, first, type_, product)
    product[(type_ == SEARCH) | (type_ == CHECKOUT)] = -1
    quantity = np.where((type_ == CART) | (type_ == REMOVE), 1 + chance(key, "two", 0.08), 0)
    bought = line >= 0
    quantity[bought] = np.where(
        (type_[bought] == CART) | (type_[bought] == PURCHASE), sold.lines.quantity[line[bought]], 0
    )
    return Events(session, place, key, type_, at, product, line, quantity)


def _browsing_types(key: U64, place: I64) -> I64:
    u = unit(key, "type")
    cart = (u < _SEARCH + _CART_AFTER_VIEW) & (place > 0)
    return np.where(u < _SEARCH, SEARCH, np.where(cart, CART, VIEW))


def _viewed(plan: Plan, sold: Sales, sessions: Sessions, session: I64, key: U64) -> I64:
    """The product of each event: mostly of the session's subject, else of the visitor's taste."""
    shop = catalogue(plan)
    subject = cells(sold.who, sessions.key, sessions.user)
    stays = chance(key, "stays", 0.7)
    cell = np.where(stays, subject[session], cells(sold.who, key, sessions.user[session]))
    return shop.pick(key, "product", cell, sessions.at[session] // 1000)


def _times(sessions: Sessions, session: I64, key: U64, type_: I64) -> I64:
    instant = below(key, "gap ms", 1000)
    gap = choose(key, "gap", _GAP) + instant
    has_order = (sessions.order >= 0)[session]
    gap = np.where(has_order, np.minimum(gap, _LONGEST_GAP), gap)
    paying = type_ == PURCHASE
    gap[1:] = np.where(paying[1:] & paying[:-1], instant[1:], gap[1:])  # an order is one moment, whatever it holds
    total = np.cumsum(gap)
    first = group_starts(sessions.size)
    since = total - total[np.minimum(first, len(total) - 1)][session] if len(total) else total
    last = (first + sessions.size - 1)[session]
    until = total[last] - total if len(total) else total
    return sessions.at[session] + np.where(has_order, -until, since)


def _buying_steps(
    sold: Sales, sessions: Sessions, session: I64, place: I64, kind: I64, type_: I64, product: I64, line: I64
) -> None:
    """Fill in, for sessions with an order: idle views, a view (and a cart) for each line, checkout, a purchase for each line.

    Hesitating ones end on the way; what they put into the cart is no line yet, and has the price of its own day.
    """
    row = np.flatnonzero((sessions.order >= 0)[session])
    if not len(row):
        return
    mine = session[row]
    key, order = sessions.key[mine], sessions.order[mine]
    buys = kind[row] == BUYING
    steps = 2 - (buys & chance(key, "buy now", _BUY_NOW))
    idle = _idle(key)
    bought = _product_lines(sold)[order]
    step = place[row] - idle
    choosing, paying = (step >= 0) & (step < bought * steps), step > bought * steps
    nth = np.where(choosing, step // steps, np.maximum(step - bought * steps - 1, 0))
    at = sold.orders.first[order] + nth  # lines without a product come last in an order
    type_[row] = np.select(
        [choosing & (step % steps == 1), paying, step == bought * steps], [CART, PURCHASE, CHECKOUT], VIEW
    )  # fmt: skip
    product[row] = np.where(choosing | paying, sold.lines.product[at], product[row])
    line[row] = np.where(buys & (choosing | paying), at, -1)


def _follow_carts(kind: I64, key: U64, place: I64, first: I64, type_: I64, product: I64) -> None:
    """In filling sessions: a cart takes the product just viewed; after one, some go on to the checkout or take it out again."""
    free = kind == BROWSING
    number = np.arange(len(type_))
    cart = free & (type_ == CART)
    viewed = np.concatenate([[False], type_[:-1] == VIEW]) & (place > 0) if len(type_) else cart
    type_[cart & ~viewed] = VIEW
    cart &= viewed
    product[cart] = product[np.flatnonzero(cart) - 1]
    latest = np.maximum.accumulate(np.where(cart, number, -1)) if len(type_) else number
    leads_on = np.concatenate([cart[1:], [False]]) if len(type_) else cart  # the view before a cart stays a view
    after = free & (type_ == VIEW) & (latest >= first) & ~leads_on
    u = unit(key, "after cart")
    type_[after & (u < _CHECKOUT)] = CHECKOUT
    out = after & (u >= _CHECKOUT) & (u < _CHECKOUT + _REMOVE)
    type_[out], product[out] = REMOVE, product[latest[out]]
