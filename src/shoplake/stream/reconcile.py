"""A closed day's figures by stream and by batch, and every event that makes them differ, by name.

stream = the events that the minutes count; batch = core.fact_clickstream without the sessions that only the batch knows for robots'.

stream + late + ahead + only_in_batch = batch + duplicate + bot + only_in_stream, for events, carts, purchases and revenue alike.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from shoplake.engines.duckdb import quote
from shoplake.errors import CheckFailed, WrongUse
from shoplake.lake.layout import Lake
from shoplake.look.opened import Opened
from shoplake.stream.side_table import SideTable

# name -> (+1: only the stream counts it, -1: only the batch does, what it is)
DIFFERENCES = {
    "duplicate": (1, "delivered again: the batch counts an event once"),
    "bot": (1, "of a session that the batch found to be a robot's"),
    "only_in_stream": (1, "not in the published generation: landed since, or not landed"),
    "late": (-1, "came after its minute was closed"),
    "ahead": (-1, "too far ahead of its Kafka timestamp"),
    "only_in_batch": (-1, "never came by this stream"),
}
MEASURES = ("events", "carts", "purchases", "revenue")
SHOWN = 5
_SQL = """
WITH seen AS (
    SELECT event_id, event_type, event_us, quantity * unit_price AS amount, is_late, is_ahead,
        ROW_NUMBER() OVER (PARTITION BY event_id ORDER BY is_late OR is_ahead, kafka_us, "partition", "offset") AS copy
    FROM {events} WHERE event_date = DATE '{day}'
), batch AS (
    SELECT f.event_id, f.event_type, f.event_us, f.quantity * f.unit_price AS amount, s.is_suspected_bot AS is_bot
    FROM core.fact_clickstream AS f LEFT JOIN core.fact_sessions AS s ON s.session_key = f.session_key
    WHERE f.event_date = DATE '{day}'
), compared AS (
    SELECT
        COALESCE(s.event_id, b.event_id) AS event_id, COALESCE(s.event_type, b.event_type) AS event_type,
        COALESCE(s.event_us, b.event_us) AS event_us, COALESCE(s.amount, b.amount) AS amount,
        s.event_id IS NOT NULL AND NOT s.is_late AND NOT s.is_ahead AS in_stream,
        b.event_id IS NOT NULL AND NOT COALESCE(b.is_bot, FALSE) AND COALESCE(s.copy, 1) = 1 AS in_batch,
        CASE
            WHEN s.copy > 1 AND NOT s.is_late AND NOT s.is_ahead THEN 'duplicate'
            WHEN s.copy > 1 THEN 'late'
            WHEN s.is_ahead THEN 'ahead'
            WHEN s.is_late THEN 'late'
            WHEN b.event_id IS NULL THEN 'only_in_stream'
            WHEN s.event_id IS NULL THEN 'only_in_batch'
            WHEN b.is_bot THEN 'bot'
        END AS difference
    FROM seen AS s FULL JOIN batch AS b ON b.event_id = s.event_id
)
"""
_SUMS = """
    COUNT(*) AS events, COUNT(*) FILTER (WHERE event_type = 'add_to_cart') AS carts, COUNT(*) FILTER (WHERE event_type = 'purchase') AS purchases,
    CAST(COALESCE(SUM(amount) FILTER (WHERE event_type = 'purchase'), 0) AS DECIMAL(18, 4)) AS revenue
"""


@dataclass(frozen=True)
class Reconciled:
    """`stream`, `batch` and each of `differences`: MEASURES by name. `examples`: event ids, a few of each."""

    day: str
    generation: int
    stream: dict[str, Any]
    batch: dict[str, Any]
    differences: dict[str, dict[str, Any]]
    examples: dict[str, list[str]]

    @property
    def unexplained(self) -> dict[str, Any]:
        """What is left when all named differences are taken away: nothing, or something is wrong."""
        return {m: self.stream[m] - self.batch[m] - sum(DIFFERENCES[n][0] * d[m] for n, d in self.differences.items()) for m in MEASURES}


def reconcile(one: Opened, lake: Lake, topic: str, day: dt.date) -> Reconciled:
    """Raises WrongUse when the topic was not processed, or the day is not closed; CheckFailed when differences do not add up."""
    table = SideTable(lake, topic)
    accounts = table.accounts()
    if not accounts:
        raise WrongUse(f"{table.folder}: topic {topic} was not processed into this lake. Start `shoplake stream process`.")
    files = sorted((table.folder / "events").glob("year=*/month=*/day=*/hour=*/b*.parquet"))
    if not files:
        raise WrongUse(f"{table.folder / 'events'}: no good events yet.")
    last = dt.datetime.fromtimestamp(accounts[-1]["watermark_us"] // 1_000_000, dt.UTC)
    if one.manifest.as_of and day.isoformat() >= one.manifest.as_of:
        raise WrongUse(f"--day {day}: generation {one.manifest.generation} is as of {one.manifest.as_of}, and that day is not closed in it. Build again, or name an earlier day.")
    events = f"read_parquet([{', '.join(quote(str(f.resolve())) for f in files)}], hive_partitioning = false)"
    with_ = _SQL.format(events=events, day=day.isoformat())
    stream = one.dicts(f"{with_} SELECT {_SUMS} FROM compared WHERE in_stream")[0]
    batch = one.dicts(f"{with_} SELECT {_SUMS} FROM compared WHERE in_batch")[0]
    where = "difference IS NOT NULL AND in_stream <> in_batch"
    differences = {row.pop("difference"): row for row in one.dicts(f"{with_} SELECT difference, {_SUMS} FROM compared WHERE {where} GROUP BY difference")}
    examples = {
        row["difference"]: row["ids"]
        for row in one.dicts(f"{with_} SELECT difference, LIST(event_id ORDER BY event_id)[1:{SHOWN}] AS ids FROM compared WHERE {where} GROUP BY difference")
    }
    found = Reconciled(day.isoformat(), one.manifest.generation, stream, batch, {n: differences[n] for n in DIFFERENCES if n in differences}, examples)
    if any(found.unexplained.values()):
        raise CheckFailed(f"{day}: stream and batch differ by {found.unexplained} more than their named differences. The side table ends at {last:%Y-%m-%d %H:%M} UTC; process the rest, build, and run this again.")
    return found


def as_json(found: Reconciled) -> dict[str, Any]:
    return {**vars(found), "unexplained": found.unexplained}


def as_text(found: Reconciled) -> str:
    def line(name: str, sign: str, figures: dict[str, Any], note: str = "") -> str:
        return f"{sign:<2}{name:<16} {figures['events']:>10,} {figures['carts']:>8,} {figures['purchases']:>9,} {figures['revenue']:>16,}  {note}".rstrip()

    lines = [f"{found.day}, generation {found.generation}", f"  {'':<16} {'events':>10} {'carts':>8} {'purchases':>9} {'revenue':>16}", line("stream", "", found.stream)]
    for name, figures in found.differences.items():
        sign, what = DIFFERENCES[name]
        lines.append(line(name, "-" if sign > 0 else "+", figures, f"{what}, such as {found.examples[name][0]}"))
    lines.append(line("batch", "=", found.batch))
    return "\n".join(lines)
