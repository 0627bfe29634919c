"""What an event is on its way: its JSON as the value, its visitor as the key, and two headers."""

import datetime as dt
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

VERSION = b"1"
VERSION_HEADER = "schema_version"
DS_HEADER = "ds"

_VISITOR = re.compile(rb'"visitor_id" ?: ?"([^"\\]+)"')
_USER = re.compile(rb'"user_id" ?: ?"([^"\\]+)"')

Headers = Sequence[tuple[str, bytes | None]]


def key_of(value: bytes) -> bytes | None:
    """The visitor; without one the user; without either none: such an event may go to any partition.

    Taken from the bytes: an event that is damaged elsewhere still goes where its visitor's others are.
    """
    found = _VISITOR.search(value) or _USER.search(value)
    return found[1] if found else None


def headers(ds: str) -> list[tuple[str, bytes]]:
    """The headers of an event that arrived on this day."""
    return [(DS_HEADER, ds.encode()), (VERSION_HEADER, VERSION)]


def headers_of(message: Any) -> Headers | None:
    """A message's headers; none when their names are not text, which Kafka allows and its Python client cannot say."""
    try:
        found: Headers | None = message.headers()
    except (SystemError, UnicodeDecodeError):
        return None
    return found


def read_headers(found: Headers | None) -> tuple[bytes | None, bytes | None]:
    """ds and version of a message; None for what is missing. Of a header given twice the last counts, as Kafka has it."""
    ds = version = None
    for name, value in found or ():
        if name == DS_HEADER:
            ds = value
        elif name == VERSION_HEADER:
            version = value
    return ds, version


@lru_cache(maxsize=4096)
def day_of_header(ds: bytes | None) -> str | None:
    """A day as the header holds it; None for what is none."""
    try:
        text = (ds or b"").decode("ascii")
        return text if len(text) == 10 and dt.date.fromisoformat(text).isoformat() == text else None
    except ValueError:
        return None


# Days beyond are no one's: the calendar (ref.dates) ends soon after, and 2000 is before any shop's clicks.
FIRST_DAY = "2000-01-01"
LAST_MS = 2_524_521_600_000  # 2049-12-31


class LocalDays:
    """The shop's local date of a Kafka timestamp."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._of_quarter = lru_cache(maxsize=4096)(self._day)

    def arrival(self, header: bytes | None, ms: int) -> str:
        """The day an event arrived: what its header says, if that is a day that can be; else the day of its Kafka timestamp.

        A replay names days long past. One that names a day to come would make a build look at the shop from there.
        """
        named = day_of_header(header)
        return named if named is not None and FIRST_DAY <= named <= self.of(ms + 86_400_000) else self.of(ms)

    def of(self, ms: int) -> str:
        # Every zone's days begin at a full quarter of an hour.
        return self._of_quarter(min(max(ms, 0), LAST_MS) // 900_000)

    def _day(self, quarter: int) -> str:
        return dt.datetime.fromtimestamp(quarter * 900, self._zone).date().isoformat()
