"""What Spark's workers read of a message is what landing, splitting and DuckDB make of it, to the letter."""

import json
import random
import re
from pathlib import Path

import pyarrow as pa
import pytest

from shoplake.engines.duckdb import DuckDB
from shoplake.engines.duckdb_raw import raw_select
from shoplake.generate.options import Plan
from shoplake.lake.layout import Lake
from shoplake.lake.receipts import raw_partitions
from shoplake.stream.broker import Broker
from shoplake.stream.live import Live
from shoplake.stream.parse import parsed
from shoplake.stream.split import split
from tests.making import CONTRACTS
from tests.unit.stream.kafka import TOPIC, land, send

RAW = CONTRACTS.table("raw.clickstream")
ODD = [
    b"not JSON", b"[]", b"{}", b"null", b"12", b'"text"', b'{"event_id":"a","event_id":"b"}', b'{"quantity":NaN}', b'{"quantity":1e999}', b'{"quantity":-0}',
    b'{"event_id":1,"quantity":1.50,"unit_price":true}', b'{"event_id":{"a":[1,"\xc3\xa9"]}}', b'{"event_id":" a\\tb "}', b'{"event_id":"\xc2\xa0x"}', b'{"EVENT_ID":"x"}',
    b'{"event_id":"\xff"}', b'{"event_id":"\\ud800"}', b'{"event_id":"x"}\r', b' {"event_id":"x"} ', b'{"event_id":"\\u0000"}', b'\xef\xbb\xbf{"event_id":"x"}', b'{"event_id":""}',
    b'{"event_ts":1772359200}', b'{"event_ts":1772359200123}', b'{"event_ts":1772359200123456}', b'{"event_ts":"2030-01-01T00:00:00Z"}', b'{"x":1}', b"{" * 3000, b"PK\x03\x04",
]  # fmt: skip


def test_the_same_columns(broker: Broker, tmp_path: Path) -> None:
    live = [item.value for item in Live(Plan(events=5_000, transactions=1_000, users=200, products=60, mess=dict.fromkeys(Plan().mess, 0.04)), 1000, 7).take(1_500, 1_772_359_200_000, "2026-03-01")]
    mangled = []
    draw = random.Random(4)
    for value in live[:600]:
        spot = draw.randrange(len(value))
        mangled.append((value[:spot] + bytes([draw.randrange(256)]) + value[spot + 1 :]).replace(b"\n", b" "))
    values = [*ODD, *live, *(v for v in mangled if v.strip())]
    send(broker, [(None, value, [("ds", b"2026-03-01")]) for value in values])
    land(broker, tmp_path, batch=10_000)
    split(Lake(tmp_path), CONTRACTS)
    engine = DuckDB(threads=1, memory="1GB", scratch=tmp_path)
    landed = raw_select(RAW, [f for files in raw_partitions(Lake(tmp_path)).values() for f in files], Lake(tmp_path).files.address)
    names = ", ".join(f'"{c}"' for c in [*RAW.names, "is_malformed"])
    # An empty text and none are the same to clean, and so is a line's own text, but for records that are rejected.
    there = sorted(map(_bare, engine.rows(f"SELECT {names} FROM ({landed})")))
    engine.close()
    batch = pa.RecordBatch.from_pydict({
        "value": values, "headers": [[{"key": "ds", "value": b"2026-03-01"}]] * len(values), "partition": [0] * len(values), "offset": list(range(len(values))),
        "kafka_us": [1_772_359_200_000_000] * len(values),
    })  # fmt: skip
    (found,) = parsed([batch], RAW.names, TOPIC, "UTC")
    here = sorted(_bare(tuple(row[c] for c in [*RAW.names, "is_malformed"])) for row in found.to_pylist())
    assert len(here) == len(there) == len(values)
    assert [json.loads(a) for a, b in zip(here, there, strict=True) if a != b][:3] == [json.loads(b) for a, b in zip(here, there, strict=True) if a != b][:3]


def _bare(row: tuple[object, ...]) -> str:
    return json.dumps([_same(cell) for cell in row])


def _same(cell: object) -> object:
    """DuckDB's reader of JSON writes the number 5.00 as 5.0; to clean both are the same amount."""
    if isinstance(cell, str) and re.fullmatch(r"-?[0-9]+[.][0-9]+", cell):
        return cell.rstrip("0").rstrip(".")
    return None if cell == "" else cell


@pytest.mark.parametrize(("value", "version", "reason"), [(None, None, "null_value"), (b"a\nb", None, "newline"), (b" ", None, "empty"), (b"{}", b"2", "schema_version"), (b"{}", b"1", None)])
def test_what_cannot_be_landed_is_told_by_the_same_reasons(value: bytes | None, version: bytes | None, reason: str | None) -> None:
    told = [] if version is None else [{"key": "schema_version", "value": version}]
    batch = pa.RecordBatch.from_pydict({
        "value": pa.array([value], pa.binary()), "headers": pa.array([told], pa.list_(pa.struct([("key", pa.string()), ("value", pa.binary())]))), "partition": [0],
        "offset": [7], "kafka_us": [0],
    })  # fmt: skip
    (found,) = parsed([batch], RAW.names, TOPIC, "UTC")
    assert (found["unlandable"][0].as_py(), found["source_file"][0].as_py()) == (reason, f"{TOPIC}-0-7")
