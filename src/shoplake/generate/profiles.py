"""The change feed of users: registrations, moves, marketing consent, and what their own orders make of them.

lifetime_value is the sum of quantity x price - discount over lines that were paid for, less cancelled and refunded ones, at
the moment of the row. The segment follows from it and from the number of paid orders; both are told the night after.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from shoplake.generate import identities, text
from shoplake.generate.draws import I64, U64, Bools, below, between, chance, choose, member, quantised
from shoplake.generate.options import Plan
from shoplake.generate.orders import CANCELLED, PAID, Sales
from shoplake.generate.people import People
from shoplake.generate.rhythm import DAY, NEVER, YEAR_END
from shoplake.generate.words import weighted

SEGMENTS = ("New", "Regular", "Loyal", "VIP")
REGULAR_ORDERS, LOYAL_ORDERS, VIP_VALUE = 2, 5, 200_000  # orders; VIP: this many cents and LOYAL_ORDERS


@dataclass(frozen=True)
class Worth:
    """What each user's orders add up to after each change, by user and time."""

    mark: I64  # user x 2^32 + second of the year, ascending
    user: I64
    at: I64
    cents: I64
    segment: I64

    def at_time(self, user: I64, at: I64) -> tuple[I64, I64]:
        """(cents, segment) of these users at these times."""
        if not len(self.mark):
            return np.zeros_like(user), np.zeros_like(user)
        row = np.searchsorted(self.mark, (user << 32) + np.maximum(at, 0), side="right") - 1
        known = (row >= 0) & (self.user[row] == user) & (at >= 0)
        return np.where(known, self.cents[row], 0), np.where(known, self.segment[row], 0)


def worth(sold: Sales) -> Worth:
    orders, lines = sold.orders, sold.lines
    if not len(orders.key):
        none = np.zeros(0, np.int64)
        return Worth(none, none, none, none, none)
    net = np.add.reduceat(lines.net, orders.first)
    paid_at = np.where(orders.status[:, 0] == PAID, orders.states[:, 0], orders.states[:, 1])
    off_at = np.where(orders.status[:, 3] == CANCELLED, orders.states[:, 3], NEVER)
    back = lines.refunded_units * lines.price - lines.discount * lines.refunded_units // lines.quantity
    user = np.concatenate([orders.user, orders.user, orders.user[lines.order]])
    at = np.concatenate([paid_at, off_at, lines.refunded_at])
    cents = np.concatenate([net, -net, -back])
    count = np.concatenate([np.ones_like(net), -np.ones_like(net), np.zeros_like(back)])
    use = np.flatnonzero((user >= 0) & (at < YEAR_END))
    use = use[np.argsort((user[use] << 32) + at[use], kind="stable")]
    user, at = user[use], at[use]
    cents, count = _running(user, cents[use]), _running(user, count[use])
    segment = np.where(
        count >= LOYAL_ORDERS, np.where(cents >= VIP_VALUE, 3, 2), np.where(count >= REGULAR_ORDERS, 1, 0)
    )
    return Worth((user << 32) + at, user, at, cents, segment)


def _running(group: I64, value: I64) -> I64:
    """Cumulated sums that start again at each group."""
    total = np.cumsum(value)
    begin = np.concatenate([[True], group[1:] != group[:-1]]) if len(group) else np.zeros(0, np.bool_)
    base = (total - value)[begin]
    running: I64 = total - base[np.cumsum(begin) - 1]
    return running


@dataclass(frozen=True)
class UserRows:
    """Rows of the user feed, unsorted: which user, when, and the state of what can change."""

    user: I64
    at: I64
    moved: Bools
    consent: Bools
    cents: I64
    segment: I64


def user_rows(sold: Sales) -> UserRows:
    who, known = sold.who, worth(sold)
    n = len(who)
    everyone = np.arange(n)
    moved_at = moves(who)
    toggles = _change(who, "consent changes", 0.08, 3)
    night_user, night_at = _nights(who, known)
    moving, toggling = np.flatnonzero(moved_at < YEAR_END), np.flatnonzero(toggles < YEAR_END)
    user = np.concatenate([everyone, moving, toggling, night_user])
    at = np.concatenate([who.registered, moved_at[moving], toggles[toggling], night_at])
    cents, segment = known.at_time(user, at)
    consent = chance(who.key, "consent", 0.58)[user] ^ (at >= toggles[user])
    return UserRows(user, at, at >= moved_at[user], consent, cents, segment)


def moves(who: People) -> I64:
    """When each user moves house, NEVER for most."""
    return _change(who, "moves", 0.07, 2)


def _change(who: People, name: str, rate: float, kind: int) -> I64:
    """When each user changes something, NEVER for most. The last three bits name the kind: no two rows at one second."""
    begin = np.maximum(who.registered, 0) + DAY
    at = begin + below(who.key, name, np.maximum(YEAR_END - begin, 1))
    return np.where(chance(who.key, name + "?", rate), at // 8 * 8 + kind, NEVER)


def _nights(who: People, known: Worth) -> tuple[I64, I64]:
    """The nightly run: users whose segment changed that day, and a few more whose worth did."""
    day = known.at // DAY
    if not len(day):
        return day, day
    last = np.concatenate([(known.user[1:] != known.user[:-1]) | (day[1:] != day[:-1]), [True]])
    row = np.flatnonzero(last)
    user, day, segment = known.user[row], day[row], known.segment[row]
    before = np.where(np.concatenate([[False], user[1:] == user[:-1]]), np.concatenate([[0], segment[:-1]]), 0)
    at = (day + 1) * DAY + between(who.key[user], "night", 3 * 3600, 4 * 3600) // 8 * 8 + 1
    tell = (segment != before) | chance(member(who.key[user], "nights", day), "tell", 0.12)
    tell &= at < YEAR_END
    return user[tell], at[tell]


def user_text(plan: Plan, who: People, rows: UserRows) -> Any:
    """One joined text a row, without the end of the line."""
    steady = _steady(plan, who)
    addresses = _addresses(who)
    since = text.seconds_text(who.registered + plan.first_day * DAY)
    channel = weighted("channel")
    won = text.pick(
        text.strings([name for name, _ in channel]), choose(who.key, "channel", quantised([w for _, w in channel]))
    )
    return text.join(
        text.pick(steady, rows.user), ",", text.pick(addresses, rows.user * 2 + rows.moved), ",", text.pick(since, rows.user), ",",
        text.pick(text.strings(["false", "true"]), rows.consent.astype(np.int8)), ",", text.pick(won, rows.user), ",",
        text.pick(text.strings(list(SEGMENTS)), rows.segment), ",", text.money(rows.cents), ",",
        text.pick(identities.currencies(who.country), rows.user), ",", text.seconds_text(rows.at + plan.first_day * DAY), "\n",
    )  # fmt: skip


def user_ids(number: I64) -> Any:
    return text.numbered("U", number)


def _steady(plan: Plan, who: People) -> Any:
    first, last = identities.first_and_last(who.key, who.country)
    gender = np.where(chance(who.key, "gender not given", 0.08), 2, np.where(identities.is_female(who.key), 0, 1))
    born = plan.first_day - 18 * 366 - between(who.key, "born", 0, 20_000)
    return text.join(
        user_ids(who.number), ",", identities.emails(who.key, who.country, who.number), ",", identities.phones(who.key, who.country), ",",
        first, ",", last, ",", text.pick(text.strings(["female", "male", ""]), gender), ",", text.dates_text(born),
    )  # fmt: skip


def address_keys(who: People) -> U64:
    """Two keys a user: where they live first, and after a move."""
    return np.stack([who.key, member(who.key, "new address", np.zeros(1, np.int64))], axis=1).ravel()


def _addresses(who: People) -> Any:
    key, country = address_keys(who), np.repeat(who.country, 2)
    city, region, postal = identities.places(key, country)
    return text.join(
        identities.streets(key, country), ",", city, ",", region, ",", postal, ",", identities.country_codes(country)
    )
