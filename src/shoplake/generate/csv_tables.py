"""The CSV tables of a range of blocks: the records, and the text of any choice of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from shoplake.generate import identities, profiles, text
from shoplake.generate.catalogue import catalogue, product_rows
from shoplake.generate.draws import I64, U64, below, choose, keys, member, quantised
from shoplake.generate.options import BLOCKS, Plan
from shoplake.generate.orders import LINE_TYPES, PAYMENTS, SOURCES, STATUSES, Orders, Sales, States, sales, states
from shoplake.generate.rhythm import DAY, YEAR_END, sale_day
from shoplake.generate.visitors import order_visitors
from shoplake.generate.words import weighted


@dataclass(frozen=True)
class Records:
    """Records of a table in any order. `at` (updated_at, seconds of the year) decides the day of arrival."""

    key: U64
    block: I64
    at: I64
    render: Callable[[I64], Any]


def products(plan: Plan, first_block: int, last_block: int) -> Records:
    first, last = plan.products * first_block // BLOCKS, plan.products * last_block // BLOCKS
    rows = product_rows(plan, first, last)
    bounds = np.array([plan.products * b // BLOCKS for b in range(first_block, last_block + 1)])
    block = first_block + np.searchsorted(bounds, rows.product, side="right") - 1
    lines = text.join(rows.columns[0], *[piece for column in rows.columns[1:] for piece in (",", column)], "\n")
    key = member(keys(plan.seed, "product row", rows.product), "at", rows.at + (1 << 40))
    return Records(key, block, rows.at, lambda chosen: text.pick(lines, chosen))


def users(plan: Plan, first_block: int, last_block: int) -> Records:
    sold = sales(plan, first_block, last_block)
    rows = profiles.user_rows(sold)
    lines = profiles.user_text(plan, sold.who, rows)
    key = member(sold.who.key[rows.user], "row", rows.at + (1 << 40))
    return Records(key, sold.who.block[rows.user], rows.at, lambda chosen: text.pick(lines, chosen))


def transactions(plan: Plan, first_block: int, last_block: int) -> Records:
    sold = sales(plan, first_block, last_block)
    feed = states(sold)
    order = sold.lines.order[feed.line]
    key = member(sold.orders.key[order], "state", sold.lines.number[feed.line] * 16 + feed.status)
    before, after = _line_texts(plan, sold)
    return Records(
        key, sold.orders.block[order], feed.at, lambda chosen: _transaction_text(plan, feed, before, after, chosen)
    )


def _transaction_text(plan: Plan, feed: States, before: Any, after: Any, chosen: I64) -> Any:
    line = feed.line[chosen]
    return text.join(
        text.pick(before, line), ",", text.pick(text.strings(list(STATUSES)), feed.status[chosen]), ",", text.pick(after, line), ",",
        text.seconds_text(feed.at[chosen] + plan.first_day * DAY), "\n",
    )  # fmt: skip


def order_ids(plan: Plan, orders: Orders) -> Any:
    """O, the day of the order, and the number of its first line: unique, and in the order of days as text."""
    first = plan.first_day
    days = np.arange(first, first + YEAR_END // DAY).astype("datetime64[D]")
    names = np.char.replace(np.datetime_as_string(days).astype("U10"), "-", "")
    return text.join(
        "O",
        text.pick(text.strings([n[2:] for n in names.tolist()]), orders.at // DAY),
        "-",
        text.numbered("", orders.number),
    )


def _line_texts(plan: Plan, sold: Sales) -> tuple[Any, Any]:
    """The text of each order line before its status, and between its status and updated_at."""
    orders, lines, shop = sold.orders, sold.lines, catalogue(plan)
    head, tail, rest = _order_texts(plan, sold)
    none = len(shop.ids)
    ids = text.strings([*shop.ids.to_pylist(), ""])
    before = text.join(
        text.pick(order_ids(plan, orders), lines.order), ",", text.whole(lines.number), ",", text.pick(text.strings(list(LINE_TYPES)), lines.type), ",",
        text.pick(head, lines.order), ",", text.pick(ids, np.where(lines.product < 0, none, lines.product)), ",", text.whole(lines.quantity), ",",
        text.money(lines.price), ",", text.money(lines.discount), ",", text.money(lines.tax), ",", text.money(lines.shipping), ",",
        text.money(lines.total), ",", text.pick(tail, lines.order),
    )  # fmt: skip
    return before, text.pick(rest, lines.order)


def _order_texts(plan: Plan, sold: Sales) -> tuple[Any, Any, Any]:
    """What all lines of an order share: who; currency to card; source to ordered_at."""
    who, orders = sold.who, sold.orders
    guest, user = orders.user < 0, np.maximum(orders.user, 0)
    own = identities.emails(who.key, who.country, who.number)
    other = identities.emails(orders.key, orders.country, orders.number)
    ids = text.blank_where(text.pick(profiles.user_ids(who.number), user), guest)
    head = text.join(ids, ",", text.either(guest, other, text.pick(own, user)), ",", order_visitors(orders, who))
    percent = np.where(orders.at // DAY == sale_day(plan), 100, 0) + orders.percent
    coupons = ["" if p % 100 == 0 else f"{'SALE' if p > 100 else 'SAVE'}{p % 100}" for p in range(140)]
    card = np.isin(orders.payment, [PAYMENTS.index(p) for p in ("card", "apple_pay", "google_pay")])
    digits = text.strings([f"{i:04d}" for i in range(10_000)])
    person = np.where(guest, orders.key, who.key[user])
    tail = text.join(
        identities.currencies(orders.country), ",", text.pick(text.strings(coupons), percent), ",",
        text.pick(text.strings(list(PAYMENTS)), orders.payment), ",", text.blank_where(text.pick(digits, below(person, "card", 10_000)), ~card),
    )  # fmt: skip
    place = np.where(guest, orders.key, _address(sold, user))
    city, region, postal = identities.places(place, orders.country)
    rest = text.join(
        text.pick(text.strings(list(SOURCES)), orders.source), ",", city, ",", region, ",", postal, ",", identities.country_codes(orders.country), ",",
        text.seconds_text(orders.at + plan.first_day * DAY),
    )  # fmt: skip
    return head, tail, rest


def _address(sold: Sales, user: I64) -> U64:
    """The key of the address each order is sent to: the old one before the user moved."""
    both = profiles.address_keys(sold.who)
    return both[user * 2 + (sold.orders.at >= profiles.moves(sold.who)[user])]


def refunds(plan: Plan, first_block: int, last_block: int) -> Records:
    sold = sales(plan, first_block, last_block)
    orders, lines, shop = sold.orders, sold.lines, catalogue(plan)
    line = np.flatnonzero(lines.refunded_at < YEAR_END)
    order, units = lines.order[line], lines.refunded_units[line]
    key = member(orders.key[order], "refund", lines.number[line])
    count = np.cumsum(np.concatenate([[0], (lines.refunded_at < YEAR_END).astype(np.int64)]))
    number = count[line] - count[orders.first[order]] + 1
    net = units * lines.price[line] - lines.discount[line] * units // lines.quantity[line]
    tax = lines.tax[line] * units // lines.quantity[line]
    reasons, at = weighted("reason"), text.seconds_text(lines.refunded_at[line] + plan.first_day * DAY)
    unknown = below(orders.key[order], "order unknown", 100) < 2
    ids = order_ids(plan, orders)
    user = text.blank_where(
        text.pick(profiles.user_ids(sold.who.number), np.maximum(orders.user[order], 0)), orders.user[order] < 0
    )
    text_of = text.join(
        text.pick(text.join("R", text.numbered("", orders.number)), order), ",", text.whole(number), ",product,",
        text.blank_where(text.pick(ids, order), unknown), ",", text.blank_where(text.whole(lines.number[line]), unknown), ",", user, ",",
        text.pick(shop.ids, lines.product[line]), ",", text.whole(units), ",", text.money(lines.price[line]), ",", text.money(net + tax), ",",
        text.money(tax), ",", text.pick(identities.currencies(orders.country), order), ",",
        text.pick(text.strings([r for r, _ in reasons]), choose(key, "reason", quantised([w for _, w in reasons]))), ",",
        text.pick(text.strings(list(PAYMENTS)), orders.payment[order]), ",", text.pick(identities.country_codes(orders.country), order), ",",
        at, ",", at, "\n",
    )  # fmt: skip
    return Records(key, orders.block[order], lines.refunded_at[line], lambda chosen: text.pick(text_of, chosen))


MAKERS: dict[str, Callable[[Plan, int, int], Records]] = {
    "products": products, "users": users, "transactions": transactions, "refunds": refunds,
}  # fmt: skip
