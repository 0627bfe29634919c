"""The five dashboards: the figures made of their SQL. One place, for the terminal and for whatever shows them next.

`run` is any engine's way to run the SQL. Money stays DECIMAL all the way, each currency stands alone, and all looks back from
as_of, which is exclusive.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from shoplake.build.dashboard_sql import DAYS, SQL, TITLES, TOP_PRODUCTS, named_days, words
from shoplake.look.drawing import ratio

Rows = list[dict[str, Any]]
Run = Callable[[str], Rows]

NO_CLICKS = (
    "No clicks in this lake, so there is nothing to show. Bring them as JSON lines, one event a line, with at least event_id, "
    "event_type, event_ts and visitor_id: `shoplake ingest clicks.jsonl --table clickstream`, then `shoplake build`."
)

STEPS = ("session_count", "viewed_count", "carted_count", "checked_out_count", "purchased_count")


@dataclass(frozen=True)
class Figure:
    """A named key figure. unit: money, count, share, days, text."""

    name: str
    label: str
    unit: str
    value: Any


@dataclass
class Block:
    """What one dashboard says of one currency; of no currency where there is no money."""

    currency: str | None
    figures: list[Figure]
    series: dict[str, list[Any]] = field(default_factory=dict)  # oldest first
    rows: dict[str, Rows] = field(default_factory=dict)


@dataclass
class Dashboard:
    name: str
    title: str
    blocks: list[Block] = field(default_factory=list)
    note: str | None = None

    def plain(self) -> dict[str, Any]:
        """As dicts and lists; dataclasses.asdict would copy every value of every row."""
        return {**vars(self), "blocks": [{**vars(b), "figures": [vars(f) for f in b.figures]} for b in self.blocks]}


def all_dashboards(run: Run, as_of: str, *, has_clicks: bool) -> dict[str, Any]:
    """All five, as plain values: as_of, currencies (the one with most orders first) and the dashboards."""
    day = dt.date.fromisoformat(as_of)
    given = words({word: str(d) for word, d in named_days(day).items()})

    def ask(name: str) -> Rows:
        return run(SQL[name].format(**given))

    currencies = [str(r["currency"]) for r in ask("currencies")]
    boards = [
        _revenue(ask, day, currencies),
        _products(ask, currencies, has_clicks),
        _customers(ask, currencies),
        _funnel(ask, day) if has_clicks else Dashboard("funnel", TITLES["funnel"], note=NO_CLICKS),
        _carts(ask, day, currencies)
        if has_clicks
        else Dashboard("abandoned_carts", TITLES["abandoned_carts"], note=NO_CLICKS),
    ]
    return {"as_of": as_of, "currencies": currencies, "dashboards": [b.plain() for b in boards]}


def _sum(rows: Rows, column: str) -> Any:
    """Exact: ints and Decimals only. 0 of nothing."""
    values = [r[column] for r in rows if r[column] is not None]
    return sum(values[1:], start=values[0]) if values else 0


def _of(rows: Rows, currency: str) -> Rows:
    return [r for r in rows if r["currency"] == currency]


def _days(last: dt.date, count: int) -> list[dt.date]:
    return [last - dt.timedelta(n) for n in reversed(range(count))]


def _revenue(ask: Callable[[str], Rows], as_of: dt.date, currencies: list[str]) -> Dashboard:
    board = Dashboard("revenue", TITLES["revenue"])
    last = as_of - dt.timedelta(1)
    days, hours = ask("revenue_days"), ask("revenue_hours")
    for currency in currencies:
        by_day = {r["order_date"]: r for r in _of(days, currency)}
        by_hour = {r["order_hour"]: r for r in _of(hours, currency)}
        net = {d: r["net_amount"] for d, r in by_day.items()}
        today, before = net.get(last, Decimal(0)), net.get(last - dt.timedelta(7))
        month = [r for d, r in by_day.items() if d >= as_of - dt.timedelta(DAYS)]
        earlier = [r for d, r in by_day.items() if d < as_of - dt.timedelta(DAYS)]
        orders = by_day[last]["order_count"] if last in by_day else 0
        month_net, earlier_net = Decimal(_sum(month, "net_amount")), Decimal(_sum(earlier, "net_amount"))
        refunds = Decimal(_sum(month, "refund_amount"))
        board.blocks.append(Block(currency, [
            Figure("net_last_day", f"net on {last:%a} {last}", "money", today),
            Figure("net_same_weekday_before", "net a week before", "money", before),
            Figure("change_on_week", "change on a week before", "change", ratio(today - before, before) if before else None),
            Figure("orders_last_day", "orders that day", "count", orders),
            Figure("average_order_amount", "net an order that day", "money", ratio(today, orders, 4)),
            Figure("net_30_days", f"net of {DAYS} days", "money", month_net),
            Figure("change_on_30_days", f"change on the {DAYS} days before", "change", ratio(month_net - earlier_net, earlier_net) if earlier_net else None),
            Figure("orders_30_days", f"orders of {DAYS} days", "count", _sum(month, "order_count")),
            Figure("refunds_30_days", f"refunds of {DAYS} days", "money", refunds),
            Figure("refund_share_30_days", "refunds, as a share of net", "share", ratio(refunds, month_net)),
            Figure("cancelled_orders_30_days", f"cancelled orders of {DAYS} days", "count", _sum(month, "cancelled_order_count")),
        ], {
            "net_by_hour_last_day": [by_hour[h]["net_amount"] if h in by_hour else Decimal(0) for h in range(24)],
            "net_by_day_30_days": [net.get(d, Decimal(0)) for d in _days(last, DAYS)],
        }))  # fmt: skip
    return board


def _products(ask: Callable[[str], Rows], currencies: list[str], has_clicks: bool) -> Dashboard:
    board = Dashboard("products", TITLES["products"])
    totals, top = ask("product_totals"), ask("product_top")
    for currency in currencies:
        total, rows = next(iter(_of(totals, currency)), None), _of(top, currency)
        if total is None:
            board.blocks.append(Block(currency, [Figure("products_sold", "products sold", "count", 0)]))
            continue
        best = Decimal(_sum(rows, "net_amount"))
        board.blocks.append(Block(currency, [
            Figure("products_sold", "products sold", "count", total["products"]),
            Figure("units_sold", "units sold", "count", total["units"]),
            Figure("net_amount", "net", "money", total["net"]),
            Figure("profit_amount", "profit where the cost is known", "money", total["profit"]),
            Figure("top_share", f"share of the first {TOP_PRODUCTS}", "share", ratio(best, total["net"])),
            Figure("view_to_purchase_ratio", "purchases a view of these", "share",
                   ratio(total["click_purchases"], total["views"]) if has_clicks else None),
        ], rows={"top": [{**r, "share": ratio(r["net_amount"], total["net"])} for r in rows]}))  # fmt: skip
    return board


def _customers(ask: Callable[[str], Rows], currencies: list[str]) -> Dashboard:
    board = Dashboard("customers", TITLES["customers"])
    found = ask("customer_segments")
    for currency in currencies:
        rows = _of(found, currency)
        people, amount = _sum(rows, "customers"), Decimal(_sum(rows, "amount"))
        by = {r["rfm_segment"]: r for r in rows}
        champions = by.get("champions", {"amount": Decimal(0), "customers": 0})
        risk = by.get("at_risk", {"amount": Decimal(0), "customers": 0})
        board.blocks.append(Block(currency, [
            Figure("customers", "customers", "count", people),
            Figure("amount", "their money", "money", amount),
            Figure("average_amount", "money a customer", "money", ratio(amount, people, 4)),
            Figure("orders_per_customer", "orders a customer", "number", ratio(_sum(rows, "orders"), people, 2)),
            Figure("mean_recency_days", "days since the last order, mean", "number", ratio(_sum(rows, "recency_days"), people, 2)),
            Figure("champions_share", "champions' share of money", "share", ratio(champions["amount"], amount)),
            Figure("champions_customer_share", "champions' share of customers", "share", ratio(champions["customers"], people)),
            Figure("at_risk_amount", "money of customers at risk", "money", risk["amount"]),
        ], rows={"segments": [
            {"segment": r["rfm_segment"], "customers": r["customers"], "customer_share": ratio(r["customers"], people),
             "amount": r["amount"], "amount_share": ratio(r["amount"], amount), "mean_recency_days": ratio(r["recency_days"], r["customers"], 1)}
            for r in rows
        ]}))  # fmt: skip
    return board


def _funnel(ask: Callable[[str], Rows], as_of: dt.date) -> Dashboard:
    rows = ask("funnel")
    if not rows:
        return Dashboard("funnel", TITLES["funnel"], note=f"No sessions in the {DAYS} days before {as_of}.")
    totals = {step: _sum(rows, step) for step in STEPS}
    sessions, bought = totals["session_count"], totals["purchased_count"]
    buy_now = _sum(rows, "buy_now_count")
    days = _days(as_of - dt.timedelta(1), DAYS)
    per_day: dict[dt.date, Rows] = {d: [] for d in days}
    for r in rows:
        per_day[r["session_date"]].append(r)
    block = Block(None, [
        Figure("sessions", "sessions", "count", sessions),
        Figure("purchases", "sessions that bought", "count", bought),
        Figure("conversion_ratio", "conversion", "share", ratio(bought, sessions)),
        Figure("cart_to_purchase_ratio", "carts that became purchases", "share", ratio(bought, totals["carted_count"])),
        Figure("buy_now_count", "bought without a cart", "count", buy_now),
        Figure("buy_now_share", "their share of purchases", "share", ratio(buy_now, bought)),
    ], {"conversion_by_day": [ratio(_sum(per_day[d], "purchased_count"), _sum(per_day[d], "session_count")) for d in days]},
    {
        "steps": [{"step": s.removesuffix("_count"), "sessions": totals[s], "of_all": ratio(totals[s], sessions),
                   "of_step_before": ratio(totals[s], totals[STEPS[i - 1]]) if i else None} for i, s in enumerate(STEPS)],
        "channels": _split(rows, "channel"), "devices": _split(rows, "device_type"),
    })  # fmt: skip
    return Dashboard("funnel", TITLES["funnel"], [block])


def _split(rows: Rows, column: str) -> Rows:
    found = []
    for value in sorted({str(r[column]) for r in rows}):
        mine = [r for r in rows if str(r[column]) == value]
        totals = {step: _sum(mine, step) for step in STEPS}
        found.append(
            {column: value, **totals, "conversion_ratio": ratio(totals["purchased_count"], totals["session_count"])}
        )
    return sorted(found, key=lambda r: -r["session_count"])


def _carts(ask: Callable[[str], Rows], as_of: dt.date, currencies: list[str]) -> Dashboard:
    board = Dashboard("abandoned_carts", TITLES["abandoned_carts"])
    found, top = ask("carts"), ask("cart_top")
    # Clicks may name a currency no order has, or none at all.
    for currency in [*currencies, *sorted({str(r["currency"]) for r in found} - set(currencies))]:
        rows = _of(found, currency)
        carts, left = _sum(rows, "carts"), Decimal(_sum(rows, "left_amount"))
        recovered = Decimal(_sum(rows, "recovered_amount"))
        by_day = {r["cart_date"]: r["left_amount"] for r in rows}
        board.blocks.append(Block(currency, [
            Figure("carts", "carts left", "count", carts),
            Figure("left_amount", "value left", "money", left),
            Figure("average_amount", "value a cart", "money", ratio(left, carts, 4)),
            Figure("recovered_amount", "value bought within 7 days", "money", recovered),
            Figure("recovered_share", "share of value bought after all", "share", ratio(recovered, left)),
            Figure("recovered_carts", "carts bought from", "count", _sum(rows, "recovered_carts")),
            Figure("units_left", "units left", "count", _sum(rows, "units")),
        ], {"left_by_day_30_days": [by_day.get(d, Decimal(0)) for d in _days(as_of - dt.timedelta(1), DAYS)]},
        {"top": _of(top, currency)}))  # fmt: skip
    return board
