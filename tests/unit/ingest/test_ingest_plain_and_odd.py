"""Files in the raw format: what passes as it is, what is read one by one, and what both become."""

import gzip
import io
import json
from decimal import Decimal

import pytest

from shoplake.errors import WrongUse
from shoplake.ingest.sources import all_sources

EVENT = {"event_id": "E1", "event_type": "view", "event_ts": "2026-01-05T10:00:00Z", "visitor_id": "V1"}


def event(**more: object) -> str:
    return json.dumps({**EVENT, **more}, ensure_ascii=False)


def raw_event(tail: str) -> str:
    """An event with a tail that json.dumps would not write."""
    return event()[:-1] + tail + "}"


def test_plain_lines_pass_byte_for_byte(shop, users):
    shop.land("u.csv", users(3))
    assert shop.plain("users") == users(3).encode()
    assert shop.odd("users") == []
    events = "".join(event(event_id=f"E{i}", search_query='größe \\ " / 😀', unit_price=1.5) + "\n" for i in range(3))
    shop.land("e.jsonl", events)
    assert shop.plain("clickstream") == events.encode()


def test_bom_crlf_blank_lines_and_a_missing_last_newline_change_nothing(shop, users):
    lines = users(3).split("\n")
    data = b"\xef\xbb\xbf" + "\r\n".join([lines[0], lines[1], "", lines[2], " ", lines[3]]).encode()
    summary = shop.land("u.csv", data)
    assert (summary["rows_in_file"], summary["odd_rows"]) == (3, 0)
    assert shop.plain("users") == users(3).encode()
    shop.land("e.jsonl", ("\ufeff" + event() + "\r\n\r\n" + event(event_id="E2")).encode())
    assert shop.plain("clickstream").decode() == event() + "\n" + event(event_id="E2") + "\n"


def test_columns_come_in_any_order_and_may_be_missing(shop):
    shop.land("u.csv", "updated_at,city,user_id\n2026-01-05,Rome,U1\n,,U2\n")
    assert shop.plain("users").decode().split("\n")[0] == shop.header("users")
    assert shop.rows("users") == [{"user_id": "U1", "city": "Rome", "updated_at": "2026-01-05"}, {"user_id": "U2"}]


def test_landing_twice_changes_nothing_and_says_so(shop, users):
    first = shop.land("u.csv", users(3))
    before = shop.everything()
    again = shop.land("renamed.csv", users(3), ds="2026-02-01")
    assert shop.everything() == before
    assert (again["status"], again["ds"], again["asked_ds"]) == ("landed_before", first["ds"], "2026-02-01")
    with pytest.raises(WrongUse, match="landed before with other settings"):
        shop.land("u.csv", users(3), timezone="Europe/Berlin")
    with pytest.raises(WrongUse, match=r"same content was landed before from u.csv"):
        shop.land("u.csv.gz", gzip.compress(users(3).encode()))
    assert shop.everything() == before


def test_a_lost_raw_file_is_noticed_and_can_be_landed_anew(shop, users):
    shop.land("u.csv", users(3))
    before = shop.everything()
    [file] = shop.files("users")
    path = shop.lake.root / file.path
    path.unlink()
    assert shop.land("u.csv", users(3))["status"] == "landed"
    assert shop.everything() == before
    path.write_bytes(path.read_bytes().replace(b"u", b"v"))  # the same size, other bytes
    assert shop.land("u.csv", users(3))["status"] == "landed"
    assert shop.everything() == before


def test_the_original_is_kept_as_delivered(shop, users):
    data = gzip.compress(users(2).encode())
    summary = shop.land("u.csv.gz", data)
    assert (shop.lake.landed / summary["sha256"]).read_bytes() == data
    assert shop.plain("users") == users(2).encode()


CSV_CASES = [
    # (a record of `a,b,c` columns as bytes, values or None when malformed)
    (b'"x",y,z', ["x", "y", "z"]),
    (b'"x,1",y,z', ["x,1", "y", "z"]),
    (b'"say ""hi""",y,z', ['say "hi"', "y", "z"]),
    (b'"two\nlines",y,z', ["two\nlines", "y", "z"]),
    (b'"two\r\nlines",y,"z"', ["two\r\nlines", "y", "z"]),
    (b'x 5" pipe,y,z', ['x 5" pipe', "y", "z"]),
    (b"tab\there,y,z", ["tab\there", "y", "z"]),
    (b"nbsp\xc2\xa0here,y,z", ["nbsp\xa0here", "y", "z"]),
    (b"nul\x00here,y,z", ["nul\x00here", "y", "z"]),
    (b"cr\rhere,y,z", ["cr\rhere", "y", "z"]),
    (b"bad\xffbyte,y,z", ["bad\\xffbyte", "y", "z"]),
    (b'"",y,', ["", "y", ""]),
    (b"x,y", None),
    (b"x,y,z,4", None),
    (b'"x"y,y,z', None),
    (b'"x,y,z', None),
]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize(("record", "values"), CSV_CASES)
def test_odd_csv_records(shop, unmeasured, record, values, end):
    """Between two plain lines, and at the end of a file that lacks its last newline."""
    names = ("user_id", "city", "updated_at")
    parts = [",".join(names).encode(), b"p,1,2", record, b"q,3,4", record]
    summary = shop.land("u.csv", end.join(parts))
    assert (summary["rows_in_file"], summary["odd_rows"]) == (4, 2)
    assert summary["malformed_rows"] == (0 if values else 2)
    for odd in shop.odd("users"):
        assert odd["raw_text"] == record.decode(errors="backslashreplace")
        assert odd["is_malformed"] == (values is None)
        assert [odd[n] for n in names] == ([v or None for v in values] if values else [None, None, None])
        assert list(odd) == [*shop.columns("users"), "raw_text", "is_malformed"]
    assert [r["user_id"] for r in shop.rows("users")[:2]] == ["p", "q"]


def test_a_stray_quote_costs_one_line(shop):
    lines = ["user_id,city,updated_at", "U0,a,1", 'U1,"b,1', *[f"U{i},c,1" for i in range(2, 99)], 'U99,"d, d",1', ""]
    summary = shop.land("u.csv", "\n".join(lines))
    assert (summary["rows_in_file"], summary["malformed_rows"], summary["odd_rows"]) == (100, 1, 2)
    assert len(shop.rows("users")) == 99


JSON_CASES = [
    # (the line, one column, its text; None: malformed)
    (event(search_query="a\tb"), "search_query", "a\tb"),
    (event(search_query="a\nb"), "search_query", "a\nb"),
    (event(search_query="a\xa0b"), "search_query", "a\xa0b"),
    (raw_event(', "search_query": "a\\u00a0b"'), "search_query", "a\xa0b"),
    (raw_event(', "search_query": "a\\u0000b"'), "search_query", "a\x00b"),
    (raw_event(', "search_query": "a\\ud800b"'), "search_query", "a\\ud800b"),
    (raw_event(', "unit_price": 1e999'), "unit_price", "1e999"),
    (raw_event(', "unit_price": 1.5E2'), "unit_price", "1.5E2"),
    (raw_event(', "unit_price": -0'), "unit_price", "-0"),
    (raw_event(', "unit_price": -0.00'), "unit_price", "-0.00"),
    (raw_event(', "unit_price": 1234567890123456'), "unit_price", "1234567890123456"),
    (raw_event(', "unit_price": 1.000000000000000'), "unit_price", "1.000000000000000"),
    (raw_event(', "unit_price": ' + "9" * 5000), "unit_price", "9" * 5000),
    (event(search_query={"a": [1, "b", None, True]}), "search_query", '{"a":[1,"b",null,true]}'),
    (raw_event(', "search_query": [1.50, 2e3]'), "search_query", "[1.50,2e3]"),
    (event(EVENT_ID="other"), "event_id", "E1"),
    (" " + event(), "event_id", "E1"),
    (raw_event(', "search\\u005fquery": "x"'), "search_query", "x"),
    ("{not json", None, None),
    (event()[:-3], None, None),
    ("[1]", None, None),
    ('"text"', None, None),
    ("5", None, None),
    (raw_event(', "event_id": "E2"'), None, None),
    (raw_event(', "search_query": {"a": 1, "a": 2}'), None, None),
    (raw_event(', "unit_price": NaN'), None, None),
    (raw_event(', "unit_price": -Infinity'), None, None),
    (raw_event(', "unit_price": 01'), None, None),
    (event() + event(), None, None),
    ("[" * 100_000, None, None),
]


@pytest.mark.parametrize(("line", "column", "text"), JSON_CASES)
def test_odd_json_lines(shop, unmeasured, line, column, text):
    summary = shop.land("e.jsonl", "\n".join([event(), line, event()]))
    assert (summary["rows_in_file"], summary["odd_rows"], summary["malformed_rows"]) == (3, 1, column is None)
    [odd] = shop.odd("clickstream")
    assert (odd["raw_text"], odd["is_malformed"]) == (line, column is None)
    if column:
        assert odd[column] == text
    assert shop.plain("clickstream").decode() == (event() + "\n") * 2


@pytest.mark.parametrize(
    "line",
    [
        event(search_query="a\"b\\c/d"), event(unit_price=-0.5), event(unit_price=123456789012345), event(user_id=None),
        event(quantity=True), event(search_query=""), event(unknown_key="x"), json.dumps(dict(reversed(EVENT.items()))),
        raw_event(', "search_query": "\\u00e9\\ud83d\\ude00"'), raw_event(',"unit_price" :  2'), event(unit_price=0.1234567), "{}",
    ],
)  # fmt: skip
def test_plain_json_lines_of_every_shape_pass_as_they_are(shop, unmeasured, line):
    shop.land("e.jsonl", "\n".join([event(), line, event()]))
    assert shop.plain("clickstream").decode() == f"{event()}\n{line}\n{event()}\n"


def test_bytes_that_are_not_utf8_in_json(shop):
    line = event(search_query="a?b").encode().replace(b"?", b"\xff")
    summary = shop.land("e.jsonl", event().encode() + b"\n" + line + b"\n")
    assert (summary["odd_rows"], summary["not_utf8_rows"], summary["malformed_rows"]) == (1, 1, 0)
    assert shop.odd("clickstream")[0]["search_query"] == r"a\xffb"


def test_unknown_keys_are_counted_and_refused_when_common(shop):
    assert shop.land("e.jsonl", f"{event()}\n{event(x=1)}\n{event(event_id='E3')}\n")["rows_with_unknown_keys"] == 1
    with pytest.raises(WrongUse, match="unknown: x"):
        shop.land("f.jsonl", f"{event(x=1)}\n{event(x=2)}\n")


def test_local_times_become_utc(shop):
    """Autumn's double hour is its first occurrence; spring's missing hour is shifted forward."""
    times = {
        "2026-01-05 10:00:00": "2026-01-05T09:00:00Z",
        "2026-07-05 10:00:00.250": "2026-07-05T08:00:00.250Z",
        "2026-10-25 02:30:00": "2026-10-25T00:30:00Z",
        "2026-03-29 02:30:00": "2026-03-29T01:30:00Z",
        "2026-01-05T10:00:00Z": "2026-01-05T10:00:00Z",
        "1767607200000": "1767607200000",
        "2026-02-30 10:00:00": "2026-02-30 10:00:00",
    }
    zone = {"timezone": "Europe/Berlin"}
    shop.land("u.csv", "user_id,updated_at\n" + "".join(f"{q}U{q},{t}\n" for t in times for q in ("", '"')), **zone)
    assert [r["updated_at"] for r in shop.rows("users")] == list(times.values()) * 2
    lines = "".join(
        event(event_ts=t, search_query=q) + "\n" for t in times for q in ('"event_ts": "2026-01-05 10:00:00"', "\t")
    )
    shop.land("e.jsonl", lines, **zone)
    plain = [json.loads(line) for line in shop.plain("clickstream").splitlines()]
    assert [r["event_ts"] for r in plain] == list(times.values())
    assert {r["search_query"] for r in plain} == {'"event_ts": "2026-01-05 10:00:00"'}
    assert [r["event_ts"] for r in shop.odd("clickstream")] == list(times.values())


def test_money_and_days_are_measured(shop):
    header = "transaction_id,line_number,line_type,quantity,unit_price,ordered_at\n"
    rows = 'T1,1,,3,0.1,2026-01-05T10:00:00Z\nT1,2,Shipping,1,"4.9",1767607200000\nT2,1,,x,1,2026-01-07 00:00:00\n'
    summary = shop.land("t.csv", header + rows)
    assert [(m["line_type"], m["rows"], m["amount"], m["without_amount"]) for m in summary["money"]] == [
        ("product", 2, "0.3", 1),
        ("shipping", 1, "4.9", 0),
    ]
    assert summary["days"]["transactions"] == {"first": "2026-01-05", "last": "2026-01-07", "days": 2}


def test_line_types_nobody_knows_are_one_line_of_the_report(shop):
    header = "transaction_id,line_number,line_type,quantity,unit_price,ordered_at\n"
    rows = "T1,1,foo,3,1,2026-13-05\nT1,2,bar,1,1,1026-01-05\nT2,1\nT3,1,bar,999999999999999999,99999999999999,x\n"
    summary = shop.land("t.csv", header + rows)
    [line] = summary["money"]
    assert (line["line_type"], line["rows"], line["amount"], line["without_amount"]) == ("(unknown)", 3, "4", 1)
    assert summary["days"]["transactions"] == {"first": None, "last": None, "days": 0}


def test_parquet_becomes_text_exactly(shop):
    import datetime as dt

    import pyarrow as pa
    import pyarrow.parquet as pq

    at = dt.datetime(2026, 1, 5, 10, 0, 0, 250_000)
    table = pa.table(
        {
            "ordered_at": pa.array([at, at], pa.timestamp("us", "UTC")),
            "updated_at": pa.array([at.replace(microsecond=0)] * 2, pa.timestamp("us")),
            "transaction_id": ["T1", "T,2"],
            "line_number": pa.array([1, 2], pa.int64()),
            "quantity": pa.array([3, None], pa.int32()),
            "unit_price": pa.array([Decimal("0.1000"), Decimal("-0.0001")], pa.decimal128(18, 4)),
            "ship_city": pa.array(["Rome", None]).dictionary_encode(),
        }
    )
    sink = io.BytesIO()
    pq.write_table(table, sink)
    summary = shop.land("t.parquet", sink.getvalue(), timezone="Europe/Berlin")
    assert (summary["rows_in_file"], summary["odd_rows"], summary["form"]) == (2, 1, "transactions (parquet)")
    common = {"ordered_at": "2026-01-05T10:00:00.250000Z", "updated_at": "2026-01-05T09:00:00Z"}
    assert shop.rows("transactions") == [
        common
        | {"transaction_id": "T1", "line_number": "1", "quantity": "3", "unit_price": "0.1000", "ship_city": "Rome"},
        common | {"transaction_id": "T,2", "line_number": "2", "unit_price": "-0.0001"},
    ]
    assert json.loads(shop.odd("transactions")[0]["raw_text"])["transaction_id"] == "T,2"


def test_sources_are_found_by_being_there():
    assert list(all_sources()) == ["shoplake", "uci-online-retail"]
