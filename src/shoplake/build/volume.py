"""An empty or far too small closed day stops a build: "green but empty" is the failure people tell of most.

A day is closed when it lies before the business date (--ds) or is named (--close). It is compared with the median of the same
weekday over the eight weeks before; with fewer than seven earlier days it is only told.
"""

import datetime as dt
from statistics import median

from shoplake.build.plan import Plan
from shoplake.errors import CheckFailed
from shoplake.lake.manifest import Partition

SHARE = 0.2
WEEKS = 8
EARLIER_DAYS = 7


def check_volume(plan: Plan, partitions: list[Partition]) -> list[str]:
    """Raises CheckFailed for a closed day of clicks or orders that is empty or under a fifth; returns what is only told."""
    told: list[str] = []
    stops: list[str] = []
    for table in ("clickstream", "transactions"):
        landed: dict[dt.date, int] = {}
        for p in partitions:
            if p.table == table:
                landed[dt.date.fromisoformat(p.ds)] = p.landed
        if landed:
            for day in _closed(plan, min(landed)):
                _judge(table, day, landed, stops, told)
    if stops:
        raise CheckFailed(
            "\n".join(stops)
            + "\nNothing was published. Deliver the day's files and build again, or accept the day with --allow-empty DAY."
        )
    return told


def closed_until(plan: Plan) -> str:
    """The business date up to which days are vouched for, once this build is published."""
    before = plan.parent.closed_until if plan.parent else ""
    return max(before, plan.options.ds or "")


def _closed(plan: Plan, first: dt.date) -> list[dt.date]:
    """Closed days this build has to vouch for: those since the last build that was told a business date, the day before
    --ds in any case, and the named ones; without those the options accept."""
    options = plan.options
    days = {dt.date.fromisoformat(d) for d in options.closed}
    if options.ds:
        end = dt.date.fromisoformat(options.ds)
        start = end - dt.timedelta(1)
        if plan.parent and plan.parent.closed_until:
            start = min(start, dt.date.fromisoformat(plan.parent.closed_until))
        days |= {day for n in range((end - start).days) if (day := start + dt.timedelta(n)) >= first}
    return sorted(d for d in days if d.isoformat() not in options.allow_empty)


def _judge(table: str, day: dt.date, landed: dict[dt.date, int], stops: list[str], told: list[str]) -> None:
    found = landed.get(day, 0)
    earlier = [d for d in landed if d < day]
    same_weekday = [
        landed.get(day - dt.timedelta(weeks=n), 0)
        for n in range(1, WEEKS + 1)
        if day - dt.timedelta(weeks=n) >= min(landed)
    ]
    usual = median(same_weekday) if same_weekday else 0
    if found == 0 and len(earlier) >= EARLIER_DAYS and usual > 0:
        stops.append(f"raw/{table}/ds={day}: nothing has arrived, usually {usual:.0f} records on this weekday.")
    elif found < SHARE * usual:
        sentence = f"raw/{table}/ds={day}: {found} records, usually {usual:.0f} on this weekday (under {SHARE:.0%})."
        (stops if len(earlier) >= EARLIER_DAYS else told).append(sentence)
