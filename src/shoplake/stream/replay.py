"""The clicks of a lake sent once more: by the day they arrived, within it by the time they happened."""

import datetime as dt
import json
import re
from collections.abc import Iterator

from shoplake.errors import WrongUse
from shoplake.lake.layout import Lake
from shoplake.lake.receipts import RawFile, raw_partitions
from shoplake.stream.live import Item
from shoplake.stream.wire import key_of

TABLE = "clickstream"
DAY_MS = 86_400_000
_TIME = re.compile(rb'"event_ts" ?: ?(?:"([^"\\]{10,32})"|([0-9]{10,16}))')


def replay(lake: Lake, first_ds: str | None = None, last_ds: str | None = None) -> Iterator[Item]:
    """Every record of raw.clickstream as it came, days in order; a day at a time is held in memory.

    An event whose time cannot be read goes where its neighbour in the file goes. What another stream brought is sent, too.
    Raises WrongUse when the lake holds no clicks, or a raw file is not what its receipt says.
    """
    lake.require()
    lake.require_folder("a replay")
    days = [(ds, files) for (table, ds), files in raw_partitions(lake).items() if table == TABLE]
    days = [(ds, files) for ds, files in days if (first_ds is None or ds >= first_ds) and (last_ds is None or ds <= last_ds)]
    if not days:
        raise WrongUse(f"{lake.raw / TABLE}: no clicks to send. Make some with `shoplake generate all`, or name other days with --from-ds and --to-ds.")
    for ds, files in days:
        found: list[tuple[int, bytes]] = []
        for file in files:
            found += _records(lake, file)
        found.sort(key=lambda one: one[0])
        # Only for the pace: a time that cannot be, 1899 or 2150, must not hold up the rest.
        begin = int(dt.datetime.fromisoformat(ds).replace(tzinfo=dt.UTC).timestamp()) * 1000
        for ms, value in found:
            yield Item(key_of(value), value, ds, min(max(ms, begin - DAY_MS), begin + DAY_MS))


def _records(lake: Lake, file: RawFile) -> list[tuple[int, bytes]]:
    """The records of a raw file with their times in ms."""
    found, before = [], int(dt.datetime.fromisoformat(file.ds).replace(tzinfo=dt.UTC).timestamp()) * 1000
    with lake.files.open(file.path) as opened:
        for line in opened:
            value = line.rstrip(b"\r\n")
            if file.kind == "odd":
                value = json.loads(value)["raw_text"].encode()
            ms = time_of(value)
            before = before if ms is None else ms
            found.append((before, value))
    if len(found) != file.rows:
        raise WrongUse(f"{lake.address(lake.root / file.path)}: {len(found):,} records, its receipt says {file.rows:,}. The file was changed: deliver it again.")
    return found


def time_of(value: bytes) -> int | None:
    """event_ts of a line in ms since 1970; None when it cannot be read."""
    found = _TIME.search(value)
    if found is None:
        return None
    if found[2]:
        digits = int(found[2])
        # Seconds, milliseconds and microseconds are told apart by their size, as clean does.
        return digits * 1000 if len(found[2]) <= 10 else digits if len(found[2]) <= 13 else digits // 1000
    try:
        moment = dt.datetime.fromisoformat(found[1].decode("ascii"))
    except ValueError:
        return None
    try:
        return round((moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp() * 1000)
    except OverflowError:
        return None
