"""Which source a file is from, and which table it feeds: told by its header, never by its name or order of columns."""

import difflib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from shoplake.contracts import Contracts
from shoplake.errors import WrongUse
from shoplake.ingest import csv_text, json_text
from shoplake.ingest.sources import Form, Source
from shoplake.ingest.text import Stream, Window, first_bytes, is_parquet

# The keys of JSON lines are those found in this many first lines: one mangled line must not decide.
_SAMPLE_LINES = 1_000


@dataclass(frozen=True)
class Recognised:
    """`header`: the file's names in its own order (JSON lines: see `_json_keys`). `extra`: names no contract has."""

    source: Source
    form: Form
    header: list[str]
    extra: list[str]


def recognise(
    path: Path,
    name: str,
    sources: dict[str, Source],
    contracts: Contracts,
    source: str = "",
    table: str = "",
    ignore_extra: bool = False,
) -> Recognised:
    """Raises WrongUse for an empty file, unknown source or table, and a header that fits none, naming the nearest."""
    if source and source not in sources:
        raise WrongUse(
            f"--source: found {source!r}, expected one of: {', '.join(sources)}.{_near(source, list(sources))}"
        )
    raw_tables = [t.name for t in contracts.layer("raw")]
    if table and table not in raw_tables:
        raise WrongUse(f"--table: found {table!r}, expected one of: {', '.join(raw_tables)}.{_near(table, raw_tables)}")
    kind, header = _header(path, name, table)
    tried = [
        (s, f) for s in sources.values() if source in ("", s.name) for f in s.forms(contracts) if table in ("", f.table)
    ]
    if not tried:
        raise WrongUse(
            f"--table {table}: the source {source} feeds its own tables. Leave --table out, or use --source shoplake."
        )
    return _choose(tried, kind, header, name, ignore_extra)


def _near(word: str, words: list[str]) -> str:
    near = difflib.get_close_matches(word, words, n=1)
    return f" Did you mean {near[0]}?" if near else ""


def _choose(
    tried: list[tuple[Source, Form]], kind: str, header: list[str], name: str, ignore_extra: bool
) -> Recognised:
    names = set(header)
    fitting = [
        (len(extra), -len(f.columns), s, f, extra)
        for s, f in tried
        if f.kind == kind and names.issuperset(f.required)
        for extra in [[n for n in header if n not in f.columns]]
        if ignore_extra or not extra
    ]
    if fitting:
        _, _, s, f, extra = min(fitting, key=lambda c: c[:2])
        return Recognised(s, f, header, extra)
    s, f = max(
        tried,
        key=lambda c: (
            len(names.intersection(c[1].columns)) - len(names.symmetric_difference(c[1].required)) / 100,
            c[1].kind == kind,
        ),
    )
    missing = [n for n in f.required if n not in names]
    unknown = [n for n in header if n not in f.columns]
    found = {"csv": "CSV with the header", "jsonl": "JSON lines with the keys", "parquet": "Parquet with the columns"}[
        kind
    ]
    text = f"{name}:1: found {found} {_listed(header)}, which no source has (tried: {_tried(tried)}). "
    if not names.intersection(f.columns):
        raise WrongUse(
            text + "Not one name is known: is the first line the header? "
            "docs/guides/bring_your_own_data.md lists what is expected."
        )
    text += f"Nearest is {s.name}, {f.name}"
    text += f"; missing: {', '.join(missing)}" if missing else ""
    text += f"; unknown: {_listed(unknown)}" if unknown else ""
    if f.kind != kind and not missing:
        raise WrongUse(f"{text}; expected as {f.kind}. Convert the file.")
    remedy = (
        "Rename the columns"
        if missing
        else "Rename or remove the unknown columns, or leave them out with --ignore-extra-columns"
    )
    raise WrongUse(f"{text}. {remedy}.")


def _listed(names: list[str]) -> str:
    # A name may be anything that stands in a file: control characters must not reach the terminal.
    safe = ["".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in n) for n in names[:30]]
    shown = ", ".join(n if len(n) <= 60 else n[:60] + "..." for n in safe)
    return shown + (f" and {len(names) - 30} more" if len(names) > 30 else "")


def _tried(tried: list[tuple[Source, Form]]) -> str:
    forms: dict[str, list[str]] = {}
    for s, f in tried:
        forms.setdefault(s.name, []).append(f.name)
    return "; ".join(f"{s}: {', '.join(names)}" for s, names in forms.items())


def _header(path: Path, name: str, table: str) -> tuple[str, list[str]]:
    if is_parquet(path):
        return "parquet", _parquet_names(path, name)
    start = first_bytes(path, name)
    if not start.strip():
        raise WrongUse(f"{name}: the file is empty. Expected at least a header line (CSV) or one event (JSON lines).")
    head = start.lstrip()
    if head.startswith(b"["):
        raise WrongUse(f"{name}:1: found a JSON array, expected one JSON object a line. Convert it with `jq -c '.[]'`.")
    keys = _json_keys(start)
    if keys and (head.startswith(b"{") or table == "clickstream"):
        return "jsonl", keys
    if head.startswith(b"{"):
        raise WrongUse(
            f"{name}:1: begins like JSON, but none of its first lines is a whole object. "
            "Expected one JSON object a line: `jq -c .` makes them."
        )
    window = Window(Stream(path, name))
    header = csv_text.header(window) or []
    _check_header(path, name, header)
    return "csv", header


def _json_keys(start: bytes) -> list[str]:
    """The keys of the first good line in their order, then others that stand on more than half of the lines."""
    first: list[str] = []
    found: Counter[str] = Counter()
    lines = 0
    for line in start.split(b"\n")[:_SAMPLE_LINES]:
        pairs = json_text.parse(line.decode(errors="replace")) if line.startswith(b"{") else None
        if pairs:
            lines += 1
            first = first or [k for k, _ in pairs]
            found.update(k for k, _ in pairs)
    common = [k for k in found if found[k] * 2 > lines]
    return [k for k in first if k in common] + [k for k in common if k not in first]


def _check_header(path: Path, name: str, header: list[str]) -> None:
    if len(header) == 1:
        for separator, called in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
            if separator in header[0]:
                raise WrongUse(
                    f"{name}:1: fields are separated by {called}, expected commas. "
                    "Save the file as comma-separated CSV."
                )
    first = first_bytes(path, name)
    if b"\n" not in first and b"\r" in first:
        raise WrongUse(f"{name}:1: lines end in CR alone, expected LF or CRLF. Convert it with `tr '\\r' '\\n'`.")
    line = first.split(b"\n", 1)[0]
    try:
        line.decode()
    except UnicodeDecodeError as e:
        raise WrongUse(
            f"{name}:1: byte {e.start} of the header ({line[e.start]:#04x}) is not UTF-8. "
            "Save the file as UTF-8, for example with `iconv -f ISO-8859-1 -t UTF-8`."
        ) from None
    twice = [n for n, count in Counter(header).items() if count > 1]
    if twice:
        raise WrongUse(
            f"{name}:1: the header names {_listed(twice)} more than once. "
            "Rename or remove the copies: it cannot be known which is meant."
        )


def _parquet_names(path: Path, name: str) -> list[str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        names = list(pq.read_schema(path).names)
    except (pa.ArrowException, OSError) as e:
        raise WrongUse(f"{name}: not a whole Parquet file ({str(e).splitlines()[0]}). Fetch or write it again.") from e
    twice = [n for n, count in Counter(names).items() if count > 1]
    if twice:
        raise WrongUse(f"{name}: the column {_listed(twice)} stands more than once. Rename or remove the copies.")
    return names
