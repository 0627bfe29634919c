"""The hour that is running, by the streams that are processed into a lake. Provisional: it is shown beside the warehouse and never
becomes part of it."""

import datetime as dt
from typing import Any

from shoplake.errors import WrongUse
from shoplake.lake.layout import Lake
from shoplake.settings import zone
from shoplake.stream.minutes import MINUTE_US, WATERMARK_US, minute_metrics
from shoplake.stream.side_table import SideTable, processed_topics

_SUMMED = {"events": "event_count", "carts": "cart_count", "purchases": "purchase_count", "revenue": "revenue_amount"}


def running_hours(lake: Lake, as_of: str, timezone: str) -> list[dict[str, Any]]:
    """The hour of the newest event of each processed topic, where it is of the last day that the dashboards show, or a later one: `topic`, `hour` and `until`
    (the end of the last minute with events), both in the shop's time, and by `currency` the events, carts, purchases and their
    `revenue` (quantity times price of purchase events that were in time, copies included). Of a stream that is damaged, `topic` and
    `trouble`: the warehouse's figures are not to wait for it."""
    found = []
    for topic in processed_topics(lake):
        try:
            hour = _running(SideTable(lake, topic), as_of, timezone)
        except WrongUse as e:
            hour = {"topic": topic, "trouble": str(e)}
        if hour is not None:
            found.append(hour)
    return found


def _running(table: SideTable, as_of: str, timezone: str) -> dict[str, Any] | None:
    account = table.last_account()
    if account is None or not account.get("watermark_us"):
        return None
    newest = dt.datetime.fromtimestamp((account["watermark_us"] + WATERMARK_US) / 1_000_000, zone(timezone, "timezone"))
    if as_of and newest.date() < dt.date.fromisoformat(as_of) - dt.timedelta(1):
        return None
    begins = newest.replace(minute=0, second=0, microsecond=0)
    rows = minute_metrics(table, since_us=int(begins.timestamp()) * 1_000_000)
    return None if rows is None else _hour(table.topic, begins, rows.to_pylist())


def _hour(topic: str, begins: dt.datetime, rows: list[dict[str, Any]]) -> dict[str, Any]:
    ends = max(row["minute"] for row in rows).replace(tzinfo=dt.UTC) + dt.timedelta(microseconds=MINUTE_US)
    currencies = [
        {"currency": currency, **{name: sum(row[column] for row in rows if row["currency"] == currency) for name, column in _SUMMED.items()}}
        for currency in sorted({row["currency"] for row in rows}, key=lambda c: (c is None, c))
    ]
    return {"topic": topic, "hour": begins, "until": ends.astimezone(begins.tzinfo), "is_provisional": True, "currencies": currencies}


def as_lines(hours: list[dict[str, Any]]) -> list[str]:
    """For the revenue dashboard on a terminal."""
    lines = []
    for one in hours:
        if "trouble" in one:
            lines += ["", f"  Running hour of the stream {one['topic']}: not shown. {one['trouble']}"]
            continue
        lines += ["", f"  Running hour {one['hour']:%Y-%m-%d %H:%M} to {one['until']:%H:%M}, provisional, by the stream {one['topic']}"]
        sold = [c for c in one["currencies"] if c["purchases"]]
        lines += [f"    {c['currency'] or 'no currency'}  {c['revenue']:,.2f} in {c['purchases']:,} purchase{'s' if c['purchases'] > 1 else ''}" for c in sold]
        if not sold:
            lines.append(f"    no purchase yet in {sum(c['events'] for c in one['currencies']):,} events")
    return lines
