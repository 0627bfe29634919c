"""Faults in events, written into the text of the few lines that have one."""

import datetime as dt
import json
import re

import msgspec

from shoplake.generate.columns import EVENT_COLUMNS
from shoplake.generate.csv_faults import BAD_TIMES, Edited, garbled
from shoplake.generate.mess import COSMETIC, FAULTS, NO_FAULT

_REQUIRED = ("event_id", "event_ts", "event_type", "visitor_id")
_UNKNOWN_TYPES = ("pageview", "click", "wishlist", "viewed", "add-to-cart")
_UNKNOWN_CURRENCIES = ("EURO", "ABC", "GPB", "US$")
_EPOCH = dt.datetime(1970, 1, 1)
# A key and its JSON value, and one whose value is a text.
_VALUE = {c: re.compile(rf'"{c}":("[^"]*"|[^,}}]*),?') for c in EVENT_COLUMNS}
_TEXT = {c: re.compile(rf'"{c}":"([^"]*)"') for c in EVENT_COLUMNS}


def _set(line: str, column: str, value: str | None) -> str:
    """The line with a key's JSON value replaced, added at the end, or (None) taken out."""
    found = _VALUE[column].search(line)
    if not found:
        return line if value is None else f'{line[:-1]},"{column}":{value}}}'
    if value is None:
        return (line[: found.start()] + line[found.end() :]).replace(",}", "}")
    return line[: found.start(1)] + value + line[found.end(1) :]


def _fault(line: str, name: str, variant: int, end: int) -> str:
    pick = variant >> 8
    if name == "missing_required":
        return _set(line, _REQUIRED[variant % 4], (None, '""', "null", '"  "')[pick % 4])
    if name == "bad_timestamp":
        text = BAD_TIMES[pick % len(BAD_TIMES)]
        return _set(line, "event_ts", text if text.isdigit() else f'"{text}"')
    if name == "future_timestamp":
        moment = _EPOCH + dt.timedelta(seconds=end + 11 * 60 + pick % (400 * 86_400))
        return _set(line, "event_ts", f'"{moment.isoformat()}.000Z"')
    if name == "bad_number":
        values = (
            ("quantity", '"two"'),
            ("quantity", "1.5"),
            ("unit_price", '"n/a"'),
            ("unit_price", '"12,50"'),
            ("quantity", '"1_000"'),
        )
        return _set(line, *values[pick % len(values)])
    if name == "bad_amount":
        return _set(line, *(("quantity", "0"), ("quantity", "-1"), ("unit_price", "-5.00"))[pick % 3])
    if name == "unknown_currency":
        return _set(line, "currency", f'"{_UNKNOWN_CURRENCIES[pick % len(_UNKNOWN_CURRENCIES)]}"')
    return _set(line, "event_type", f'"{_UNKNOWN_TYPES[pick % len(_UNKNOWN_TYPES)]}"')


def _malformed(line: str, variant: int) -> str:
    if variant & 7 == 7:
        return f'{line[:-1]},"event_id":"twice"}}'
    if variant & 7 == 6:
        return _set(line, "quantity", "NaN")
    return line[: 20 + (variant >> 8) % (len(line) - 25)]


def _case(line: str, variant: int) -> str:
    column = ("event_type", "device_type", "event_type", "event_id")[variant % 4]
    found = _TEXT[column].search(line)
    value = found.group(1) if found else ""
    changed = (
        f" {value} "
        if column == "event_id"
        else (value.upper(), value.title(), f" {value}", f"{value.capitalize()}  ")[(variant >> 8) % 4]
    )
    return _set(line, column, f'"{changed}"')


def _special(line: str, odd: bool, variant: int) -> str:
    """Mojibake, or a value with a tab or a no-break space, in a text a person or a campaign tool typed."""
    asked = _TEXT["search_query"].search(line)
    if odd:
        blank = ("\\t", "\u00a0", "\\n")[variant % 3]
        return (
            _set(line, "search_query", f'"{asked.group(1)}{blank}"')
            if asked
            else _set(line, "utm_campaign", f'"spring{blank}sale"')
        )
    if asked:
        return _set(line, "search_query", f'"{garbled(asked.group(1))}"')
    return _set(line, "utm_campaign", f'"{garbled("frühling")}"')


def _odd(raw: str, is_malformed: bool) -> bytes:
    values = {} if is_malformed else json.loads(raw, parse_int=str, parse_float=str)
    return (
        msgspec.json.encode(
            {**{c: values.get(c) for c in EVENT_COLUMNS}, "raw_text": raw, "is_malformed": is_malformed}
        )
        + b"\n"
    )


def edit(line: str, fault: int, oddity: int, variant: int, end: int) -> Edited:
    """Write one event's fault or oddity. `end` is the end of its ds in seconds since 1970."""
    line = line.rstrip("\n")
    if fault != NO_FAULT:
        name = FAULTS["clickstream"][fault]
        if name == "malformed":
            return Edited(True, _odd(_malformed(line, variant), True), name)
        return Edited(False, (_fault(line, name, variant, end) + "\n").encode(), name)
    name = COSMETIC[oddity]
    if name == "quoted":
        return Edited(True, _odd(_special(line, True, variant), False), "")
    changed = _case(line, variant) if name == "mixed_case" else _special(line, False, variant)
    return Edited(False, (changed + "\n").encode(), "")
