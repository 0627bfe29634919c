"""Messages as Spark's workers read them: the text columns of raw, exactly as they would have been landed."""

import datetime as dt
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import pyarrow as pa

from shoplake.build import agents
from shoplake.ingest import json_text
from shoplake.ingest.text import shown
from shoplake.settings import zone
from shoplake.stream.records import why_unlandable
from shoplake.stream.wire import LocalDays, read_headers

# What every engine does to the text of a record that is not plain: see engines/spark_raw.py.
_BLANKS = str.maketrans("\t\n\r\u00a0", "    ")
# What a record brings besides its columns.
MORE = (
    ("raw_text", pa.string()), ("is_malformed", pa.bool_()), ("is_bot", pa.bool_()), ("unlandable", pa.string()),
    ("source_file", pa.string()), ("ds", pa.date32()), ("kafka_us", pa.int64()), ("partition", pa.int32()), ("offset", pa.int64()),
)  # fmt: skip
NO_MESSAGES = pa.RecordBatch.from_pydict({name: [] for name in ("value", "headers", "partition", "offset", "kafka_us")})

is_bot = lru_cache(maxsize=50_000)(lambda agent: agents.bot_reason(agent) is not None)


def parsed(batches: Iterable[Any], columns: list[str], topic: str, timezone: str) -> Iterator[Any]:
    """value, headers, partition, offset, kafka_us in; the columns of raw and those of MORE out."""
    days = LocalDays(zone(timezone, "timezone"))
    known = frozenset(columns)
    schema = pa.schema([*((c, pa.string()) for c in columns), *MORE])
    for batch in batches:
        rows = zip(*(batch.column(name).to_pylist() for name in ("value", "headers", "partition", "offset", "kafka_us")), strict=True)
        made = [_row(value, headers, partition, offset, us, columns, known, topic, days) for value, headers, partition, offset, us in rows]
        arrays = [pa.array([row[i] for row in made], field.type) for i, field in enumerate(schema)]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _row(value: Any, headers: Any, partition: int, offset: int, us: int, columns: list[str], known: frozenset[str], topic: str, days: LocalDays) -> list[Any]:
    ds_header, version = read_headers([(h["key"], h["value"]) for h in headers or ()])
    reason = why_unlandable(value, version)
    line = value or b""
    record = None if reason else json_text.read_line(line.removesuffix(b"\r"), known)
    values = record.values if record and record.values is not None else None
    found: list[str | None] = [values.get(c) or None for c in columns] if values else [None] * len(columns)
    if record is not None and not record.is_plain:
        found = [text and text.translate(_BLANKS) for text in found]
    agent = values.get("user_agent") if values else None
    ds = days.arrival(ds_header, us // 1000)
    malformed = record is not None and values is None
    robot = agent is not None and is_bot(agent.translate(_BLANKS).strip(" "))
    return [*found, shown(line), malformed, robot, reason, f"{topic}-{partition}-{offset}", dt.date.fromisoformat(ds), us, partition, offset]
