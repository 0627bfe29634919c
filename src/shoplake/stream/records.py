"""A message of the topic as a line of a landed file."""

import base64
from typing import Any

from shoplake.stream.clock import now_ms
from shoplake.stream.wire import VERSION, LocalDays, headers_of, read_headers

# Readers of JSON lines set a limit to one object; one that no engine can read is kept in the dead-letter topic and in landed/ alone.
LONGEST = 10_000_000
UNLANDABLE = {
    "null_value": "no value at all",
    "empty": "a value of blanks alone, which is no line",
    "newline": "a line end inside, which makes two lines of it",
    "too_long": f"more than {LONGEST:,} bytes",
    "schema_version": f"of another version than {VERSION.decode()}",
}


def why_unlandable(value: bytes | None, version: bytes | None) -> str | None:
    """The first reason why a message cannot become a line of raw; None when it can. What is in the line is clean's affair."""
    if value is None:
        return "null_value"
    if version is not None and version != VERSION:
        return "schema_version"
    if b"\n" in value:
        return "newline"
    if len(value) > LONGEST:
        return "too_long"
    return None if value.strip(b" \t\r") else "empty"


def line_of(message: Any, days: LocalDays) -> tuple[bytes, int, str | None]:
    """The line, the Kafka timestamp in ms, and the reason when the message cannot be landed."""
    ms = message.timestamp()[1]
    if ms < 0:  # by a producer older than Kafka 0.10
        ms = now_ms()
    ds_header, version = read_headers(headers_of(message))
    value = message.value()
    reason = why_unlandable(value, version)
    if reason is None:
        ds = days.arrival(ds_header, ms)
        return b"%d\t%d\t%s\t%s\n" % (message.offset(), ms, ds.encode(), value), ms, None
    return b"%d\t%d\t!%s\t%s\n" % (message.offset(), ms, reason.encode(), base64.b64encode(value or b"")), ms, reason
