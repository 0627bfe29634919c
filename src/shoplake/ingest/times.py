"""Local times to UTC.

In autumn an hour comes twice: the first occurrence is taken. In spring an hour is missing: a time within it is shifted
forward by the length of the gap, as a clock that was not put forward would show it.
"""

import datetime as dt
import re
from functools import lru_cache

from shoplake.settings import zone

_LOCAL = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}) ([0-9]{2}:[0-9]{2}:[0-9]{2})([.][0-9]{1,6})?")


class LocalTimes:
    """Times spelled `YYYY-MM-DD HH:MM:SS` are local to one zone."""

    def __init__(self, name: str, what: str = "--timezone") -> None:
        self.name = name
        self._zone = zone(name, what)
        # A day of orders repeats few distinct seconds; a year of the UCI file has 23,260.
        self.utc = lru_cache(maxsize=100_000)(self._utc)

    def _utc(self, text: str) -> str:
        """ISO with Z. Any other spelling, and a day that does not exist, stays as it is: clean judges it."""
        found = _LOCAL.fullmatch(text)
        if not found:
            return text
        try:
            local = dt.datetime.fromisoformat(f"{found[1]}T{found[2]}").replace(tzinfo=self._zone)
            utc = local.astimezone(dt.UTC)
        except (ValueError, OverflowError):
            return text
        return f"{utc:%Y-%m-%dT%H:%M:%S}{found[3] or ''}Z" if utc.year >= 1000 else text
