"""Lines mangled at random: no crash, every record counted once, and plain files that obey the definition."""

import json
import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shoplake.ingest import csv_text, through
from shoplake.ingest import text as text_module
from shoplake.ingest.text import Stream, Window
from shoplake.ingest.write import RawTable

# 100 examples of 100 lines each: 10,000 lines of CSV, as many of JSON.
LINES = 100
NASTY = [b'"', b'""', b",", b"\n", b"\r", b"\r\n", b"\t", b"\x00", b"\xc2\xa0", b"\xff", b"\xc3", b"{", b"}", b"\\", b"\\u00a0",
         b"\\ud800", b"[1]", b"NaN", b"1e5", b"-0", b":", b" ", "é".encode(), b"\xef\xbb\xbf", b'"event_id":1,']  # fmt: skip


def mangle(lines: list[bytes], seed: int) -> bytes:
    rng = random.Random(seed)
    out = []
    for line in lines:
        data = bytearray(line)
        for _ in range(rng.choice((0, 0, 1, 1, 2, 5))):
            at = rng.randrange(len(data) + 1)
            kind = rng.randrange(3)
            if kind == 0:
                data[at:at] = rng.choice(NASTY)
            elif kind == 1:
                del data[at : at + rng.randrange(1, 9)]
            else:
                data[at : at + 1] = bytes([rng.randrange(256)])
        out.append(bytes(data) + rng.choice((b"\n", b"\n", b"\n", b"\r\n")))
    return b"".join(out)[: -rng.choice((0, 1, 3)) or None]


def count_csv(data: bytes, width: int) -> tuple[int, int]:
    """(records, malformed), character by character, as docs/decisions/2026-11-24-plain-and-odd.md says."""
    records = malformed = at = 0
    while at < len(data):
        line_end = data.find(b"\n", at)
        line_end = len(data) if line_end < 0 else line_end
        if not data[at:line_end].strip(b" \t\r"):
            at = line_end + 1
            continue
        fields, i, state = 1, at, "start"
        while i < len(data):
            c = data[i : i + 1]
            if state == "quoted":
                if c == b'"':
                    state = "closed"
            elif state == "closed" and c == b'"':
                state = "quoted"
            elif c == b"\n":
                break
            elif c == b",":
                fields, state = fields + 1, "start"
            elif state == "closed" and not (c == b"\r" and data[i + 1 : i + 2] in (b"\n", b"")):
                state = "bad"
                break
            elif state == "start":
                state = "quoted" if c == b'"' else "bare"
            i += 1
        records += 1
        if state in ("quoted", "bad") or fields != width:
            malformed += 1
            i = line_end
        at = i + 1
    return records, malformed


def is_plain_csv(line: bytes, width: int) -> bool:
    return (
        not any(c in line.decode() for c in '"\t\r\n\x00\xa0')
        and line.count(b",") == width - 1
        and len(line) <= 1_000_000
    )


def is_plain_json(line: bytes) -> bool:
    pairs = json.loads(line.decode(), object_pairs_hook=list, parse_int=Decimal15, parse_float=Decimal15)
    assert isinstance(pairs, list)
    assert len(dict(pairs)) == len(pairs)
    assert b"\r" not in line
    for _, value in pairs:
        assert not isinstance(value, list)
        if isinstance(value, str):
            value.encode()
            assert not any(c in value for c in "\t\r\n\xa0")
        if isinstance(value, Decimal15):
            assert value.is_plain
    return True


class Decimal15:
    def __init__(self, spelled: str) -> None:
        digits = [c for c in spelled if c.isdigit()]
        self.is_plain = "e" not in spelled.lower() and len(digits) <= 15
        self.is_plain = self.is_plain and not (spelled[0] == "-" and set(digits) == {"0"})


def passed_through(contracts, table: str, data: bytes, chunk: int, zone: bool = False) -> tuple:
    """(counts, table, plain bytes, odd rows) of a file read in chunks of that size."""
    columns = contracts.tables[f"raw.{table}"].names
    before = text_module.CHUNK
    text_module.CHUNK = chunk
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "file"
            path.write_bytes(data)
            made = RawTable(table, columns, "jsonl" if table == "clickstream" else "csv", Path(folder))
            window = Window(Stream(path, "file"))
            if table == "clickstream":
                counts = through.jsonl(window, columns, made, None, [])
            else:
                header = csv_text.header(window)
                counts = through.csv(window, header, made, None, [])
            made._plain.close()
            made._odd.close()
            odd = [json.loads(line) for line in made.odd_path.read_bytes().splitlines()]
            return counts, made, made.plain_path.read_bytes(), odd
    finally:
        text_module.CHUNK = before


QUIET = settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@QUIET
@given(seed=st.integers(0, 2**32), chunk=st.sampled_from([7, 100, 1_000, 1_000_000]))
def test_mangled_csv(contracts, seed, chunk):
    columns = contracts.tables["raw.refunds"].names
    line = b"R%d,1,product,T1,1,U1,P1,2,9.50,19.00,,EUR,too small,card,2026-01-05T10:00:00Z,"
    header = ",".join(columns).encode() + b"\n"
    body = mangle([line % i for i in range(LINES)], seed)
    counts, made, plain, odd = passed_through(contracts, "refunds", header + body, chunk)
    assert (counts.rows, made.malformed) == count_csv(body, len(columns))
    assert made.rows == counts.rows
    lines = plain.split(b"\n")
    assert lines[0] + b"\n" == header
    assert lines[-1] == b""
    assert all(is_plain_csv(x, len(columns)) for x in lines[1:-1])
    assert len(lines) - 2 + len(odd) == counts.rows
    assert all(list(r) == [*columns, "raw_text", "is_malformed"] for r in odd)
    # What is well-formed, UTF-8 and free of the characters named in receipts.py must not be odd.
    for row in odd:
        raw = row["raw_text"].encode()
        assert row["is_malformed"] or b"\\x" in raw or not is_plain_csv(raw, len(columns))


@QUIET
@given(seed=st.integers(0, 2**32), chunk=st.sampled_from([7, 100, 1_000, 1_000_000]))
def test_mangled_json(contracts, seed, chunk):
    line = (b'{"event_id":"E%d","event_type":"view","event_ts":"2026-01-05T10:00:00Z","visitor_id":"V1","user_id":null,'
            b'"quantity":2,"unit_price":19.99,"search_query":"sh\xc3\xb6es \\"red\\"","user_agent":"Mozilla/5.0"}')  # fmt: skip
    data = mangle([line % i for i in range(LINES)], seed)
    counts, made, plain, odd = passed_through(contracts, "clickstream", data, chunk)
    assert counts.rows == made.rows == sum(bool(x.strip(b" \t\r")) for x in data.split(b"\n"))
    lines = plain.split(b"\n")
    assert lines.pop() == b""
    assert all(is_plain_json(x) for x in lines)
    assert len(lines) + len(odd) == counts.rows


@pytest.mark.parametrize("table", ["refunds", "clickstream"])
def test_the_size_of_chunks_changes_nothing(contracts, table):
    columns = contracts.tables["raw.refunds"].names
    if table == "refunds":
        body = mangle(
            [b'"R%d",1,product,T1,1,U1,P1,2,9.50,19.00,,EUR,"a\nb",card,2026-01-05,' % i for i in range(300)], 7
        )
        data = ",".join(columns).encode() + b"\n" + body
    else:
        data = mangle([b'{"event_id":"E%d","event_type":"view"}' % i for i in range(300)], 7)
    results = [passed_through(contracts, table, data, chunk)[2:] for chunk in (3, 64, 1_000, 1_000_000)]
    assert all(r == results[0] for r in results)
