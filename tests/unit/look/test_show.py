"""`show`, `show dashboards`, `show path`: what is in the lake, exactly."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlglot

from shoplake.contracts import load
from shoplake.look import drawing
from shoplake.look.dashboards import SQL
from shoplake.look.guard import check
from tests.unit.look.conftest import Ask


def test_overview(ask: Ask, lake: Path) -> None:
    found = json.loads(ask("show", "--json", "--lake", lake).out)
    assert (found["generation"], found["is_published"], found["as_of"], found["settings"]["currency"]) == (
        2,
        True,
        "2025-03-10",
        "EUR",
    )
    tables = {t["table"]: t for t in found["tables"]}
    assert (
        tables["clean.users"] | {"days": 4, "rows": 4, "first": "2025-03-01", "last": "2025-03-09"}
        == tables["clean.users"]
    )
    assert tables["rejected.transactions"]["rows"] == 1
    assert tables["core.fact_transactions"] | {"rows": 6, "days": 4} == tables["core.fact_transactions"]
    assert {"marts.customer_rfm", "ledger.movements"} <= set(tables)
    arrivals = {a["table"]: a for a in found["arrivals"]}
    assert arrivals["transactions"]["reasons"] == {"bad_number:quantity": 1}
    assert all(a["adds_up"] and a["landed"] == a["clean"] + a["duplicate"] + a["rejected"] for a in found["arrivals"])
    assert all(
        m["clean_rows"] == m["core_rows"] + m["superseded_rows"] + m["redelivered_rows"] for m in found["movements"]
    )
    fresh = {f["table"]: f for f in found["freshness"]}
    assert (
        fresh["clean.transactions"] | {"newest": "2025-03-09", "days_behind": 0, "is_fresh": True}
        == fresh["clean.transactions"]
    )
    assert [(g["generation"], g["is_shown"]) for g in found["kept"]] == [(1, False), (2, True)]


def test_overview_as_text(ask: Ask, lake: Path) -> None:
    text = ask("show", "--lake", lake).out
    for said in (
        "Generation 2 (published), as of 2025-03-10",
        "clean.transactions",
        "transactions rejected: bad_number 1",
        "Freshness",
        "Kept generations",
        "malformed 1",
    ):
        assert said in text
    assert "\x1b" not in text
    assert "Generation 1 (kept, not the published one)" in ask("show", "--generation", "1", "--lake", lake).out


def boards(ask: Ask, lake: Path) -> dict[str, Any]:
    found = json.loads(ask("show", "dashboards", "--json", "--lake", lake).out)
    return {**found, "by_name": {b["name"]: b for b in found["dashboards"]}}


def figures(block: dict[str, Any]) -> dict[str, Any]:
    return {f["name"]: f["value"] for f in block["figures"]}


def test_dashboards_hold_exact_figures(ask: Ask, lake: Path) -> None:
    found = boards(ask, lake)
    assert found["currencies"] == ["EUR", "JPY", "USD"]
    names = found["by_name"]
    assert list(names) == ["revenue", "products", "customers", "funnel", "abandoned_carts"]
    assert all(len(b["figures"]) >= 4 for board in names.values() for b in board["blocks"])
    euro = names["revenue"]["blocks"][0]
    assert figures(euro) | {
        "net_last_day": "46.5020", "net_same_weekday_before": "21.0000", "orders_last_day": 2, "average_order_amount": "23.2510",
        "net_30_days": "67.5020", "refunds_30_days": "1.5000", "cancelled_orders_30_days": 1,
    } == figures(euro)  # fmt: skip
    assert [Decimal(v) for v in euro["series"]["net_by_hour_last_day"]][11:13] == [Decimal("40.5"), Decimal("6.002")]
    assert len(euro["series"]["net_by_day_30_days"]) == 30
    segments = names["customers"]["blocks"][0]["rows"]["segments"]
    assert sum(s["customers"] for s in segments) == 2
    assert sum(Decimal(s["amount_share"]) for s in segments) == 1


def test_funnel_and_carts(ask: Ask, lake: Path) -> None:
    names = boards(ask, lake)["by_name"]
    (funnel,) = names["funnel"]["blocks"]
    assert [s["sessions"] for s in funnel["rows"]["steps"]] == [6, 5, 5, 3, 3]
    assert figures(funnel) | {
        "sessions": 6,
        "purchases": 3,
        "conversion_ratio": "0.500000",
        "buy_now_count": 2,
    } == figures(funnel)
    assert {c["channel"]: c["session_count"] for c in funnel["rows"]["channels"]} == {"direct": 5, "email": 1}
    assert {d["device_type"] for d in funnel["rows"]["devices"]} == {"mobile", "desktop"}
    carts = names["abandoned_carts"]["blocks"][0]
    assert figures(carts) | {
        "carts": 2,
        "left_amount": "109.5000",
        "recovered_amount": "10.5000",
        "recovered_share": "0.095890",
        "average_amount": "54.7500",
    } == figures(carts)
    assert [r["left_amount"] for r in carts["rows"]["top"]] == ["99.0000", "10.5000"]
    assert not any(name in row for row in carts["rows"]["top"] for name in ("visitor_id", "user_id", "session_key"))


def test_dashboards_as_text(ask: Ask, lake: Path) -> None:
    text = ask("show", "dashboards", "--lake", lake).out
    for said in (
        "Currencies are never added: EUR, JPY, USD",
        "46.50",
        "Thing 1",
        "champions",
        "checked out",
        "value left",
    ):
        assert said in text
    assert "\x1b" not in text


def test_the_sql_is_any_engines(lake: Path) -> None:
    """It parses where the models run, and a person may run it through `query`."""
    words = {
        "as_of": "2025-03-10",
        "last": "2025-03-09",
        "once": "2025-02-08",
        "twice": "2025-01-09",
        "top_products": 10,
        "top_carts": 5,
    }
    for sql in (text.format(**words) for text in SQL.values()):
        check(sql, load())
        for dialect in ("spark", "hive"):
            assert sqlglot.parse_one(sqlglot.transpile(sql, read="duckdb", write=dialect)[0], read=dialect)


def test_without_clicks_it_says_what_to_bring(ask: Ask, lake_without_clicks: Path) -> None:
    found = boards(ask, lake_without_clicks)
    for name in ("funnel", "abandoned_carts"):
        assert "No clicks in this lake" in found["by_name"][name]["note"]
    text = ask("show", "dashboards", "--lake", lake_without_clicks).out
    assert text.count("No clicks in this lake") == 2
    assert "shoplake ingest" in text


def test_path(ask: Ask, lake: Path) -> None:
    assert ask("show", "path", "--lake", lake).out.strip() == str(lake.resolve() / "gen" / "gen-000002.duckdb")
    assert json.loads(ask("show", "path", "--json", "--generation", "1", "--lake", lake).out)["path"].endswith(
        "gen-000001.duckdb"
    )


@pytest.mark.parametrize("verb", [("show",), ("show", "dashboards"), ("show", "hashes"), ("show", "path"), ("verify",)])
def test_no_lake_and_no_generation_are_told(ask: Ask, lake: Path, tmp_path: Path, verb: tuple[str, ...]) -> None:
    assert ask(*verb, "--lake", tmp_path / "none").code == 2
    found = ask(*verb, "--generation", "7", "--lake", lake)
    assert (found.code, found.out) == (2, "")
    assert "not kept. Kept: 1, 2." in found.err


def test_drawing() -> None:
    assert drawing.sparkline([None, 0, 1, 8]) == "··▁█"
    assert drawing.bar(1, 10_000, 10) == "▏"
    assert (drawing.bar(10, 10, 3), drawing.bar(0, 10, 3), drawing.bar(-1, 10, 3)) == ("███", "", "")
    assert (
        drawing.money(Decimal("1234.565")),
        drawing.percent(Decimal("-0.0005"), signed=True),
        drawing.size(999),
        drawing.size(1_500_000),
    ) == ("1,234.57", "-0.1%", "999 B", "1.5 MB")
    assert (drawing.ratio(1, 3), drawing.ratio(1, 0), drawing.ratio(2, 3, 2)) == (
        Decimal("0.333333"),
        None,
        Decimal("0.67"),
    )
    assert drawing.table(("a", "b"), [("x\ny", 1)], right=(1,)) == ["  a    b", "  x y  1"]


def test_where_blocks_cannot_be_written_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "draws_blocks", lambda: False)
    drawn = drawing.bar(5, 10, 10) + drawing.sparkline([1, 2, 3]) + drawing.cut("x" * 30, 5)
    assert drawn == "#####369xxxx>"
