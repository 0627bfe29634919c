"""Events as JSON lines: a few prepared pieces a row, joined once. Values that are not there have no key."""

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shoplake.generate import agents, identities, text
from shoplake.generate.catalogue import catalogue, subcategory_names
from shoplake.generate.clicks import CART, CHECKOUT, EVENT_TYPES, PURCHASE, REMOVE, SEARCH, Clicks
from shoplake.generate.csv_tables import order_ids
from shoplake.generate.draws import I64, U64, Bools, below, chance, choose, draw, quantised, unit
from shoplake.generate.options import Plan
from shoplake.generate.profiles import user_ids
from shoplake.generate.rhythm import DAY
from shoplake.generate.visitors import visitor_ids
from shoplake.generate.words import categories, slug, words

SHOP = "https://northlane.example"
_PATHS = ("", "")
_OUTSIDE = (
    "", "https://www.google.com/", "https://www.bing.com/", "https://duckduckgo.com/", "https://www.instagram.com/", "https://www.facebook.com/",
    "https://www.pinterest.com/", "https://www.idealo.example/", "https://blog.northlane.example/",
)  # fmt: skip
_CAMPAIGNS = (
    ("", 66), ("google|cpc|brand_2025", 6), ("google|cpc|shopping_feed", 7), ("facebook|paid_social|spring_looks", 3), ("newsletter|email|weekly_deals", 6),
    ("instagram|paid_social|creators", 3), ("idealo|affiliate|price_compare", 3), ("bing|cpc|generic", 2), ("newsletter|email|abandoned_cart", 2),
    ("pinterest|organic_social|home_ideas", 2),
)  # fmt: skip
_NO_REFERRER = 0


def event_ids(of: U64) -> Any:
    """event_id of events with these keys, as text."""
    return pc.utf8_slice_codeunits(text.fixed(_id_rows(of)), 13, 49)


def _id_rows(of: U64) -> Any:
    return text.uuid_rows('{"event_id":"', of, draw(of, "event id"), '"')


def session_ids(of: U64) -> Any:
    """session_id of sessions with these keys, as text."""
    return pc.utf8_slice_codeunits(text.fixed(_session_rows(of)), 15, 51)


def _session_rows(of: U64) -> Any:
    return text.uuid_rows(',"session_id":"', of, draw(of, "session id"), '"')


@dataclass(frozen=True)
class Pieces:
    """What rows of a chunk are joined from."""

    targets: I64
    target_texts: Any
    referrers: I64
    referrer_texts: Any
    listed: Bools  # reached from a list of products: the address names the list as it was shown
    commerce: I64
    commerce_texts: Any
    session_ids: Any
    campaigns: I64
    campaign_texts: Any
    session_tails: Any
    spelling: I64  # of each session: 0 ISO with Z, 1 with a blank, 2 milliseconds


@functools.lru_cache(maxsize=2)
def _target_texts(plan: Plan) -> Any:
    """Product pages, search pages and the checkout, first of the web, then of the app."""
    ids = catalogue(plan).ids
    asked = queries()
    parts = []
    for site in _PATHS:
        parts.append(text.join(',"product_id":"', ids, f'","page_url":"{site}/p/', ids))
        parts.append(
            text.strings([f',"search_query":"{q}","page_url":"{site}/search?q={q.replace(" ", "+")}' for q in asked])
        )
        parts.append(text.strings([f',"page_url":"{site}/checkout']))
    return pa.concat_arrays(parts)


@functools.cache
def queries() -> list[str]:
    """What people type into the search box: a subcategory, alone or with a word."""
    return [
        f"{name.lower()}{word}" for name in subcategory_names() for word in ("", *(f" {m}" for m in words("modifier")))
    ]


@functools.lru_cache(maxsize=2)
def _referrer_texts(plan: Plan) -> Any:
    """Nothing and other sites; then the home page and category pages; then product pages."""
    inside = [f"{SHOP}/"] + [f"{SHOP}/c/{slug(c.name)}/{slug(s)}" for c in categories() for s, _ in c.subcategories]
    fixed = ["" if not url else f',"referrer":"{url}"' for url in (*_OUTSIDE, *inside)]
    return pa.concat_arrays([text.strings(fixed), text.join(f',"referrer":"{SHOP}/p/', catalogue(plan).ids, '"')])


def pieces(plan: Plan, made: Clicks) -> Pieces:
    commerce, commerce_texts = _commerce(plan, made)
    ids, tails = _session_texts(made)
    sessions = made.sessions
    campaign = np.where(
        sessions.device == agents.CRAWLER, 0, choose(sessions.key, "campaign", quantised([w for _, w in _CAMPAIGNS]))
    )
    campaigns = np.where(
        made.events.place == 0, campaign[made.events.session], 0
    )  # a campaign shows on the landing page only
    spelling = np.where(
        unit(sessions.key, "spelling") < plan.mess["spelling"], 1 + below(sessions.key, "which spelling", 2), 0
    )
    return Pieces(
        _targets(plan, made), _target_texts(plan), _referrers(made, plan), _referrer_texts(plan), _listed(made), commerce, commerce_texts, ids, campaigns,
        _campaign_texts(), tails, spelling,
    )  # fmt: skip


def _targets(plan: Plan, made: Clicks) -> I64:
    events, products = made.events, plan.products
    asked = len(queries())
    word = np.minimum(
        below(events.key, "query", 1 + len(words("modifier"))),
        below(events.key, "query again", 1 + len(words("modifier"))),
    )
    subject = below(made.sessions.key, "asks for", asked // (1 + len(words("modifier"))))[events.session]
    query = products + subject * (1 + len(words("modifier"))) + word
    at = np.where(events.type == SEARCH, query, np.where(events.type == CHECKOUT, products + asked, events.product))
    return at + np.where(made.sessions.device[events.session] == agents.APP, products + asked + 1, 0)


def _referrers(made: Clicks, plan: Plan) -> I64:
    events, sessions = made.events, made.sessions
    outside = np.minimum(below(sessions.key, "from", len(_OUTSIDE) + 14) - 14, len(_OUTSIDE) - 1)
    u = unit(events.key, "came from")
    home = len(_OUTSIDE)
    category = home + 1 + catalogue(plan).subcategory[np.maximum(events.product, 0)]
    first_product = home + 1 + len(subcategory_names())
    previous = np.concatenate([[-1], events.product[:-1]]) if len(events.product) else events.product
    page = np.where(
        (u < 0.08) & (previous >= 0),
        first_product + previous,
        np.where(u < 0.22, category, np.where(u < 0.25, home, _NO_REFERRER)),
    )
    page = np.where((events.product < 0) & (page > home) & (page < first_product), home, page)
    inside = np.where(events.place == 0, np.maximum(outside, 0)[events.session], page)
    return np.where(np.isin(sessions.device, (agents.APP, agents.CRAWLER))[events.session], _NO_REFERRER, inside)


def _listed(made: Clicks) -> Bools:
    return (made.events.product >= 0) & chance(made.events.key, "listed", 0.9)


def _list_rows(of: U64) -> Any:
    return text.hex_rows("?l=", draw(of, "list"), 16, '"')


def _commerce(plan: Plan, made: Clicks) -> tuple[I64, Any]:
    """Quantity, price and order of the few events that have them: a row of a small table, 0 for none."""
    events, sessions, lines = made.events, made.sessions, made.sold.lines
    row = np.flatnonzero(np.isin(events.type, (CART, REMOVE, PURCHASE)))
    line = events.line[row]
    listed = catalogue(plan).price_at(events.product[row], events.at[row] // 1000)
    price = np.where(line >= 0, lines.price[np.maximum(line, 0)], listed) if len(lines.price) else listed
    currency = text.pick(identities.currencies(sessions.country), events.session[row])
    bought = events.type[row] == PURCHASE
    order = np.maximum(sessions.order[events.session[row]], 0)
    ids = (
        text.pick(order_ids(plan, made.sold.orders), order)
        if len(made.sold.orders.key)
        else text.strings([""] * len(row))
    )
    sold = text.blank_where(text.join(',"transaction_id":"', ids, '"'), ~bought)
    texts = text.join(
        ',"quantity":',
        text.whole(events.quantity[row]),
        ',"unit_price":',
        text.money(price),
        ',"currency":"',
        currency,
        '"',
        sold,
    )
    where = np.zeros(len(events.type), np.int64)
    where[row] = 1 + np.arange(len(row))
    return where, pa.concat_arrays([text.strings([""]), texts])


def _session_texts(made: Clicks) -> tuple[Any, Any]:
    sessions, who = made.sessions, made.sold.who
    none = len(who)
    users = pa.concat_arrays([text.join(',"user_id":"', user_ids(who.number), '"'), text.strings([""])])
    ids = text.join(
        ',"visitor_id":"', visitor_ids(sessions.visitor), '"', text.pick(users, np.where(sessions.user < 0, none, sessions.user)),
        text.fixed(_session_rows(sessions.key)),
    )  # fmt: skip
    tails = text.join(
        ',"device_type":"', text.pick(text.strings(list(agents.DEVICE_TYPES)), sessions.device),
        '","user_agent":"', text.pick(agents.agent_texts(), sessions.agent), '","ip_address":"', _addresses(made), '","country":"',
        identities.country_codes(sessions.country), '"}\n',
    )  # fmt: skip
    return ids, tails


@functools.cache
def _campaign_texts() -> Any:
    found = []
    for name, _ in _CAMPAIGNS:
        source, _, rest = name.partition("|")
        medium, _, campaign = rest.partition("|")
        found.append(f',"utm_source":"{source}","utm_medium":"{medium}","utm_campaign":"{campaign}"' if name else "")
    return text.strings(found)


def _addresses(made: Clicks) -> Any:
    """A visitor keeps one address on most days; a bot one always, however many cookies it uses."""
    sessions = made.sessions
    moves = chance(sessions.key, "elsewhere", 0.4) & (sessions.bot < 0)
    owner = (
        np.where(sessions.bot < 0, sessions.visitor, made.bots.owner[np.maximum(sessions.bot, 0)])
        if len(made.bots.key)
        else sessions.visitor
    )
    of = np.where(moves, sessions.key, owner)
    bytes_ = text.strings([str(i) for i in range(256)])
    first = np.array(
        [
            31,
            37,
            46,
            62,
            77,
            78,
            79,
            80,
            81,
            82,
            83,
            84,
            85,
            86,
            87,
            88,
            89,
            90,
            91,
            92,
            93,
            94,
            95,
            109,
            176,
            178,
            188,
            213,
        ]
    )
    parts = [text.pick(bytes_, first[below(of, "ip 0", len(first))])]
    parts += [text.pick(bytes_, below(of, f"ip {k}", 256)) for k in (1, 2)] + [
        text.pick(bytes_, 1 + below(of, "ip 3", 254))
    ]
    return pc.binary_join_element_wise(*parts, ".")


def render(plan: Plan, made: Clicks, prepared: Pieces, chosen: I64) -> Any:
    """The lines of these events."""
    before, after = around_time(made, prepared, chosen)
    millis = made.events.at[chosen] + plan.first_day * DAY * 1000
    return text.join(*before, _moments(millis, prepared.spelling[made.events.session[chosen]]), *after)


def around_time(made: Clicks, prepared: Pieces, chosen: I64) -> tuple[list[Any], list[Any]]:
    """What stands before and behind the value of event_ts in the lines of these events."""
    events, session = made.events, made.events.session[chosen]
    types = text.strings([f',"event_type":"{name}","event_ts":' for name in EVENT_TYPES])
    before = [text.fixed(_id_rows(events.key[chosen])), text.pick(types, events.type[chosen])]
    return before, [
        text.pick(prepared.session_ids, session), text.pick(prepared.target_texts, prepared.targets[chosen]),
        text.either(prepared.listed[chosen], text.fixed(_list_rows(events.key[chosen])), text.strings(['"'])[0]), text.pick(prepared.commerce_texts, prepared.commerce[chosen]),
        text.pick(prepared.referrer_texts, prepared.referrers[chosen]),
        text.pick(prepared.campaign_texts, prepared.campaigns[chosen]), text.pick(prepared.session_tails, session),
    ]  # fmt: skip


def _moments(millis: I64, spelling: I64) -> Any:
    column = text.fixed(text.stamp_rows(millis, '"', '"'))
    for kind in (1, 2):
        mask = spelling == kind
        if mask.any():
            some = millis[mask]
            other = text.whole(some) if kind == 2 else text.join('"', text.seconds_text(some // 1000), '"')
            column = pc.replace_with_mask(column, pa.array(mask), other)
    return column
