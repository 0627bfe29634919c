"""A closed day's figures by stream and by batch, and every event that makes them differ, by name.

stream = the events that the minutes count; batch = core.fact_clickstream without the sessions that only the batch knows for robots'.

stream = batch + the named differences, for events, carts, purchases and revenue alike; the batch is counted by itself, so what has no
name is left over and seen.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from shoplake.errors import CheckFailed, WrongUse
from shoplake.lake.layout import Lake
from shoplake.look.opened import Opened
from shoplake.stream.side_table import SideTable, read_parquet

# What each difference is. Its figures say by how much the stream is above (or, below zero, under) the batch.
DIFFERENCES = {
    "duplicate": "delivered again: the batch counts an event once",
    "bot": "of a session that the batch found to be a robot's",
    "only_in_stream": "not in the published generation: landed since, or not landed",
    "other_content": "two copies that differ: the batch keeps another one than came first",
    "late": "came after its minute was closed",
    "ahead": "too far ahead of its Kafka timestamp",
    "only_in_batch": "did not come by this stream, or is not processed yet",
}
MEASURES = ("events", "carts", "purchases", "revenue")
SHOWN = 5
_SQL = """
WITH seen AS (
    SELECT event_id, event_type, event_us, quantity * unit_price AS amount, NOT is_late AND NOT is_ahead AS counts, is_ahead,
        ROW_NUMBER() OVER (PARTITION BY event_id ORDER BY is_late OR is_ahead, kafka_us, "partition", "offset") AS copy
    FROM {events} WHERE event_date = DATE '{day}'
), batch AS (
    SELECT f.event_id, f.event_type, f.event_us, f.quantity * f.unit_price AS amount, NOT COALESCE(s.is_suspected_bot, FALSE) AS counts
    FROM core.fact_clickstream AS f LEFT JOIN core.fact_sessions AS s ON s.session_key = f.session_key
    WHERE f.event_date = DATE '{day}'
), compared AS (
    SELECT
        COALESCE(s.event_id, b.event_id) AS event_id,
        CASE WHEN s.counts THEN s.event_type END AS stream_type, CASE WHEN s.counts THEN s.amount END AS stream_amount,
        CASE WHEN b.counts THEN b.event_type END AS batch_type, CASE WHEN b.counts THEN b.amount END AS batch_amount,
        CASE
            WHEN s.copy > 1 AND s.counts THEN 'duplicate'
            WHEN s.counts AND b.event_id IS NULL THEN 'only_in_stream'
            WHEN s.counts AND NOT b.counts THEN 'bot'
            WHEN s.counts AND (s.event_type, s.amount, s.event_us) IS DISTINCT FROM (b.event_type, b.amount, b.event_us) THEN 'other_content'
            WHEN NOT b.counts OR b.event_id IS NULL THEN NULL
            WHEN s.is_ahead THEN 'ahead'
            WHEN s.event_id IS NULL THEN 'only_in_batch'
            WHEN NOT s.counts THEN 'late'
        END AS difference
    FROM seen AS s FULL JOIN batch AS b ON b.event_id = s.event_id AND s.copy = 1
)
"""
_SUMS = """
    COUNT({type}) AS events, COUNT(*) FILTER (WHERE {type} = 'add_to_cart') AS carts, COUNT(*) FILTER (WHERE {type} = 'purchase') AS purchases,
    CAST(COALESCE(SUM({amount}) FILTER (WHERE {type} = 'purchase'), 0) AS DECIMAL(18, 4)) AS revenue
"""
_STREAM, _BATCH = _SUMS.format(type="stream_type", amount="stream_amount"), _SUMS.format(type="batch_type", amount="batch_amount")
_CORE = _SUMS.format(type="event_type", amount="amount")


@dataclass(frozen=True)
class Reconciled:
    """`stream`, `batch` and each of `differences`: MEASURES by name. `examples`: event ids, a few of each. `processed_until`: the watermark, UTC."""

    day: str
    generation: int
    stream: dict[str, Any]
    batch: dict[str, Any]
    differences: dict[str, dict[str, Any]]
    examples: dict[str, list[str]]
    processed_until: str

    @property
    def unexplained(self) -> dict[str, Any]:
        """What is left when all named differences are taken away: nothing, or something is wrong."""
        return {m: self.stream[m] - self.batch[m] - sum(d[m] for d in self.differences.values()) for m in MEASURES}


def reconcile(one: Opened, lake: Lake, topic: str, day: dt.date) -> Reconciled:
    """Raises WrongUse when the topic was not processed, or the day is not closed; CheckFailed when differences do not add up."""
    table = SideTable(lake, topic)
    account = table.last_account()
    if account is None:
        raise WrongUse(f"{table.place()}: topic {topic} was not processed into this lake. Start `shoplake stream process`.")
    files = table.published(table.folders("events", 4), account["batch"])
    if not files:
        raise WrongUse(f"{table.place()}/events: no good events yet.")
    if one.manifest.as_of and day.isoformat() >= one.manifest.as_of:
        raise WrongUse(f"--day {day}: generation {one.manifest.generation} is as of {one.manifest.as_of}, and that day is not closed in it. Build again, or name an earlier day.")
    until = dt.datetime.fromtimestamp(account["watermark_us"] // 1_000_000, dt.UTC)
    with_ = _SQL.format(events=read_parquet(files), day=day.isoformat())
    stream = one.dicts(f"{with_} SELECT {_STREAM} FROM compared")[0]
    batch = one.dicts(f"{with_} SELECT {_CORE} FROM batch WHERE counts")[0]
    named = one.dicts(
        f"{with_}, sums AS (SELECT difference, LIST(event_id ORDER BY event_id)[1:{SHOWN}] AS ids, {_STREAM} FROM compared WHERE difference IS NOT NULL GROUP BY difference), "
        f"others AS (SELECT difference, {_BATCH} FROM compared WHERE difference IS NOT NULL GROUP BY difference) "
        f"SELECT difference, ids, {', '.join(f's.{m} - o.{m} AS {m}' for m in MEASURES)} FROM sums AS s JOIN others AS o USING (difference)"
    )
    examples = {row["difference"]: row.pop("ids") for row in named}
    differences = {row.pop("difference"): row for row in named}
    found = Reconciled(day.isoformat(), one.manifest.generation, stream, batch, {n: differences[n] for n in DIFFERENCES if n in differences}, examples, f"{until:%Y-%m-%d %H:%M}")
    if any(found.unexplained.values()):
        raise CheckFailed(f"{day}: stream and batch differ by {found.unexplained} more than their named differences. The side table ends at {found.processed_until} UTC; process the rest, build, and run this again.")
    return found


def as_json(found: Reconciled) -> dict[str, Any]:
    return {**vars(found), "unexplained": found.unexplained}


def as_text(found: Reconciled) -> str:
    def line(name: str, figures: dict[str, Any], note: str = "", sign: str = "") -> str:
        cells = [f"{figures[m]:{sign},}" for m in MEASURES]
        return f"{name:<16} {cells[0]:>10} {cells[1]:>8} {cells[2]:>9} {cells[3]:>16}  {note}".rstrip()

    lines = [f"{found.day}, generation {found.generation}; processed until {found.processed_until} UTC", f"{'':<16} {'events':>10} {'carts':>8} {'purchases':>9} {'revenue':>16}", line("batch", found.batch)]
    for name, figures in found.differences.items():
        lines.append(line(name, figures, f"{DIFFERENCES[name]}, such as {found.examples[name][0]}", "+"))
    lines.append(line("stream", found.stream))
    return "\n".join(lines)
