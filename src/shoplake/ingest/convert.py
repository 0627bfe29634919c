"""Files of other systems: records as text into a source's `convert`, its rows into raw, and the count of both."""

from collections.abc import Callable, Iterator

from shoplake.errors import ShoplakeError
from shoplake.ingest import csv_text
from shoplake.ingest.recognise import Recognised
from shoplake.ingest.sources import Options, SourceRecord
from shoplake.ingest.text import Window, is_utf8, shown
from shoplake.ingest.through import Counts
from shoplake.ingest.write import RawTable

_Texts = Iterator[tuple[list[str] | None, str, int]]


def convert(window: Window, name: str, found: Recognised, options: Options, table: Callable[[str], RawTable]) -> Counts:
    """Land what the source makes of the records after the header.

    Raises ShoplakeError when records in = rows made + lines dropped + malformed does not hold.
    """
    source = found.source
    assert source.convert is not None
    counts = Counts()
    made = 0
    malformed = [0]
    records = _records(window, found, counts, table, malformed)
    for of, values, record in source.convert(records, options):
        made += record is not None
        table(of).row(values, None if record is None else record.text)
    if made + malformed[0] + options.dropped != counts.rows:
        raise ShoplakeError(
            f"{name}: {counts.rows:,} records read, but source {source.name} made {made:,} rows and dropped "
            f"{options.dropped:,}; {malformed[0]:,} were malformed. Nothing was landed: its module miscounts."
        )
    return counts


def _records(
    window: Window, found: Recognised, counts: Counts, table: Callable[[str], RawTable], malformed: list[int]
) -> Iterator[SourceRecord]:
    """The records that can be read, values in the order of the form. Malformed ones are landed here."""
    header, columns = found.header, list(found.form.columns)
    width = len(header)
    places = None if header == columns else [header.index(c) if c in header else width for c in columns]
    for values, text, line in _texts(window, width, counts):
        counts.rows += 1
        if values is None:
            malformed[0] += 1
            table(found.source.malformed_table).bad(text)
        elif places is None:
            yield SourceRecord(values, text, line)
        else:
            values.append("")
            yield SourceRecord([values[p] for p in places], text, line)


def _texts(window: Window, width: int, counts: Counts) -> _Texts:
    """(values or None, the record, its line). The many lines without a quote are read a block at a time."""
    while True:
        line = window.line
        block = csv_text.lines_without_quotes(window)
        for raw in _lines(block, line, counts):
            text = raw[:-1] if raw.endswith("\r") else raw
            values = text.split(",")
            if len(values) == width:
                yield values, text, line
            elif text.strip(" \t\r"):
                yield None, text, line
            line += 1
        if block:
            continue
        record = csv_text.read_record(window, width)
        if record is None:
            return
        if not is_utf8(record.raw):
            counts.bad_bytes(record.line)
        texts = None if record.values is None else [shown(v) for v in record.values]
        yield texts, shown(record.raw), record.line


def _lines(block: bytes, line: int, counts: Counts) -> list[str]:
    if is_utf8(block):
        return block.decode().split("\n")[:-1]
    lines = block.split(b"\n")[:-1]
    for i, raw in enumerate(lines):
        if not is_utf8(raw):
            counts.bad_bytes(line + i)
    return [shown(raw) for raw in lines]
