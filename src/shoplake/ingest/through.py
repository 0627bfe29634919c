"""Files that are in the raw format already: plain lines pass as they are, every other record is read once, exactly."""

import datetime as dt
import decimal
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shoplake.errors import WrongUse
from shoplake.ingest import csv_text, json_text
from shoplake.ingest.text import Window, is_utf8, shown
from shoplake.ingest.times import LocalTimes
from shoplake.ingest.write import RawTable

# So many records with bytes that are not UTF-8 are not accidents: the file has another encoding.
_ACCIDENTS = 100
_ACCIDENTS_SHARE = 100


@dataclass
class Counts:
    """What was read. `not_utf8`: records with bytes that are not UTF-8; they are odd, those bytes shown as \\xNN."""

    rows: int = 0
    not_utf8: int = 0
    with_unknown_keys: int = 0
    first_not_utf8_line: int = 0

    def bad_bytes(self, line: int) -> None:
        self.not_utf8 += 1
        self.first_not_utf8_line = self.first_not_utf8_line or line


def refuse_other_encoding(counts: Counts, name: str, offset: int | None) -> None:
    """Raise when what is not UTF-8 cannot be a few damaged records."""
    if counts.not_utf8 > _ACCIDENTS and counts.not_utf8 * _ACCIDENTS_SHARE > counts.rows:
        raise WrongUse(
            f"{name}:{counts.first_not_utf8_line}: byte {offset} is not UTF-8, and so on {counts.not_utf8:,} "
            f"of {counts.rows:,} records: the file has another encoding. Give --encoding iso-8859-1, or convert it "
            "with `iconv -f ISO-8859-1 -t UTF-8`; "
            "--encoding utf-8 lands these records as they are, the bytes shown as \\xNN."
        )


def csv(
    window: Window, header: list[str], table: RawTable, times: LocalTimes | None, time_columns: list[str]
) -> Counts:
    """Land the records after the header, which has been read."""
    counts = Counts()
    width, columns = len(header), table.columns
    as_it_is = header == columns and times is None
    # Where each contract column stands in the file; one past the end (an empty value) when the file lacks it.
    places = [header.index(c) if c in header else width for c in columns]
    zoned = [columns.index(c) for c in time_columns if c in header] if times else []
    patterns = {safe: csv_text.plain_lines(width, safe) for safe in (True, False)}
    while window.has_more():
        if as_it_is and (lines := window.swallow(patterns)):
            counts.rows += _pass_on(lines, table)
            continue
        record = csv_text.read_record(window, width)
        if record is None:
            break
        counts.rows += 1
        _csv_record(record, table, counts, as_it_is, places, zoned, times)
    return counts


def _pass_on(lines: bytes, table: RawTable) -> int:
    rows = lines.count(b"\n")
    table.plain(lines.replace(b"\r\n", b"\n") if b"\r" in lines else lines, rows)
    return rows


def _csv_record(
    record: csv_text.Record,
    table: RawTable,
    counts: Counts,
    as_it_is: bool,
    places: list[int],
    zoned: list[int],
    times: LocalTimes | None,
) -> None:
    if not is_utf8(record.raw):
        counts.bad_bytes(record.line)
    if record.values is None:
        table.bad(shown(record.raw))
        return
    width = len(record.values)
    if not record.is_quoted and csv_text.is_plain(record.raw, width):
        if as_it_is:
            table.plain(record.raw + b"\n", 1)
            return
        padded = [*record.values, b""]
        cells = [padded[p] for p in places]
        if times:
            for i in zoned:
                cells[i] = times.utc(cells[i].decode()).encode()
        table.plain(b",".join(cells) + b"\n", 1)
        return
    texts = [shown(v) for v in record.values] + [""]
    values = dict(zip(table.columns, [texts[p] for p in places], strict=True))
    if times:
        values |= {table.columns[i]: times.utc(values[table.columns[i]]) for i in zoned}
    table.odd({**values}, shown(record.raw))


def jsonl(
    window: Window, keys: list[str], table: RawTable, times: LocalTimes | None, time_columns: list[str]
) -> Counts:
    """Land JSON lines. `keys`: the order in which most lines hold them."""
    counts = Counts()
    known = frozenset(table.columns)
    order = [k for k in keys if k in known]
    # Optional keys may be missing on the lines seen first: the contract's order where it does not contradict them.
    in_order = order == [c for c in table.columns if c in order]
    order = table.columns if in_order else order + [c for c in table.columns if c not in order]
    patterns = {safe: json_text.plain_lines(order, safe) for safe in (True, False)}
    zoned = _ZonedJson(times, time_columns) if times else None
    while window.has_more():
        if zoned is None and (lines := window.swallow(patterns)):
            counts.rows += _pass_on(lines, table)
            continue
        number = window.line
        end = window.line_end()
        line = window.bytes[window.at : end]
        window.advance(min(end + 1, len(window.bytes)))
        if not line.strip(b" \t\r"):
            continue
        counts.rows += 1
        line = line[:-1] if line.endswith(b"\r") else line
        if not is_utf8(line):
            counts.bad_bytes(number)
        record = json_text.read_line(line, known)
        counts.with_unknown_keys += record.unknown_keys
        if record.values is None:
            table.bad(shown(line))
        elif record.is_plain:
            table.plain((zoned.line(line) if zoned else line) + b"\n", 1)
        else:
            table.odd(zoned.values(record.values) if zoned else record.values, shown(line))
    return counts


class _ZonedJson:
    """Local times inside JSON lines."""

    def __init__(self, times: LocalTimes, columns: list[str]) -> None:
        self._times, self._columns = times, columns
        # Inside a text value these quotes would be escaped, so a match is always a key and its value.
        names = "|".join(columns).encode()
        self._pattern = re.compile(rb'("(?:%s)" ?: ?")([0-9]{4}-[0-9: .-]{6,22})(")' % names)

    def line(self, line: bytes) -> bytes:
        return self._pattern.sub(lambda m: m[1] + self._times.utc(m[2].decode()).encode() + m[3], line)

    def values(self, values: dict[str, str | None]) -> dict[str, str | None]:
        return {k: self._times.utc(v) if v and k in self._columns else v for k, v in values.items()}


def parquet(path: Path, name: str, table: RawTable, times: LocalTimes | None, time_columns: list[str]) -> Counts:
    """Land a Parquet file as text. Raises WrongUse for a column that has no exact text (floats, nested)."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    counts = Counts()
    try:
        with pq.ParquetFile(path) as file:
            _check_types(file.schema_arrow, table.columns, name)
            for batch in file.iter_batches(
                batch_size=50_000, columns=[n for n in file.schema_arrow.names if n in table.columns]
            ):
                names = batch.schema.names
                for cells in zip(*(map(_parquet_text, c.to_pylist()) for c in batch.columns), strict=True):
                    values = dict(zip(names, cells, strict=True))
                    if times:
                        values |= {c: times.utc(values[c]) for c in time_columns if c in values}
                    counts.rows += 1
                    table.row(values, json.dumps(values, ensure_ascii=False, separators=(",", ":")))
    except (pa.ArrowException, OSError, UnicodeDecodeError) as e:
        if isinstance(e, OSError) and e.errno:
            raise
        raise WrongUse(
            f"{name}: damaged Parquet after row {counts.rows:,} ({str(e).splitlines()[0]}). Fetch or write it again."
        ) from e
    return counts


def _check_types(schema: Any, columns: list[str], name: str) -> None:
    import pyarrow as pa

    for field in schema:
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if field.name not in columns:
            continue
        if pa.types.is_floating(kind):
            raise WrongUse(
                f"{name}: column {field.name} is {kind}, which cannot hold money exactly. "
                "Expected decimal or text: cast it where the file is written."
            )
        if pa.types.is_nested(kind) or pa.types.is_time(kind) or pa.types.is_duration(kind):
            raise WrongUse(
                f"{name}: column {field.name} is {kind}, expected text, integer, decimal, date, timestamp "
                "or boolean. Cast it where the file is written."
            )


def _parquet_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return shown(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, decimal.Decimal):
        return f"{value:f}"
    if isinstance(value, dt.datetime):
        if value.tzinfo is None:
            # No zone in the file: the spelling without zone, which --timezone reads as local and clean as UTC.
            return value.isoformat(sep=" ")
        utc = value.astimezone(dt.UTC).replace(tzinfo=None)
        return utc.isoformat() + "Z"
    return value.isoformat() if isinstance(value, dt.date) else str(value)
