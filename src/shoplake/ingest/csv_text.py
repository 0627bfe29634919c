"""CSV read exactly (RFC 4180 over bytes), and the pattern of lines that need no such care.

A quote opens a quoted field only at the field's start; elsewhere it is a character like any other. When a record cannot
be read (the quote never closes, text follows a closing quote, or the number of fields is wrong) its first line alone is
malformed and reading goes on with the next line: one stray quote must not swallow the rest of a file.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from shoplake.ingest.text import LONGEST_PLAIN, Window

_BLANKS = b" \t\r"


@dataclass(frozen=True, slots=True)
class Record:
    """One record. `values` is None when it is malformed. `is_quoted`: it held a quote."""

    values: list[bytes] | None
    raw: bytes
    line: int
    is_quoted: bool = False


def plain_lines(columns: int, is_safe: bool) -> re.Pattern[bytes]:
    """A pattern that swallows as many plain lines as follow each other.

    Without `is_safe` it takes ASCII only: bytes above 127 then need the check for UTF-8 and no-break spaces.
    Possessive (`*+`): a line that fails must not be tried in other ways.
    """
    field = rb'[^,"\t\r\n\x00%s]*+' % (b"" if is_safe else rb"\x80-\xff")
    return re.compile(rb"(?:(?:%s,){%d}%s\r?\n)*+" % (field, columns - 1, field))


def is_plain(line: bytes, columns: int) -> bool:
    """Whether a line (without its end) is plain as lake/receipts.py defines it."""
    if line.count(b",") != columns - 1 or len(line) > LONGEST_PLAIN or _ODD_BYTES.search(line):
        return False
    return line.isascii() or (b"\xc2\xa0" not in line and _decodes(line))


_ODD_BYTES = re.compile(rb'["\t\r\n\x00]')


def _decodes(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def header(window: Window) -> list[str] | None:
    """The names in the first line that is not blank; None when there is none. Bytes not UTF-8 appear as \\xNN."""
    record = read_record(window, None)
    if record is None:
        return None
    return [v.decode(errors="backslashreplace").strip() for v in record.values or [record.raw]]


def records(window: Window, columns: int) -> Iterator[Record]:
    """All records that follow; blank lines are passed over."""
    while (record := read_record(window, columns)) is not None:
        yield record


def lines_without_quotes(window: Window) -> bytes:
    """All whole lines in sight before the next line that holds a quote; empty when there is none to pass on at once."""
    if window.at == len(window.bytes):
        window.more()
    quote = window.bytes.find(b'"', window.at)
    end = window.bytes.rfind(b"\n", window.at, quote if quote >= 0 else len(window.bytes)) + 1
    return window.advance(end) if end > window.at else b""


def read_record(window: Window, columns: int | None) -> Record | None:
    """The next record, of `columns` fields (None: of any number); None at the end of the file."""
    while window.has_more():
        end = window.line_end()
        line = window.bytes[window.at : end]
        number = window.line
        if b'"' not in line:
            window.advance(min(end + 1, len(window.bytes)))
            if not line.strip(_BLANKS):
                continue
            raw = line[:-1] if line.endswith(b"\r") else line
            values = raw.split(b",")
            return Record(values if columns is None or len(values) == columns else None, raw, number)
        read = _quoted(window)
        if read is not None and (columns is None or len(read[0]) == columns):
            values, end = read
            raw = window.advance(end)
            return Record(values, _without_end(raw), number, is_quoted=True)
        end = window.line_end()
        raw = window.advance(min(end + 1, len(window.bytes)))
        return Record(None, _without_end(raw), number, is_quoted=True)
    return None


def _without_end(raw: bytes) -> bytes:
    if raw.endswith(b"\r\n"):
        return raw[:-2]
    return raw[:-1] if raw.endswith((b"\n", b"\r")) else raw


def _quoted(window: Window) -> tuple[list[bytes], int] | None:
    """The fields of the record at `window.at` and where the next record begins; None when it cannot be read."""
    # A record open beyond this is a stray quote. The limit must not depend on how much happens to be in sight.
    limit = max(window.line_end() + 1 - window.at, LONGEST_PLAIN)
    while True:
        found = _fields(window.bytes, window.at, window.ended)
        if isinstance(found, tuple):
            return found if found[1] - window.at <= limit else None
        if not found or len(window.bytes) - window.at > limit:
            return None
        window.more()


def _fields(data: bytes, at: int, ended: bool) -> tuple[list[bytes], int] | bool:
    """Fields and end of the record at `at`; True when more bytes are needed, False when it is malformed."""
    values: list[bytes] = []
    while True:
        if data[at : at + 1] == b'"':
            close = at + 1
            while True:
                close = data.find(b'"', close)
                if close < 0 or (close + 1 == len(data) and not ended):
                    return not ended
                if data[close + 1 : close + 2] != b'"':
                    break
                close += 2
            values.append(data[at + 1 : close].replace(b'""', b'"'))
            at = close + 1
            after = data[at : at + 1]
            if after == b"\r":
                if at + 1 == len(data) and not ended:
                    return True
                if data[at + 1 : at + 2] in (b"\n", b""):
                    return values, min(at + 2, len(data))
                return False
            if after in (b"\n", b""):
                return (values, at + 1) if after else (values, at) if ended else True
            if after != b",":
                return False
            at += 1
            continue
        end = data.find(b"\n", at)
        if end < 0:
            if not ended:
                return True
            end = len(data)
        comma = data.find(b",", at, end)
        if comma >= 0:
            values.append(data[at:comma])
            at = comma + 1
            continue
        value = data[at:end]
        values.append(value[:-1] if value.endswith(b"\r") else value)
        return values, min(end + 1, len(data))
