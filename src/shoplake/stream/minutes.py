"""The figures of a minute: events, carts, purchases, revenue and active visitors by device, channel and currency.

Closed once, when the watermark passes the minute's end; from then on they do not change: what comes later is late, is kept, and is
counted by the batch build. The minutes that are still open are read from the events as they are.
"""

import datetime as dt
from typing import Any

import duckdb

from shoplake.errors import WrongUse
from shoplake.stream.side_table import SideTable, read_parquet

MINUTE_US = 60_000_000
# How much older than the newest event an event may be.
WATERMARK_US = 5 * MINUTE_US
KEY = ("minute", "device_type", "utm_medium", "currency")
SELECT = """
SELECT
    MAKE_TIMESTAMP(event_us // {minute} * {minute}) AS minute,
    device_type,
    utm_medium,
    currency,
    COUNT(*) AS event_count,
    COUNT(*) FILTER (WHERE event_type = 'add_to_cart') AS cart_count,
    COUNT(*) FILTER (WHERE event_type = 'purchase') AS purchase_count,
    CAST(COALESCE(SUM(quantity * unit_price) FILTER (WHERE event_type = 'purchase'), 0) AS DECIMAL(18, 4)) AS revenue_amount,
    COUNT(DISTINCT visitor_id) AS visitor_count
FROM {events}
WHERE NOT is_late AND NOT is_ahead AND {within}
GROUP BY ALL
"""
TASK = "closed"
HOUR_US = 60 * MINUTE_US


def close_minutes(table: SideTable, batch: int, before: int, after: int) -> list[dict[str, Any]]:
    """Write the minutes that ended between two watermarks, and return their rows. A batch done again writes the same."""
    first, last = before // MINUTE_US * MINUTE_US, after // MINUTE_US * MINUTE_US
    if first >= last:
        return []
    within = f"event_us >= {first} AND event_us < {last}"
    files = _hours(table, first, last, batch)
    if not files:
        return []
    rows = table.arrow(SELECT.format(minute=MINUTE_US, events=read_parquet(files), within=within) + " ORDER BY ALL")
    if not rows.num_rows:
        return []
    _write(rows, table, f"{table.stage(batch)}/{TASK}/minutes")
    table.publish(batch, "minutes", [TASK])
    found: list[dict[str, Any]] = rows.to_pylist()
    return found


def _write(rows: Any, table: SideTable, stage: str) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    days = pc.strftime(rows.column("minute"), format="%Y-%m-%d")
    for day in pc.unique(days).to_pylist():
        path = f"{stage}/date={day}/rows.parquet"
        here = table.lake.root / path
        here.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(rows.filter(pc.equal(days, pa.scalar(day))), here, compression="zstd")
        table.files.share(path)


def _hours(table: SideTable, first: int, last: int, upto: int) -> list[str]:
    """The files of the hours that [first, last) touches, of batches up to this one."""
    wanted = []
    for folder in table.folders("events", 4):
        year, month, day, hour = (int(part.partition("=")[2]) for part in folder.split("/")[-4:])
        begin = int(dt.datetime(year, month, day, hour, tzinfo=dt.UTC).timestamp()) * 1_000_000
        if begin < last and begin + HOUR_US > first:
            wanted.append(folder)
    return table.published(wanted, upto)


def minute_metrics(table: SideTable, since_us: int = 0) -> Any:
    """stream.minute_metrics: every minute from `since_us` on, `is_open` for those that may still change. An Arrow table; None when there are none."""
    account = table.last_account()
    if account is None:
        return None
    # Files of a batch that has no account yet belong to it alone: it is done again, or its account is just being written.
    done = account["batch"]
    watermark = account["watermark_us"] // MINUTE_US * MINUTE_US
    days = [p for p in table.folders("minutes", 1) if p.rpartition("=")[2] >= f"{dt.datetime.fromtimestamp(since_us // 1_000_000, dt.UTC):%Y-%m-%d}"]
    closed = table.published(days, done)
    files = _hours(table, max(watermark, since_us), 1 << 62, done)
    parts = []
    if closed:
        parts.append(f"SELECT *, FALSE AS is_open FROM {read_parquet(closed)} WHERE EPOCH_US(minute) >= {since_us}")
    if files:
        parts.append(
            f"SELECT *, TRUE AS is_open FROM ({SELECT.format(minute=MINUTE_US, events=read_parquet(files), within=f'event_us >= {max(watermark, since_us)}')})"
        )
    if not parts:
        return None
    try:
        found = table.arrow(" UNION ALL ".join(parts) + " ORDER BY ALL")
    except duckdb.Error as e:
        raise WrongUse(
            f"{table.place()}: cannot be read ({str(e).splitlines()[0]}). Restore the file, or move {table.place()} away to process the topic from its beginning."
        ) from e
    return found if found.num_rows else None
