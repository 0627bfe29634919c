"""Every core and marts table equals an independent recomputation, and the real file's published figures come out."""

import csv
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from tests.recompute.compare import compare
from tests.recompute.odd_shop import deliver_odd_shop

# Tables of the UCI file that stay empty: it has no clicks.
WITHOUT_CLICKS = frozenset(
    {
        "core.dim_visitors",
        "core.fact_clickstream",
        "core.fact_sessions",
        "marts.abandoned_carts",
        "marts.conversion_funnel",
        "marts.known_sessions",
        "marts.visitor_users",
    }
)


def shoplake(lake: Path, *words: str, timezone: str = "UTC") -> str:
    command = [sys.executable, "-m", "shoplake", "--lake", str(lake), "--threads", "1", *words]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("SHOPLAKE_")}
    environment["SHOPLAKE_TIMEZONE"] = timezone
    done = subprocess.run(command, capture_output=True, text=True, cwd=lake.parent, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def assert_equal(lake: Path, empty: frozenset[str] = frozenset()) -> None:
    found, rows = compare(lake)
    assert not found, found
    assert {table for table, n in rows.items() if not n} == empty


@pytest.mark.made
def test_a_generated_shop_with_heavy_mess_equals_its_recomputation(tmp_path):
    lake = tmp_path / "lake"
    shoplake(lake, "generate", "all", "--size", "tiny", "--mess", "heavy", "--seed", "11", "--parts", "1")
    shoplake(lake, "build", "--from", "2025-07-01")  # clicks begin in August; a user or product told earlier is unknown
    assert_equal(lake)


def odd_shop_equals_its_recomputation(lake: Path, seed: int, as_of: str) -> None:
    deliver_odd_shop(lake, seed)
    shoplake(lake, "build", timezone="America/New_York")
    assert_equal(lake)
    shoplake(lake, "build", "--as-of", as_of, timezone="America/New_York")
    assert_equal(lake)


@pytest.mark.made
def test_a_shop_in_which_everything_coincides_equals_its_recomputation(tmp_path):
    odd_shop_equals_its_recomputation(tmp_path / "lake", 1, "2025-03-15")


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 14))
def test_more_shops_in_which_everything_coincides(tmp_path, seed):
    odd_shop_equals_its_recomputation(tmp_path / "lake", seed, f"2025-03-{6 + seed:02}")


# -- the real file ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def uci(tmp_path_factory):
    folder = os.environ.get("SHOPLAKE_REAL_DATA")
    if not folder:
        pytest.fail("SHOPLAKE_REAL_DATA is not set: it names the folder that holds online_retail.csv.gz")
    lake = tmp_path_factory.mktemp("uci") / "lake"
    shoplake(lake, "ingest", str(Path(folder).resolve() / "online_retail.csv.gz"), timezone="Europe/London")
    shoplake(lake, "build", timezone="Europe/London")
    return lake


def ask(lake: Path, sql: str) -> list[list[str]]:
    """Rows of a question, through the command people use."""
    text = shoplake(lake, "query", sql, "--format", "csv", timezone="Europe/London")
    return list(csv.reader(text.splitlines()))[1:]


def numbers(lake: Path, sql: str) -> list[Decimal]:
    (row,) = ask(lake, sql)
    return [Decimal(v) for v in row]


@pytest.mark.real
def test_the_uci_file_equals_its_recomputation(uci):
    assert_equal(uci, WITHOUT_CLICKS)


CLEAN_SET = "user_id IS NOT NULL AND quantity > 0 AND unit_price > 0"
FIGURES = {
    "lines, invoices and money not starting with C": (
        "SELECT COUNT(*), COUNT(DISTINCT transaction_id), SUM(quantity * unit_price) FROM clean.transactions",
        "532621 22064 10644560.424",
    ),
    "the same in core": (
        "SELECT COUNT(*), COUNT(DISTINCT transaction_id), SUM(line_amount) FROM core.fact_transactions",
        "532621 22064 10644560.424",
    ),
    "lines, invoices and money starting with C": (
        "SELECT COUNT(*), COUNT(DISTINCT refund_id), SUM(amount) FROM clean.refunds",
        "9288 3836 896812.49",
    ),
    "the same refunds in core": (
        "SELECT COUNT(*), COUNT(DISTINCT refund_id), SUM(amount) FROM core.fact_refunds",
        "9288 3836 896812.49",
    ),
    "the standard clean set": (
        "SELECT COUNT(*), COUNT(DISTINCT transaction_id), COUNT(DISTINCT user_id), SUM(quantity * unit_price)"
        f" FROM clean.transactions WHERE {CLEAN_SET}",
        "397884 18532 4338 8911407.904",
    ),
    "the standard clean set in core": (
        "SELECT COUNT(*), COUNT(DISTINCT transaction_id), COUNT(DISTINCT user_id), SUM(line_amount)"
        f" FROM core.fact_transactions WHERE {CLEAN_SET}",
        "397884 18532 4338 8911407.904",
    ),
    "net revenue over all rows": (
        "SELECT SUM(m) FROM (SELECT line_amount AS m FROM core.fact_transactions"
        " UNION ALL SELECT -amount AS m FROM core.fact_refunds) AS a",
        "9747747.934",
    ),
    "customers": ("SELECT COUNT(DISTINCT user_id) FROM core.dim_users WHERE user_id IS NOT NULL", "4372"),
    "products": ("SELECT COUNT(DISTINCT product_id) FROM core.dim_products WHERE product_id IS NOT NULL", "3958"),
    "countries": (
        "SELECT COUNT(DISTINCT ship_country) FROM (SELECT ship_country FROM core.fact_transactions"
        " UNION ALL SELECT ship_country FROM core.fact_refunds) AS a",
        "38",
    ),
    "customer missing": (
        "SELECT SUM(n) FROM (SELECT COUNT(*) AS n FROM core.fact_transactions WHERE user_id IS NULL"
        " UNION ALL SELECT COUNT(*) AS n FROM core.fact_refunds WHERE user_id IS NULL) AS a",
        "135080",
    ),
    "negative prices": ("SELECT COUNT(*) FROM core.fact_transactions WHERE unit_price < 0", "2"),
    "write-off lines": ("SELECT COUNT(*) FROM core.fact_transactions WHERE quantity < 0 AND unit_price = 0", "1336"),
    "lines priced 0.001": ("SELECT COUNT(*) FROM core.fact_transactions WHERE unit_price = 0.001", "4"),
    "recency": (
        "SELECT ROUND(AVG(recency_days), 3), MEDIAN(recency_days), MAX(recency_days) FROM marts.customer_rfm",
        "93.059 51 374",
    ),
    "frequency": (
        "SELECT ROUND(AVG(order_count), 3), MEDIAN(order_count), MAX(order_count) FROM marts.customer_rfm",
        "4.272 2 209",
    ),
    "customers with one invoice": ("SELECT COUNT(*) FROM marts.customer_rfm WHERE order_count = 1", "1493"),
    "money, summed": (
        "SELECT SUM(monetary_amount), MAX(monetary_amount), COUNT(*), COUNT(DISTINCT as_of) FROM marts.customer_rfm",
        "8911407.904 280206.02 4338 1",
    ),
    "users with a sale": ("SELECT COUNT(*), COUNT(DISTINCT as_of) FROM marts.churn_features", "4339 1"),
}


@pytest.mark.real
@pytest.mark.parametrize("name", FIGURES)
def test_a_published_figure_of_the_uci_file(uci, name):
    sql, expected = FIGURES[name]
    assert numbers(uci, sql) == [Decimal(v) for v in expected.split()]


@pytest.mark.real
def test_money_a_customer_spent_at_2011_12_10(uci):
    rows = ask(uci, "SELECT as_of, monetary_amount FROM marts.customer_rfm")
    assert {day for day, _ in rows} == {"2011-12-10"}
    money = sorted(Decimal(m) for _, m in rows)
    assert round(sum(money) / len(money), 3) == Decimal("2054.266")
    middle = money[len(money) // 2 - 1 : len(money) // 2 + 1]
    assert sum(middle) / 2 == Decimal("674.485")


@pytest.mark.real
def test_revenue_by_month(uci):
    rows = ask(
        uci,
        "SELECT d.year, d.month, SUM(t.line_amount) FROM core.fact_transactions AS t"
        f" JOIN core.dim_date AS d ON d.calendar_date = t.order_date WHERE {CLEAN_SET} GROUP BY 1, 2 ORDER BY 1, 2",
    )
    expected = """572713.89 569445.04 447137.35 595500.76 469200.36 678594.56 661213.69 600091.01 645343.90 952838.38
        1039318.79 1161817.38 518192.79"""
    assert [f"{Decimal(m):.2f}" for _, _, m in rows] == expected.split()
    assert (rows[0][:2], rows[-1][:2]) == (["2010", "12"], ["2011", "12"])


@pytest.mark.real
def test_net_by_country(uci):
    rows = ask(
        uci,
        "SELECT ship_country, SUM(m) AS net FROM (SELECT ship_country, line_amount AS m FROM core.fact_transactions"
        " UNION ALL SELECT ship_country, -amount AS m FROM core.fact_refunds) AS a GROUP BY 1 ORDER BY 2 DESC LIMIT 5",
    )
    assert [(country, f"{Decimal(net):.2f}") for country, net in rows] == [
        ("United Kingdom", "8187806.36"),
        ("Netherlands", "284661.54"),
        ("EIRE", "263276.82"),
        ("Germany", "221698.21"),
        ("France", "197403.90"),
    ]
