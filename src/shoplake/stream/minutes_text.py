"""The last minutes, for people and programs."""

from typing import Any

from shoplake.errors import WrongUse
from shoplake.lake.layout import Lake
from shoplake.stream.minutes import minute_metrics
from shoplake.stream.side_table import SideTable


def last_minutes(lake: Lake, topic: str, count: int) -> list[dict[str, Any]]:
    """Rows of stream.minute_metrics of the last `count` minutes that have any, oldest first. Raises WrongUse when there are none."""
    found = minute_metrics(SideTable(lake, topic))
    if found is None:
        raise WrongUse(f"{SideTable(lake, topic).place()}: nothing was processed yet. Start `shoplake stream process`.")
    rows: list[dict[str, Any]] = found.to_pylist()
    wanted = sorted({row["minute"] for row in rows})[-count:]
    return [row for row in rows if row["minute"] in wanted]


def as_text(rows: list[dict[str, Any]]) -> str:
    """A line a minute and currency; devices and channels are summed up. Visitors of several devices count once for each."""
    sums: dict[Any, list[Any]] = {}
    for row in rows:
        one = sums.setdefault((row["minute"], row["currency"]), [0, 0, 0, 0, 0, False])
        for i, name in enumerate(("event_count", "visitor_count", "cart_count", "purchase_count", "revenue_amount")):
            one[i] += row[name]
        one[5] = row["is_open"]
    lines = [f"{'minute (UTC)':<17} {'events':>8} {'visitors':>8} {'carts':>6} {'purchases':>9} {'revenue':>14}"]
    for (minute, currency), (events, visitors, carts, purchases, revenue, is_open) in sorted(sums.items()):
        lines.append(f"{minute:%Y-%m-%d %H:%M}  {events:>8,} {visitors:>8,} {carts:>6,} {purchases:>9,} {revenue:>14,.2f} {currency}{'  provisional' if is_open else ''}")
    return "\n".join(lines)
