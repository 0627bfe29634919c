"""Whatever can be wrong with a file: each is told with its place and remedy, and leaves nothing behind."""

import errno
import gzip
import io
import os

import pytest
from filelock import FileLock

from shoplake.errors import Held, Lacking, ShoplakeError, WrongUse
from shoplake.ingest import land as landing
from shoplake.ingest import write
from shoplake.lake.receipts import raw_partitions

UCI = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"


def nothing_landed(shop) -> bool:
    return not [p for p in shop.everything() if p != "format_version"]


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("empty.csv", b"", "is empty"),
        ("blank.csv", b"\n\r\n  \n", "is empty"),
        ("empty.csv.gz", gzip.compress(b"", mtime=0), "is empty"),
        ("other.csv", b"foo,bar\n1,2\n", "Not one name is known"),
        ("near.csv", b"user_id,emial,updated_at\n", "Nearest is shoplake, users (csv); unknown: emial"),
        ("lacks.csv", b"refund_id,line_number,quantity,unit_price,amount\n", "missing: refunded_at"),
        ("uci.csv", UCI.replace("UnitPrice,", "").encode(), "Nearest is uci-online-retail, I; missing: UnitPrice"),
        ("twice.csv", b"user_id,email,email,updated_at\n", "names email more than once"),
        ("semicolons.csv", b"user_id;email;updated_at\n", "separated by semicolons"),
        ("tabs.csv", b"user_id\temail\tupdated_at\n", "separated by tabs"),
        ("mac.csv", b"user_id,updated_at\rU1,2026-01-01\r", "CR alone"),
        ("utf16.csv", "user_id,updated_at\n".encode("utf-16"), "UTF-16"),
        ("latin.csv", "user_id,updated_at,größe\n".encode("iso-8859-1"), "byte 21 of the header (0xf6) is not UTF-8"),
        ("book.xlsx", b"PK\x03\x04rest", "Excel workbook"),
        ("array.json", b'[{"event_id":"1"}]', "JSON array"),
        ("pretty.json", b'{\n "event_id": "1"\n}\n', "one JSON object a line"),
        ("keys.jsonl", b'{"event_id":"1","foo":2}\n', "missing: event_type, event_ts, visitor_id; unknown: foo"),
        ("cut.csv.gz", gzip.compress(b"user_id,updated_at\n" * 99999, mtime=0)[:-20], "gzip stream is damaged"),
        ("bad.csv.gz", b"\x1f\x8bnonsense", "gzip stream is damaged"),
        ("bad.parquet", b"PAR1nonsense", "not a whole Parquet file"),
    ],
)
def test_a_file_that_is_not_what_it_has_to_be(shop, name, data, words):
    with pytest.raises(WrongUse) as e:
        shop.land(name, data)
    assert words in str(e.value)
    assert name in str(e.value)
    assert nothing_landed(shop)


def test_a_missing_file_a_folder_and_one_that_cannot_be_read(shop, monkeypatch):
    with pytest.raises(WrongUse, match="no such file"):
        shop.land("", shop.folder / "none.csv")
    with pytest.raises(WrongUse, match="a folder, expected a file"):
        shop.land("", shop.folder)
    path = shop.file("secret.csv", "user_id,updated_at\n")

    def refuse(*_):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    # Tests may run as root, who may read everything: the refusal is made here.
    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(WrongUse, match="cannot be read"):
        shop.land("", path)


def test_unknown_names_are_met_with_the_nearest(shop, users):
    with pytest.raises(WrongUse, match="Did you mean uci-online-retail"):
        shop.land("u.csv", users(1), source="uci-online-retial")
    with pytest.raises(WrongUse, match="Did you mean users"):
        shop.land("u.csv", users(1), table="user")
    with pytest.raises(WrongUse, match="feeds its own tables"):
        shop.land("u.csv", users(1), source="uci-online-retail", table="users")
    with pytest.raises(WrongUse, match="missing: refund_id"):
        shop.land("u.csv", users(1), table="refunds")
    with pytest.raises(WrongUse, match="Leave the option out"):
        shop.land("u.csv", users(1), drop_repeated_lines=True)


def test_a_header_alone_is_a_delivery_of_nothing(shop, users):
    for name, data in (("u.csv", users(0)), ("r.csv", UCI)):
        summary = shop.land(name, data)
        assert (summary["status"], summary["rows_in_file"], summary["money"]) == ("landed", 0, [])
        assert shop.land(name, data)["status"] == "landed_before"
    assert raw_partitions(shop.lake) == {}
    assert len(list(shop.lake.receipts.glob("*.json"))) == 2


def test_another_encoding_is_refused_with_the_byte_or_read_on_request(shop, users):
    data = users(200).encode("iso-8859-1")
    with pytest.raises(WrongUse, match=rf"byte {data.index(0xF6)} is not UTF-8, and so on 200 of 200 records"):
        shop.land("u.csv", data)
    assert nothing_landed(shop)
    assert shop.land("u.csv", data, encoding="iso-8859-1")["odd_rows"] == 0
    assert {r["city"] for r in shop.rows("users")} == {"Köln"}


def test_a_few_damaged_bytes_are_landed_and_shown(shop, users):
    data = users(200).encode().replace("Köln".encode(), b"K\xf6ln", 1)
    summary = shop.land("u.csv", data)
    assert (summary["not_utf8_rows"], summary["odd_rows"], summary["malformed_rows"]) == (1, 1, 0)
    assert shop.odd("users")[0]["city"] == r"K\xf6ln"
    assert r"K\xf6ln" in shop.odd("users")[0]["raw_text"]


def test_a_line_of_10_mb(shop, users):
    long = "x" * 10_000_000
    for table, data in (
        ("users", users(1) + shop.line("users", user_id="U", city=long, updated_at="2026-01-05 10:00:00") + "\n"),
        ("clickstream", '{"event_id":"1","event_type":"view","event_ts":"2026-01-01T00:00:00Z","visitor_id":"V"}\n' * 2
         + '{"event_id":"' + long + '"}\n'),
    ):  # fmt: skip
        summary = shop.land(table, data)
        assert (summary["odd_rows"], summary["malformed_rows"]) == (1, 1)
        [odd] = shop.odd(table)
        assert odd["is_malformed"]
        assert "the whole record is in landed/" in odd["raw_text"]
        assert all(len(line) < 8_000_000 for line in shop.plain(table).split(b"\n"))


def test_a_line_of_2_mb_is_kept_whole(shop, users):
    long = "x" * 2_000_000
    shop.land("u.csv", users(1) + shop.line("users", user_id=long) + "\n" + shop.line("users", user_id="Z") + "\n")
    assert [r["user_id"] for r in shop.odd("users")] == [long]
    assert [r["user_id"][:2] for r in shop.rows("users")] == ["U0", "Z", "xx"]


def test_a_file_without_line_ends_is_told_before_it_fills_the_memory(shop, users, monkeypatch):
    monkeypatch.setattr("shoplake.ingest.text.LONGEST_LINE", 3_000_000)
    with pytest.raises(WrongUse, match=r"u.csv:3: no line end within 3,000,000 bytes"):
        shop.land("u.csv", users(1) + "x" * 5_000_000)


def test_extra_columns_are_refused_or_left_out_on_request(shop):
    data = "user_id,shoe_size,updated_at\nU1,46,2026-01-05\n"
    with pytest.raises(WrongUse, match=r"unknown: shoe_size. Rename or remove the unknown columns, or leave them out"):
        shop.land("u.csv", data)
    assert shop.land("u.csv", data, ignore_extra_columns=True)["ignored_columns"] == ["shoe_size"]
    assert shop.rows("users") == [{"user_id": "U1", "updated_at": "2026-01-05"}]


@pytest.mark.parametrize("failing", ["write", "move", "receipt"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_failing_disk_leaves_nothing_half_landed(shop, users, monkeypatch, failing, number):
    def fail(*_):
        raise OSError(number, os.strerror(number), "somewhere")

    target = {"write": (write._Part, "_flush"), "move": (landing, "move"), "receipt": (landing, "write_receipt")}[
        failing
    ]
    with monkeypatch.context() as m:
        m.setattr(*target, fail)
        with pytest.raises(Lacking, match="disk is full" if number == errno.ENOSPC else "cannot be written"):
            shop.land("u.csv", users(3))
    assert nothing_landed(shop)
    assert shop.land("u.csv", users(3))["status"] == "landed"


def test_a_lake_that_cannot_be_made(shop, users):
    shop.file("lake", "a file where the lake should be")
    with pytest.raises(Lacking, match="cannot be written"):
        shop.land("u.csv", users(1))


def test_two_at_once(shop, users):
    shop.land("a.csv", users(1))
    with FileLock(shop.lake.landed / ".lock"), pytest.raises(Held):
        shop.land("b.csv", users(2))


def test_what_a_killed_run_left_is_swept(shop, users):
    left = shop.lake.landed / ".incoming" / "half"
    left.mkdir(parents=True)
    shop.land("u.csv", users(1))
    assert not left.parent.exists()


def test_a_source_that_loses_a_record_lands_nothing(shop, monkeypatch):
    from dataclasses import replace

    from shoplake.ingest import sources

    uci = sources.all_sources()["uci-online-retail"]
    losing = replace(uci, convert=lambda records, options: (r for r in list(uci.convert(records, options))[1:]))
    monkeypatch.setattr(landing, "all_sources", lambda: {uci.name: losing})
    with pytest.raises(ShoplakeError, match="1 records read, but source uci-online-retail made 0 rows"):
        shop.land("r.csv", UCI + "1,A,a,1,2010-12-01 08:26,1,1,UK\n")
    assert nothing_landed(shop)


def test_parquet_that_cannot_be_exact(shop):
    import pyarrow as pa
    import pyarrow.parquet as pq

    needed = {name: ["1"] for name in ("transaction_id", "line_number", "quantity", "ordered_at")}
    for values, words in (([1.5], "cannot hold money exactly"), ([[1]], "expected text, integer")):
        sink = io.BytesIO()
        pq.write_table(pa.table({**needed, "unit_price": values}), sink)
        with pytest.raises(WrongUse, match=words):
            shop.land("t.parquet", sink.getvalue())
