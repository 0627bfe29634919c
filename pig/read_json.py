"""JSON lines as records for Pig's STREAM: `python3 read_json.py COLUMN,COLUMN,...`. Standard library alone, since it runs on every node.

In: a line of a raw file behind its path and a tab. Out: path, 1 if malformed else 0, the record's text, then the columns' values,
by tabs. Why not in Pig: JsonLoader gives a malformed line as a row of NULLs and loses its text; a regular expression neither
decodes escapes nor sees a key that stands twice.

Lines of part-* files are objects of flat values. Lines of odd-* files were read when they landed: they hold the columns as text, and
`raw_text` and `is_malformed` beside them. In a record's text %, tab and line ends are written %25 %09 %0A %0D; Pig turns them back.
"""

import json
import re
import sys
from typing import Any

_BLANKS = re.compile("[\t\n\r\xa0]")
_SURROGATE = re.compile("[\ud800-\udfff]")


class _Object(dict[str, Any]):
    """An object in which no key stands twice."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        if len(self) != len(pairs):
            raise ValueError("a key stands twice")


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_Object, parse_constant=_refuse)


def parse(text: str) -> dict[str, Any] | None:
    """The object on a line; None when it is malformed: not JSON, not an object, a key twice, NaN or Infinity."""
    try:
        found = _DECODER.decode(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, _Object) else None


def as_text(value: Any) -> str:
    """A value as a column holds it: null as nothing, a number as the shortest text of its value (1.50 is 1.5)."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return repr(value)


def _shown(text: str) -> str:
    """Bytes that are not UTF-8 as \\xNN, lone surrogates as \\uNNNN: neither can be written."""
    return _SURROGATE.sub(
        lambda m: f"\\x{ord(m[0]) - 0xDC00:02x}" if 0xDC80 <= ord(m[0]) <= 0xDCFF else f"\\u{ord(m[0]):04x}", text
    )


def record(path: str, text: str, columns: list[str]) -> str:
    """What Pig is given for one line."""
    found = parse(text)
    is_malformed, raw = found is None, text
    if found is not None and path.rpartition("/")[2].startswith("odd-"):
        is_malformed, raw = found.get("is_malformed") is True, found.get("raw_text") or ""
    values = [as_text(found.get(c)) for c in columns] if found else [""] * len(columns)
    line = "\t".join(values)
    if line.count("\t") >= len(columns) or _BLANKS.search(line.replace("\t", "")):
        line = "\t".join(_BLANKS.sub(" ", value) for value in values)
    raw = raw.replace("%", "%25").replace("\t", "%09").replace("\n", "%0A").replace("\r", "%0D")
    return f"{path}\t{int(is_malformed)}\t{raw}\t{line}\n"


def main(columns: list[str]) -> None:
    for line in sys.stdin.buffer:
        path, _, text = line.removesuffix(b"\n").decode(errors="surrogateescape").partition("\t")
        if text.strip(" \t\r"):  # a blank line is no record
            told = record(path, text, columns)
            try:
                sys.stdout.buffer.write(told.encode())
            except UnicodeEncodeError:
                sys.stdout.buffer.write(_shown(told).encode())


if __name__ == "__main__":
    main(sys.argv[1].split(","))
