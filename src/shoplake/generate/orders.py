"""The orders of a range of blocks: lines, the states they go through, and what is sent back. Money in cents."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from shoplake.generate.catalogue import MARGIN, catalogue
from shoplake.generate.draws import (
    F64,
    I64,
    U64,
    Bools,
    below,
    between,
    chance,
    choose,
    group_starts,
    keys,
    quantised,
    unit,
    within,
)
from shoplake.generate.options import Plan
from shoplake.generate.people import (
    FADING_DAYS,
    People,
    block_weights,
    cells,
    people,
    quota_before,
    quotas,
    tracked_share,
)
from shoplake.generate.rhythm import (
    DAY,
    FIRST_CLICK_DAY,
    INCIDENT_HOURS,
    NEVER,
    YEAR_END,
    exposure,
    incident_day,
    moments,
    sale_day,
)
from shoplake.generate.words import countries

LINE_TYPES = ("product", "shipping", "discount", "gift_card")
STATUSES = ("pending", "payment_failed", "paid", "shipped", "delivered", "cancelled", "refunded")
PENDING, FAILED, PAID, SHIPPED, DELIVERED, CANCELLED, REFUNDED = range(7)
SOURCES = ("web", "mobile_app", "marketplace", "store")
PAYMENTS = ("card", "paypal", "klarna", "apple_pay", "google_pay", "bank_transfer", "invoice", "cash", "gift_card")
_PAYMENT_SHARE = quantised((42, 24, 10, 8, 6, 4, 5, 0, 1))
_LINES = quantised((450, 250, 140, 80, 40, 25, 15))
_QUANTITY = quantised((820, 120, 36, 12, 7, 5))
_PERCENT = np.repeat(np.array([5, 10, 15, 20]), 1024)
_GUESTS = 0.04
_FREE_SHIPPING, _SHIPPING, _VOUCHER = 5000, 499, 500


@dataclass(frozen=True)
class Orders:
    """One row an order, in the order of blocks. `user` is a row of People, -1 for a guest."""

    key: U64
    block: I64
    number: I64  # of its first line, counted over the whole shop: the order's id
    user: I64
    country: I64
    at: I64
    source: I64
    payment: I64
    percent: I64  # discount by coupon, 0 when none
    tracked: Bools  # its clicks are recorded
    lines: I64
    first: I64  # row of its first line
    states: npt.NDArray[np.int64]  # (n, 4) times; NEVER when a state is not reached
    status: npt.NDArray[np.int64]  # (n, 4) the states' names


@dataclass(frozen=True)
class Lines:
    """One row an order line. `product` is -1 on lines without one."""

    order: I64
    number: I64
    type: I64
    product: I64
    quantity: I64
    price: I64
    discount: I64
    tax: I64
    shipping: I64
    refunded_at: I64
    refunded_units: I64

    @property
    def net(self) -> I64:
        return self.quantity * self.price - self.discount

    @property
    def total(self) -> I64:
        return self.net + self.tax + self.shipping


@dataclass(frozen=True)
class Sales:
    """Everything sold to the users of a range of blocks."""

    who: People
    orders: Orders
    lines: Lines


def sales(plan: Plan, first_block: int, last_block: int) -> Sales:
    who = people(plan, first_block, last_block)
    orders = _orders(plan, who, first_block, last_block)
    return Sales(who, orders, _lines(plan, who, orders))


def _take_until(sizes: I64, block_of: I64, quota: I64) -> tuple[Bools, I64]:
    """Keep candidates until a block's quota is full; the last one kept is cut to fit."""
    before = group_starts(sizes)
    per_block = np.bincount(block_of, minlength=len(quota))
    begin = np.concatenate([before, [0]])[group_starts(per_block).clip(0, len(sizes))]
    before = before - np.repeat(begin, per_block)
    room = quota[block_of] - before
    return room > 0, np.minimum(sizes, room)


def _orders(plan: Plan, who: People, first_block: int, last_block: int) -> Orders:
    quota = quotas(plan, plan.transactions, first_block, last_block)
    tries = np.where(quota > 0, quota * 6 // 10 + 12, 0)
    slot, local = within(tries), np.repeat(np.arange(len(quota)), tries)
    block = first_block + local
    key = keys(plan.seed, "order", block * (1 << 32) + slot)
    keep, size = _take_until(choose(key, "lines", _LINES) + 1, local, quota)
    key, local, block, size = key[keep], local[keep], block[keep], size[keep]
    start = np.array([quota_before(plan, plan.transactions, b) for b in range(first_block, last_block)], np.int64)
    first = group_starts(size)
    per_block = np.bincount(local, weights=None, minlength=len(quota))
    begin = np.concatenate([first, [0]])[group_starts(per_block).clip(0, len(first))]
    number = start[local] + first - begin[local]
    user, at = _buyer_and_time(plan, who, key, local, first_block, len(quota))
    guest = chance(key, "guest", _GUESTS)
    shares = quantised([c.share for c in countries()])
    country = np.where(guest, choose(key, "country", shares), who.country[user])
    source = _source(key, np.where(guest, 0.5, who.mobile[user]))
    payment = np.where(
        (source == 3) & chance(key, "cash", 0.3), PAYMENTS.index("cash"), choose(key, "payment", _PAYMENT_SHARE)
    )
    tracked = (
        np.where(guest, chance(key, "tracked", tracked_share(plan)), who.tracked[user])
        & (source < 2)
        & (at >= FIRST_CLICK_DAY * DAY)
    )
    thrift = np.where(guest, 0.3, who.thrift[user])
    on_sale = at // DAY == sale_day(plan)
    coupon = unit(key, "coupon") < np.where(on_sale, 0.85, 0.04 + 0.45 * thrift * thrift)
    percent = np.where(coupon, choose(key, "percent", _PERCENT) + 10 * on_sale, 0)
    states, status = _states(plan, key, at, source)
    return Orders(
        key,
        block,
        number,
        np.where(guest, -1, user),
        country,
        at,
        source,
        payment,
        percent,
        tracked,
        size,
        first,
        states,
        status,
    )


def _buyer_and_time(plan: Plan, who: People, key: U64, local: I64, first_block: int, blocks: int) -> tuple[I64, I64]:
    begin = np.maximum(who.registered, 0) // DAY
    end = np.minimum(who.leaves, YEAR_END - 1) // DAY
    total, start, size = block_weights(who.rate * exposure(plan, begin, end), who.block, first_block, blocks)
    mark = start[local] + (unit(key, "buyer") * size[local]).astype(np.int64)
    user = np.searchsorted(total, mark, side="right") - 1
    at = moments(plan, key, "at", begin[user], end[user])
    fading = who.leaves[user] - FADING_DAYS * DAY
    fades = (at >= fading) & (fading > np.maximum(who.registered[user], 0) + DAY) & chance(key, "fades", 0.6)
    at = np.where(fades, moments(plan, key, "sooner", begin[user], np.maximum(fading // DAY, begin[user])), at)
    at = np.maximum(at, who.registered[user] + MARGIN + below(key, "settling in", DAY))
    return user, np.minimum(at, YEAR_END - 200)


def _source(key: U64, mobile: F64) -> I64:
    place = unit(key, "place")
    online = np.where(unit(key, "app") < 0.15 + 0.6 * mobile, 1, 0)
    return np.where(place < 0.70, online, np.where(place < 0.88, 2, 3))


def _states(plan: Plan, key: U64, at: I64, source: I64) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Four columns: the first state; paid after all; shipped; delivered or cancelled."""
    hour = at // 3600 % 24
    incident = (at // DAY == incident_day(plan)) & (hour >= INCIDENT_HOURS[0]) & (hour < INCIDENT_HOURS[1])
    u = unit(key, "first state")
    failed = u < np.where(incident, 0.85, 0.025)
    waits = ~failed & (u > 0.90) & (source != 3)
    begin = at + below(key, "noted", 90)
    later = begin + np.where(failed, between(key, "again", 900, 2 * DAY), between(key, "clears", 1800, 3 * DAY))
    settled = np.where(failed, chance(key, "retry", 0.4), chance(key, "clear", 0.93)) & (failed | waits)
    paid = np.where(failed | waits, np.where(settled, later, NEVER), begin)
    u = unit(key, "outcome")
    sent = (paid < NEVER) & (source != 3)
    shipped = np.where(sent & (u < 0.10), paid + between(key, "ships", 4 * 3600, 2 * DAY), NEVER)
    delivered = np.where(
        sent & (u < 0.33), np.minimum(shipped, paid + 2 * DAY) + between(key, "delivers", DAY, 5 * DAY), NEVER
    )
    cancelled = np.where(sent & (u > 0.96), paid + between(key, "cancels", 600, DAY), NEVER)
    first = np.where(failed, FAILED, np.where(waits, PENDING, PAID))
    status = np.stack(
        [first, np.full_like(first, PAID), np.full_like(first, SHIPPED), np.where(u > 0.96, CANCELLED, DELIVERED)],
        axis=1,
    )
    return np.stack([begin, np.where(settled, later, NEVER), shipped, np.minimum(delivered, cancelled)], axis=1), status


def _lines(plan: Plan, who: People, orders: Orders) -> Lines:
    size, shop = orders.lines, catalogue(plan)
    order, number = np.repeat(np.arange(len(size)), size), within(size) + 1
    key = orders.key[order] + number.astype(np.uint64)
    kind = _line_types(orders, order, number)
    at = orders.at[order]
    product = (
        np.where(kind == 0, shop.pick(key, "product", cells(who, key, orders.user[order]), at), -1)
        if len(order)
        else order
    )
    quantity = np.where(kind == 0, choose(key, "quantity", _QUANTITY) + 1, 1)
    quantity = np.where(
        (kind == 0) & _is_firm(who, orders.user)[order], quantity * between(key, "bulk", 12, 36), quantity
    )
    gift = np.array([2500, 5000, 10_000, 15_000])[below(key, "gift", 4)]
    price = np.select([kind == 0, kind == 1, kind == 2], [shop.price_at(product, at), _SHIPPING, -_VOUCHER], gift)
    gross = quantity * price
    discount = np.where(kind == 0, (gross * orders.percent[order] + 50) // 100, 0)
    rate = np.array([c.tax for c in countries()])[orders.country[order]]
    tax = np.where(kind < 2, ((gross - discount) * rate + 500) // 1000, 0)
    shipping = _shipping(orders, order, number, kind, gross)
    refunded_at, units = _refunds(who, orders, order, key, kind, quantity)
    return Lines(order, number, kind, product, quantity, price, discount, tax, shipping, refunded_at, units)


def _is_firm(who: People, user: I64) -> Bools:
    """Firms are few, order often, and in bulk: one customer in a hundred makes about a quarter of the sales."""
    known = np.maximum(user, 0)
    return (user >= 0) & (who.engagement[known] > 0.5) & chance(who.key[known], "firm", 0.012)


def _line_types(orders: Orders, order: I64, number: I64) -> I64:
    """The last of several lines may be shipping or a voucher; a single line may be a gift card, never on a tracked order."""
    u = unit(orders.key, "last line")[order]
    last = (number == orders.lines[order]) & (number > 1)
    kind = np.where(last & (u < 0.10), 1, np.where(last & (u < 0.16), 2, 0))
    card = (orders.lines[order] == 1) & (u < 0.012) & ~orders.tracked[order] & (orders.source[order] < 2)
    return np.where(card, 3, kind)


def _shipping(orders: Orders, order: I64, number: I64, kind: I64, gross: I64) -> I64:
    if not len(order):
        return order
    worth = np.add.reduceat(gross, orders.first)
    has_line = np.maximum.reduceat((kind == 1).astype(np.int64), orders.first) == 1
    pays = (worth < _FREE_SHIPPING) & ~has_line & (orders.source != 3)
    return np.where(pays[order] & (number == 1) & (kind == 0), _SHIPPING, 0)


def _refunds(who: People, orders: Orders, order: I64, key: U64, kind: I64, quantity: I64) -> tuple[I64, I64]:
    """When each line is sent back (NEVER if not) and how many units."""
    trouble = np.where(orders.user < 0, 0.4, who.trouble[np.maximum(orders.user, 0)])
    asked = unit(orders.key, "refund") < 0.015 + 0.10 * trouble * trouble
    paid = np.where(orders.status[:, 0] == PAID, orders.states[:, 0], orders.states[:, 1])
    settled = np.where(orders.status[:, 3] == DELIVERED, np.minimum(orders.states[:, 3], paid + 8 * DAY), NEVER)
    possible = asked & (paid < NEVER) & ((orders.status[:, 3] == DELIVERED) | (orders.states[:, 3] == NEVER))
    at = np.maximum(orders.at, np.where(settled < NEVER, settled, paid)) + between(
        orders.key, "sent back", 3 * DAY, 50 * DAY
    )
    back = possible[order] & (kind == 0) & (chance(key, "this line", 0.6) | (orders.lines[order] == 1))
    when = np.where(back & (at[order] < YEAR_END), at[order], NEVER)
    return when, np.where(chance(key, "all of it", 0.8), quantity, 1 + below(key, "some", quantity))


@dataclass(frozen=True)
class States:
    """Rows of the status feed: a line, its state, and since when."""

    line: I64
    status: I64
    at: I64


def states(sold: Sales) -> States:
    """The states reached before the end of the year, unsorted."""
    orders, lines = sold.orders, sold.lines
    times = orders.states[lines.order]
    line, place = np.nonzero(times < YEAR_END)
    back = np.flatnonzero(lines.refunded_at < YEAR_END)
    return States(
        np.concatenate([line, back]),
        np.concatenate([orders.status[lines.order[line], place], np.full(len(back), REFUNDED)]),
        np.concatenate([times[line, place], lines.refunded_at[back]]),
    )
