"""What a processor leaves in a lake, made without one."""

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from shoplake.lake.layout import Lake
from shoplake.stream.clock import now_ms
from shoplake.stream.side_table import SideTable
from tests.unit.stream.kafka import TOPIC

DAY = dt.date(2026, 3, 1)
TEN = int(dt.datetime(2026, 3, 1, 10, tzinfo=dt.UTC).timestamp()) * 1_000_000
SECOND = 1_000_000


def processed(root: Path, rows: list[dict[str, Any]], batch: int = 0, watermark_us: int = 0) -> SideTable:
    """A batch of good events as the processor writes them."""
    table = SideTable(Lake(root), TOPIC)
    blank = {
        "event_type": "view", "event_date": DAY, "device_type": "mobile", "utm_medium": None, "currency": "EUR", "quantity": None, "unit_price": None, "is_late": False,
        "is_ahead": False, "partition": 0, "kafka_us": TEN, "visitor_id": "v1",
    }  # fmt: skip
    made = [{**blank, "offset": n, **row} for n, row in enumerate(rows)]
    kinds = {"utm_medium": pa.string(), "quantity": pa.int64(), "unit_price": pa.decimal128(18, 4)}
    stage = root / table.stage(batch) / "task/events/year=2026/month=3/day=1/hour=10"
    stage.mkdir(parents=True)
    pq.write_table(
        pa.table({name: pa.array([row[name] for row in made], kinds.get(name)) for name in made[0]}),
        stage / "x.parquet",
    )
    table.publish(batch, "events", ["task"])
    table.own("query", "t")
    account = {"batch": batch, "records": len(rows), "good": len(rows), "rejected": {"malformed": 2}, "late": 0, "ahead": 0, "offsets": {"0": [0, len(rows) - 1]}, "watermark_us": watermark_us, "at_ms": now_ms()}
    table.close(batch, {**account, "totals": table.totals(account)})
    return table


