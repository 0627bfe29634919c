"""UCI Online Retail: every row accounted for, with figures computed here and not by the source."""

import csv
import gzip
import io
import os
from collections import Counter
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

SLICE = Path(__file__).parents[2] / "data" / "online_retail_2000.csv"
HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
HEADER_II = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"


@pytest.fixture(scope="module")
def source() -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(SLICE.read_text())))


def money(rows: list[dict[str, str]]) -> Decimal:
    return sum((Decimal(r["Quantity"]) * Decimal(r["UnitPrice"]) for r in rows), Decimal(0))


def landed_money(rows: list[dict[str, str]], column: str = "") -> Decimal:
    return sum(
        (Decimal(r[column]) if column else Decimal(r["quantity"]) * Decimal(r["unit_price"]) for r in rows), Decimal(0)
    )


def test_every_row_of_the_slice_is_accounted_for(shop, source):
    summary = shop.land("", SLICE)
    cancelled = [r for r in source if r["InvoiceNo"].startswith("C")]
    sales = [r for r in source if not r["InvoiceNo"].startswith("C")]
    assert summary["rows_in_file"] == len(source) == 2000
    refunds, transactions = shop.rows("refunds"), shop.rows("transactions")
    assert (len(refunds), len(transactions)) == (len(cancelled), len(sales))
    assert landed_money(transactions) == money(sales)
    assert landed_money(refunds, "amount") == landed_money(refunds) == -money(cancelled)
    assert {r["refund_id"] for r in refunds} == {r["InvoiceNo"] for r in cancelled}
    assert Counter(t["transaction_id"] for t in transactions) == Counter(r["InvoiceNo"] for r in sales)
    assert summary["repeated_lines"] == len(source) - len({tuple(r.values()) for r in source})
    assert summary["derived_rows"] == len({r["CustomerID"] for r in source} - {""}) + len(
        {r["StockCode"].upper() for r in source}
    )
    told = {(m["table"], m["line_type"]): Decimal(m["amount"]) for m in summary["money"]}
    assert sum(a for (t, _), a in told.items() if t == "transactions") == money(sales)
    assert sum(a for (t, _), a in told.items() if t == "refunds") == -money(cancelled)


def test_clean_will_find_no_reason_to_reject_a_row(shop):
    """The signs of DECISIONS 12, keys that are unique, and all that clean requires."""
    shop.land("", SLICE)
    for t in shop.rows("transactions"):
        quantity, price = int(t["quantity"]), Decimal(t["unit_price"])
        if t["line_type"] in ("product", "shipping", "fee", "donation", "gift_card"):
            assert quantity > 0
            assert price >= 0
        if t["line_type"] == "stock_adjustment":
            assert price == 0
        assert t["ordered_at"].endswith("Z")
        assert (t["currency"], t["status"]) == ("GBP", "paid")
        assert "payment_method" not in t
        assert "total_amount" not in t
        assert "updated_at" not in t
        assert t["product_id"] == t["product_id"].upper()
    for r in shop.rows("refunds"):
        assert int(r["quantity"]) > 0
        assert Decimal(r["amount"]) >= 0
        assert "transaction_id" not in r
    for table, key in (("transactions", "transaction_id"), ("refunds", "refund_id")):
        rows = shop.rows(table)
        numbers = Counter((r[key], r["line_number"]) for r in rows)
        assert len(numbers) == len(rows)
        for invoice, count in Counter(r[key] for r in rows).items():
            assert all((invoice, str(n)) in numbers for n in range(1, count + 1))


def test_lines_keep_the_order_of_the_file(shop, source):
    shop.land("", SLICE)
    invoice = max({r["InvoiceNo"] for r in source}, key=lambda n: sum(r["InvoiceNo"] == n for r in source))
    lines = sorted(
        (t for t in shop.rows("transactions") if t["transaction_id"] == invoice), key=lambda t: int(t["line_number"])
    )
    assert [t["product_id"] for t in lines] == [r["StockCode"].upper() for r in source if r["InvoiceNo"] == invoice]


def test_users_and_products_are_derived_from_the_lines(shop, source):
    shop.land("", SLICE)
    first: dict[str, dict[str, str]] = {}
    names: dict[str, Counter[str]] = {}
    for r in sorted(source, key=lambda r: (r["InvoiceDate"], r["Country"])):
        first.setdefault(r["CustomerID"], r)
        names.setdefault(r["StockCode"].upper(), Counter())[r["Description"].strip()] += 1
    users = {u["user_id"]: u for u in shop.rows("users")}
    assert users.keys() == first.keys() - {""}
    for user, row in users.items():
        assert row["country"] == first[user]["Country"]
        assert row["registered_at"] == row["updated_at"]
        assert row["updated_at"][:10] == first[user]["InvoiceDate"][:10]
    products = {p["product_id"]: p for p in shop.rows("products")}
    assert products.keys() == names.keys()
    for code, product in products.items():
        counts = {n: c for n, c in names[code].items() if n}
        best = sorted(n for n, c in counts.items() if c == max(counts.values()))
        assert product.get("name") == (best[0] if best else None)
        assert "list_price" not in product


def test_repeated_lines_are_dropped_on_request(shop, source):
    summary = shop.land("", SLICE, drop_repeated_lines=True)
    distinct = {tuple(r.values()) for r in source}
    assert summary["dropped_lines"] == len(source) - len(distinct) > 0
    assert len(shop.rows("transactions")) + len(shop.rows("refunds")) == len(distinct)


def test_column_order_encoding_and_packing_change_no_row(shop, tmp_path, source):
    def rows_of(name: str, data: bytes) -> tuple:
        from shoplake.lake.layout import Lake

        shop.lake = Lake(tmp_path / name)
        summary = shop.land(f"{name}.csv", data)
        return summary["encoding"], {t: shop.rows(t) for t in ("users", "products", "transactions", "refunds")}

    encoding, expected = rows_of("as_it_is", SLICE.read_bytes())
    assert encoding == "utf-8"
    out = io.StringIO()
    writer = csv.DictWriter(out, list(reversed(source[0])), quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(source)
    assert rows_of("reversed_and_quoted", out.getvalue().encode())[1] == expected
    assert rows_of("packed", gzip.compress(SLICE.read_bytes()))[1] == expected
    latin = SLICE.read_text().encode("iso-8859-1")
    assert latin != SLICE.read_bytes()
    assert rows_of("latin", latin) == ("iso-8859-1", expected)


SPELLINGS = ["2011-07-01 08:26", "2011-07-01 08:26:00", "7/1/2011 8:26", "07/01/2011 08:26:00", "2011-07-01T08:26:00"]


@pytest.mark.parametrize("header", [HEADER, HEADER_II])
@pytest.mark.parametrize("date", SPELLINGS)
def test_both_headers_and_every_spelling_of_dates(shop, unmeasured, header, date):
    summary = shop.land("r.csv", f"{header}536365,85123a,x,6,{date},2.55,17850.0,United Kingdom\n")
    assert shop.rows("transactions") == [
        {
            "transaction_id": "536365", "line_number": "1", "line_type": "product", "user_id": "17850",
            "product_id": "85123A", "quantity": "6", "unit_price": "2.55", "currency": "GBP", "status": "paid",
            "ship_country": "United Kingdom", "ordered_at": "2011-07-01T07:26:00Z",
        }
    ]  # fmt: skip
    assert summary["proposed_timezone"] == "Europe/London"
    assert summary["notes"] == {"stock_codes_folded_to_upper_case": 1}


def test_another_zone_on_request(shop):
    shop.land("r.csv", f"{HEADER}1,A,x,6,2011-07-01 08:26,2.55,,UK\n", timezone="UTC")
    assert shop.rows("transactions")[0]["ordered_at"] == "2011-07-01T08:26:00Z"


@pytest.mark.parametrize(
    ("invoice", "code", "quantity", "price", "table", "line_type", "amount"),
    [
        ("1", "22423", "2", "1.5", "transactions", "product", "3.0"),
        ("1", "POST", "1", "18", "transactions", "shipping", "18"),
        ("1", "DOT", "1", "18", "transactions", "shipping", "18"),
        ("1", "C2", "1", "50", "transactions", "shipping", "50"),
        ("1", "m", "1", "2", "transactions", "adjustment", "2"),
        ("1", "BANK CHARGES", "1", "15", "transactions", "fee", "15"),
        ("1", "gift_0001_20", "1", "16.67", "transactions", "gift_card", "16.67"),
        ("A1", "B", "1", "-11062.06", "transactions", "adjustment", "-11062.06"),
        ("A1", "22423", "1", "5", "transactions", "adjustment", "5"),
        ("1", "22423", "-3", "0.0", "transactions", "stock_adjustment", "0"),
        ("1", "22423", "0", "0", "transactions", "stock_adjustment", "0"),
        ("1", "22423", "-3", "1.5", "transactions", "adjustment", "-4.5"),
        ("1", "22423", "3", "-1.5", "transactions", "adjustment", "-4.5"),
        ("1", "22423", "3", "0", "transactions", "product", "0"),
        ("C1", "22423", "-2", "1.5", "refunds", "product", "3.0"),
        ("C1", "22423", "-2.0", "0.001", "refunds", "product", "0.002"),
        ("C1", "D", "-1", "27.5", "refunds", "discount", "27.5"),
        ("C1", "CRUK", "-1", "9", "refunds", "donation", "9"),
        ("C1", "M", "1", "373.57", "transactions", "adjustment", "373.57"),
    ],
)
def test_what_each_row_becomes(shop, unmeasured, invoice, code, quantity, price, table, line_type, amount):
    shop.land("r.csv", f"{HEADER}{invoice},{code},x,{quantity},2011-07-01 08:26,{price},,UK\n")
    [row] = shop.rows(table)
    assert row["line_type"] == line_type
    found = Decimal(row["amount"]) if table == "refunds" else Decimal(row["quantity"]) * Decimal(row["unit_price"])
    assert found == Decimal(amount)


def test_what_cannot_be_read_stays_as_it_is_for_clean_to_judge(shop):
    rows = "1,A,x,many,31/31/2011 8:26,cheap,,UK\nC1,A,x,-many,2011-07-01,1.5,,UK\n2,A,x,1\n"
    summary = shop.land("r.csv", HEADER + rows)
    assert (summary["rows_in_file"], summary["malformed_rows"]) == (3, 1)
    [sale] = shop.rows("transactions")
    assert (sale["quantity"], sale["unit_price"], sale["ordered_at"]) == ("many", "cheap", "31/31/2011 8:26")
    [refund] = shop.rows("refunds")
    assert "amount" not in refund
    assert [r["raw_text"] for r in shop.odd("transactions")] == ["2,A,x,1"]


@pytest.mark.real
def test_the_whole_file(shop):
    folder = os.environ.get("SHOPLAKE_REAL_DATA")
    if not folder:
        pytest.fail("SHOPLAKE_REAL_DATA is not set: it names the folder that holds online_retail.csv.gz")
    summary = shop.land("", Path(folder) / "online_retail.csv.gz")
    assert summary["rows_in_file"] == 541_909
    assert {t: v["rows"] for t, v in summary["tables"].items()} == {
        "users": 4_372, "products": 3_958, "transactions": 532_621, "refunds": 9_288,
    }  # fmt: skip
    assert (summary["repeated_lines"], summary["malformed_rows"], summary["derived_rows"]) == (5_268, 0, 8_330)
    totals = Counter()
    for m in summary["money"]:
        totals[m["table"]] += Decimal(m["amount"])
        assert m["without_amount"] == 0
    assert totals == {"transactions": Decimal("10644560.424"), "refunds": Decimal("896812.49")}
    told = {(m["table"], m["line_type"]): (m["rows"], m["amount"]) for m in summary["money"]}
    assert told["transactions", "stock_adjustment"] == (1_336, "0")
    assert told["transactions", "gift_card"] == (34, "685.81")
    transactions, refunds = shop.rows("transactions"), shop.rows("refunds")
    assert len({t["transaction_id"] for t in transactions}) == 22_064
    assert len({r["refund_id"] for r in refunds}) == 3_836
    sales = [t for t in transactions if t.get("user_id") and int(t["quantity"]) > 0 and Decimal(t["unit_price"]) > 0]
    assert (len(sales), len({t["transaction_id"] for t in sales}), len({t["user_id"] for t in sales})) == (
        397_884,
        18_532,
        4_338,
    )
    assert landed_money(sales) == Decimal("8911407.904")
    london = ZoneInfo("Europe/London")
    months: Counter[str] = Counter()
    from datetime import datetime

    for t in sales:
        months[f"{datetime.fromisoformat(t['ordered_at']).astimezone(london):%Y-%m}"] += Decimal(
            t["quantity"]
        ) * Decimal(t["unit_price"])
    assert round(months["2010-12"], 2) == Decimal("572713.89")
    assert round(months["2011-11"], 2) == Decimal("1161817.38")
