"""Visitors: the cookies behind clicks. A user has a home computer, a phone and perhaps the app; some homes share a computer."""

from typing import Any

import numpy as np

from shoplake.generate import text
from shoplake.generate.agents import APP, DESKTOP, MOBILE, TABLET
from shoplake.generate.draws import I64, U64, below, chance, choose, member, quantised
from shoplake.generate.orders import Orders
from shoplake.generate.people import People

_HOME, _PHONE, _APP = 0, 1, 2
_HOME_KINDS = np.array([DESKTOP, MOBILE, TABLET])[quantised((74, 17, 9))]
_ANONYMOUS_KINDS = np.array([DESKTOP, MOBILE, TABLET, APP])[quantised((18, 26, 4, 52))]


def user_visitors(who: People, user: I64, of: U64, app: "np.ndarray[Any, np.dtype[np.bool_]]") -> tuple[U64, I64]:
    """Key and kind of device of the visitor a user is seen as; `of` is what the visit is for."""
    home = chance(of, "at home", 0.75 - 0.5 * who.mobile[user])
    device = np.where(app, _APP, np.where(home, _HOME, _PHONE))
    key = member(np.where(device == _HOME, who.household[user], who.key[user]), "device", device)
    return key, _kinds(key, device)


def guest_visitors(of: U64, app: "np.ndarray[Any, np.dtype[np.bool_]]") -> tuple[U64, I64]:
    """Key and kind of device of a guest: a visitor of its own for each order."""
    device = np.where(app, _APP, below(of, "guest device", 2))
    key = member(of, "device", device)
    return key, _kinds(key, device)


def _kinds(key: U64, device: I64) -> I64:
    return np.where(device == _APP, APP, np.where(device == _PHONE, MOBILE, choose(key, "kind", _HOME_KINDS)))


def anonymous_kinds(key: U64) -> I64:
    return choose(key, "kind", _ANONYMOUS_KINDS)


def order_visitor_keys(orders: Orders, who: People) -> tuple[U64, I64]:
    """The visitor each order was made by, if it was made online."""
    app = orders.source == 1
    key, kind = user_visitors(who, np.maximum(orders.user, 0), orders.key, app)
    other, other_kind = guest_visitors(orders.key, app)
    guest = orders.user < 0
    return np.where(guest, other, key), np.where(guest, other_kind, kind)


def order_visitors(orders: Orders, who: People) -> Any:
    """visitor_id of each order: of those whose clicks are recorded, and of half of the other guests."""
    key, _ = order_visitor_keys(orders, who)
    known = orders.tracked | ((orders.user < 0) & chance(orders.key, "cookie", 0.5) & (orders.source < 2))
    return text.blank_where(visitor_ids(key), ~known)


def visitor_ids(key: U64) -> Any:
    return text.fixed(text.hex_rows("v", key, 12))
