"""JSON lines read exactly, and the pattern of lines that need no such care.

Malformed: not JSON, not an object, a key twice (at any depth), NaN or Infinity. A number that no machine holds (1e999)
is JSON: it is kept as it is spelled and clean judges it.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from shoplake.ingest.text import LONGEST_PLAIN, NBSP, is_utf8

# Escapes of characters that make a value odd are left out: \\t \\n \\r \\b \\f, controls, no-break space, surrogates.
_ESCAPE = rb'\\(?:["\\/]|u(?!00[01aA]|[dD][89a-fA-F])[0-9a-fA-F]{4})'
_NUMBER = rb"(?:-?[1-9][0-9]{0,8}(?:[.][0-9]{1,6})?|0(?:[.][0-9]{1,6})?|-?[1-9][0-9]{9,14})(?=[,}])"
_PLAIN_NUMBER = re.compile(r"-?[0-9]+([.][0-9]+)?")
_ODD_CHARACTERS = re.compile("[\t\r\n\xa0\x00-\x1f\ud800-\udfff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


class _Number(str):
    """A number as the source spells it."""


class _MalformedError(ValueError):
    pass


@dataclass(frozen=True, slots=True)
class JsonRecord:
    """One line. `values`: column -> text, None when it is malformed. `is_plain` as lake/receipts.py defines it."""

    values: dict[str, str | None] | None
    is_plain: bool
    unknown_keys: bool


def plain_lines(keys: list[str], is_safe: bool) -> re.Pattern[bytes]:
    """A pattern that swallows lines whose keys are among `keys`, in that order, each at most once, the first always.

    It is narrower than the definition of plain; what it does not take is read by `read_line`.
    """
    high = b"" if is_safe else rb"\x80-\xff"
    body = rb'[^"\\\x00-\x1f%s]*+' % high
    text = rb'"%s(?:%s%s)*+"' % (body, _ESCAPE, body)
    value = rb" ?+(?:%s|%s|null|true|false)" % (text, _NUMBER)
    names = [re.escape(json.dumps(k).encode()) for k in keys]
    rest = b"".join(rb"(?:, ?+%s:%s)?+" % (n, value) for n in names[1:])
    return re.compile(rb"(?:\{%s:%s%s\}\r?\n)*+" % (names[0], value, rest))


def parse(line: str) -> list[tuple[str, Any]] | None:
    """The pairs of the object on a line, numbers as spelled; None when it is malformed."""
    try:
        found = json.loads(
            line, object_pairs_hook=_Pairs, parse_float=_Number, parse_int=_Number, parse_constant=_refuse
        )
    except (ValueError, RecursionError):
        # Nested deeper than Python reads: no event is, and no engine would read it either.
        return None
    return found.pairs if isinstance(found, _Pairs) else None


class _Pairs:
    """An object, its keys in order."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        if len({key for key, _ in pairs}) != len(pairs):
            raise _MalformedError("a key stands twice")
        self.pairs = pairs


def _refuse(constant: str) -> Any:
    raise _MalformedError(constant)


def read_line(line: bytes, columns: frozenset[str]) -> JsonRecord:
    """A line without its end. Bytes that are not UTF-8 are read as \\xNN and make the line odd."""
    # \xNN inside a JSON string would be a bad escape; the bytes pass as lone surrogates and are shown afterwards.
    utf8 = is_utf8(line)
    pairs = parse(line.decode(errors="surrogateescape"))
    if pairs is None:
        return JsonRecord(None, False, False)
    plain = utf8 and NBSP not in line and b"\t" not in line and b"\r" not in line and len(line) <= LONGEST_PLAIN
    plain = plain and line.startswith(b"{") and line.endswith(b"}")
    values: dict[str, str | None] = {}
    unknown, has_escapes = False, b"\\u" in line
    for key, value in pairs:
        is_known = key in columns
        unknown = unknown or not is_known
        # Engines differ on whether EVENT_ID is event_id.
        plain = plain and (is_known or key.lower() not in columns) and not _ODD_CHARACTERS.search(key)
        if is_known and has_escapes:
            plain = plain and f'"{key}"'.encode() in line
        if isinstance(value, _Number):
            plain = plain and is_plain_number(value)
        elif isinstance(value, str):
            plain = plain and not _ODD_CHARACTERS.search(value)
        elif isinstance(value, _Pairs | list):
            plain = False
        if is_known:
            values[key] = as_text(value)
    return JsonRecord(values, bool(plain), unknown)


def is_plain_number(spelled: str) -> bool:
    """No exponent, at most 15 digits, no minus zero: beyond that engines give back different texts."""
    if not _PLAIN_NUMBER.fullmatch(spelled):
        return False
    digits = spelled.lstrip("-").replace(".", "")
    return len(digits) <= 15 and not (spelled.startswith("-") and not digits.strip("0"))


def as_text(value: Any) -> str | None:
    """A value as raw holds it: text as it is, numbers as spelled, nested values as compact JSON; None when empty."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value if isinstance(value, str) else _compact(value)
    return _shown(text) if _SURROGATE.search(text) else str(text)


def _compact(value: Any) -> str:
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, _Pairs):
        return "{" + ",".join(f"{json.dumps(k, ensure_ascii=False)}:{_compact(v)}" for k, v in value.pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_compact, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _shown(text: str) -> str:
    """Lone surrogates cannot be written as UTF-8: bytes that were not UTF-8 become \\xNN, escapes stay \\uNNNN."""
    return _SURROGATE.sub(
        lambda m: f"\\x{ord(m[0]) - 0xDC00:02x}" if 0xDC80 <= ord(m[0]) <= 0xDCFF else f"\\u{ord(m[0]):04x}", text
    )
