"""How much the generated shop is like a real one: figures of a built lake, each beside that of a real shop.

    python -m shoplake.generate.realism LAKE --write docs/reference/realism.md

The real figures are in tests/realism/references.json, with where they are from and how they were computed.
"""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from shoplake.engines.duckdb import DuckDB
from shoplake.errors import ShoplakeError, WrongUse
from shoplake.generate import realism_page
from shoplake.generate.realism_found import Found, find
from shoplake.lake.layout import Lake, write_atomically
from shoplake.lake.manifest import read_manifest
from shoplake.terminal import out, say

REFERENCES = Path("tests/realism/references.json")
NEAR = 0.25  # a figure may be this share away from the real one, unless its own band is given
_SALES = "is_sale AND line_type = 'product' AND quantity > 0 AND unit_price > 0"


class Source(msgspec.Struct, frozen=True):
    """A real shop, or a study of many."""

    title: str
    url: str


class Reference(msgspec.Struct, frozen=True):
    """A figure of a real shop: of which, and how it was computed."""

    value: float
    source: str
    how: str


class References(msgspec.Struct, frozen=True):
    """references.json. `profiles` hold shares of orders by hour, weekday (Monday first) and month of the UCI file."""

    sources: dict[str, Source]
    figures: dict[str, Reference]
    profiles: dict[str, list[float]]


class Asked(msgspec.Struct, frozen=True):
    """A figure the page shows. `band`: instead of 25 % around the reference, and `note` says why."""

    key: str
    section: str
    label: str
    unit: str = "share"
    band: tuple[float, float] | None = None
    note: str = ""


ASKED = (
    Asked("carts_per_view", "Rates", "Carts per view"),
    Asked("purchases_per_cart", "Rates", "Purchases per cart"),
    Asked("purchases_per_view", "Rates", "Purchases per view"),
    Asked("events_per_visitor", "Rates", "Views, carts and purchases per visitor", "number"),
    Asked("spend_gini", "Concentration", "Spend per customer, Gini", "number"),
    Asked("spend_top_share", "Concentration", "Spend of the top 1 % of customers"),
    Asked("popularity_gini", "Concentration", "Lines sold per product, Gini", "number"),
    Asked("popularity_top_share", "Concentration", "Lines sold of the top 1 % of products"),
    Asked("customers_with_2_orders", "Repeat purchases", "Customers with 2 orders or more"),
    Asked("customers_with_3_orders", "Repeat purchases", "Customers with 3 orders or more"),
    Asked("customers_with_5_orders", "Repeat purchases", "Customers with 5 orders or more"),
    Asked("customers_with_10_orders", "Repeat purchases", "Customers with 10 orders or more"),
    Asked("night_share", "Day", "Orders between midnight and six"),
    Asked("busiest_hour", "Day", "Busiest hour of the day", "hour", band=(19, 21), note="An hour of the clock: one hour either way."),
    Asked("busiest_hour_share", "Day", "Orders in the busiest hour", band=(0.07, 0.12),
          note="Not within 25 %: UCI is a wholesaler that takes orders ten hours a day; people also buy in the evening and at night."),
    Asked("busiest_weekday", "Week", "Busiest weekday over the mean of the open ones", "number"),
    Asked("quietest_weekday", "Week", "Quietest weekday over the mean of the open ones", "number", band=(0.85, 1.0),
          note="Not within 25 %: UCI is closed on Saturdays and half asleep on Sundays; a shop for people is open all week."),
    Asked("busiest_month", "Season", "Busiest month over the mean", "number"),
    Asked("quietest_month", "Season", "Quietest month over the mean", "number"),
    Asked("last_quarter_share", "Season", "Orders of October to December"),
    Asked("price_changes_a_month", "Prices", "Products whose price changes in a month"),
    Asked("price_changes_a_month_uci", "Prices", "The same, of the file"),
    Asked("products_with_price_change", "Prices", "Products with a change in the year"),
    Asked("price_rises", "Prices", "Changes that are rises"),
    Asked("price_step", "Prices", "Size of a change, median", band=(0.07, 0.16),
          note="Not within 25 %: UCI's commonest price of a month jumps between the single and the bulk price; here a price is a price."),
)  # fmt: skip


class Figure(msgspec.Struct, frozen=True):
    """A figure of the generated shop beside its reference. `low` and `high` are both inside the band."""

    asked: Asked
    value: float
    reference: Reference
    low: float
    high: float

    @property
    def in_band(self) -> bool:
        return self.low <= self.value <= self.high


def read_references(path: Path) -> References:
    """Raises WrongUse when the file is not there or not what it has to be."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=References)
    except OSError as e:
        raise WrongUse(f"{path}: {e.strerror}. Run this in a checkout, or name the file with --references.") from e
    except msgspec.MsgspecError as e:
        raise WrongUse(f"{path}: {e}. Restore it from the repository.") from e


@contextmanager
def opened(lake: Lake) -> Iterator[DuckDB]:
    """The published generation, to be read."""
    engine = DuckDB()
    try:
        engine.attach(lake.root / read_manifest(lake).database_file().path, read_only=True)
        yield engine
    finally:
        engine.close()


def click_figures(engine: DuckDB) -> dict[str, float]:
    """Rates of all events in core: known robots are out of it, undeclared ones are not, as in anyone's log."""
    views, carts, purchases, visitors = _row(
        engine,
        "SELECT COUNT(*) FILTER (event_type = 'view'), COUNT(*) FILTER (event_type = 'add_to_cart'), "
        "COUNT(*) FILTER (event_type = 'purchase'), COUNT(DISTINCT visitor_id) FROM core.fact_clickstream",
    )
    return {
        "carts_per_view": carts / views,
        "purchases_per_cart": purchases / carts,
        "purchases_per_view": purchases / views,
        "events_per_visitor": (views + carts + purchases) / visitors,
    }


def order_figures(engine: DuckDB) -> dict[str, float]:
    """Concentration, repeat purchases, rhythm and prices of sold product lines; of any shop, the UCI file's too.

    Customers and prices are those of the commonest currency: two currencies are never added.
    """
    engine.execute(f"CREATE OR REPLACE TEMP TABLE sold AS SELECT * FROM core.fact_transactions WHERE {_SALES}")
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE own AS SELECT * FROM sold WHERE currency = "
        "(SELECT currency FROM sold GROUP BY currency ORDER BY COUNT(*) DESC, currency LIMIT 1)"
    )
    spend = (
        "SELECT user_id AS of, CAST(SUM(net_amount) AS DOUBLE) AS x FROM own WHERE user_id IS NOT NULL GROUP BY user_id"
    )
    lines = "SELECT product_id AS of, CAST(COUNT(*) AS DOUBLE) AS x FROM sold GROUP BY product_id"
    found = {}
    for name, each in (("spend", spend), ("popularity", lines)):
        found[f"{name}_gini"], found[f"{name}_top_share"] = _concentration(engine, each)
    return {**found, **_repeats(engine), **_rhythm(profiles(engine)), **_prices(engine)}


def _concentration(engine: DuckDB, each: str) -> tuple[Any, ...]:
    """(Gini, share of the greatest 1 %) of x."""
    return _row(
        engine,
        f"WITH e AS ({each}), r AS (SELECT x, ROW_NUMBER() OVER (ORDER BY x, of) AS k, COUNT(*) OVER () AS n FROM e) "
        "SELECT 2.0 * SUM(k * x) / (MAX(n) * SUM(x)) - (MAX(n) + 1.0) / MAX(n), "
        "SUM(x) FILTER (k > n - GREATEST(1, n // 100)) / SUM(x) FROM r",
    )


def _repeats(engine: DuckDB) -> dict[str, float]:
    counts = "SELECT COUNT(DISTINCT transaction_id) AS n FROM own WHERE user_id IS NOT NULL GROUP BY user_id"
    least = (2, 3, 5, 10)
    shares = _row(engine, f"SELECT {', '.join(f'AVG(CAST(n >= {k} AS INT))' for k in least)} FROM ({counts})")
    return {f"customers_with_{k}_orders": share for k, share in zip(least, shares, strict=True)}


def profiles(engine: DuckDB) -> dict[str, list[float]]:
    """Shares of orders by hour, by weekday (Monday first) and by month (twelve whole ones, January first)."""
    orders = f"SELECT transaction_id, MIN(order_date) AS d, MIN(order_hour) AS h FROM core.fact_transactions WHERE {_SALES} GROUP BY transaction_id"
    year = f"o AS ({orders}), y AS (SELECT d FROM o WHERE d < (SELECT DATE_TRUNC('month', MIN(d)) + INTERVAL 1 YEAR FROM o))"
    parts = (
        ("hours", "h", "o", range(24)),
        ("weekdays", "ISODOW(d)", "o", range(1, 8)),
        ("months", "MONTH(d)", "y", range(1, 13)),
    )
    found = {}
    for name, part, of, values in parts:
        shares: dict[int, float] = dict(
            engine.rows(f"WITH {year} SELECT {part}, COUNT(*) / (SELECT COUNT(*) FROM {of}) FROM {of} GROUP BY ALL")
        )
        found[name] = [float(shares.get(v, 0)) for v in values]
    return found


def _rhythm(of: dict[str, list[float]]) -> dict[str, float]:
    hours, months = of["hours"], of["months"]
    week = [w for w in of["weekdays"] if w]
    return {
        "night_share": sum(hours[:6]),
        "busiest_hour": float(hours.index(max(hours))),
        "busiest_hour_share": max(hours),
        "busiest_weekday": max(week) * len(week),
        "quietest_weekday": min(week) * len(week),
        "busiest_month": max(months) * 12,
        "quietest_month": min(months) * 12,
        "last_quarter_share": sum(months[9:]),
    }


def _prices(engine: DuckDB) -> dict[str, float]:
    """The price of a product in a month is the one most lines were sold at; of products sold in six months and more."""
    engine.execute(
        "CREATE OR REPLACE TEMP TABLE steps AS WITH counted AS ("
        "SELECT product_id, DATE_TRUNC('month', order_date) AS m, unit_price AS p, COUNT(*) AS n FROM own GROUP BY ALL), monthly AS ("
        "SELECT product_id, m, p FROM counted QUALIFY ROW_NUMBER() OVER (PARTITION BY product_id, m ORDER BY n DESC, p) = 1) "
        "SELECT product_id, CAST(p AS DOUBLE) AS p, CAST(LAG(p) OVER w AS DOUBLE) AS before, COUNT(*) OVER (PARTITION BY product_id) AS months "
        "FROM monthly WINDOW w AS (PARTITION BY product_id ORDER BY m)"
    )
    changed = "CAST(p <> before AS INT)"
    a_month, rises, step = _row(
        engine,
        f"SELECT AVG({changed}), AVG(CAST(p > before AS INT)) FILTER (p <> before), MEDIAN(ABS(p / before - 1)) FILTER (p <> before) "
        "FROM steps WHERE before IS NOT NULL AND months >= 6",
    )
    (some,) = _row(
        engine, f"SELECT AVG(c) FROM (SELECT MAX({changed}) AS c FROM steps WHERE months >= 6 GROUP BY product_id)"
    )
    return {
        "price_changes_a_month": a_month,
        "price_changes_a_month_uci": a_month,
        "products_with_price_change": some,
        "price_rises": rises,
        "price_step": step,
    }


def _row(engine: DuckDB, sql: str) -> tuple[Any, ...]:
    (row,) = engine.rows(sql)
    return row


def beside(values: dict[str, float], references: References) -> list[Figure]:
    """Each figure asked for with its reference and band."""
    found = []
    for asked in ASKED:
        reference = references.figures[asked.key]
        low, high = asked.band or (reference.value * (1 - NEAR), reference.value * (1 + NEAR))
        found.append(Figure(asked, float(values[asked.key]), reference, low, high))
    return found


def out_of_band(figures: list[Figure]) -> list[str]:
    """A sentence for each figure that left its band."""
    return [
        f"{f.asked.key}: found {f.value:.4g}, expected {f.low:.4g} to {f.high:.4g} ({f.reference.source}: {f.reference.value:.4g}). "
        "Tune the generator, or give the figure a band of its own and say why."
        for f in figures
        if not f.in_band
    ]


def measure(lake: Lake, references: References) -> list[Figure]:
    """All figures of a built lake."""
    with opened(lake) as engine:
        return beside({**click_figures(engine), **order_figures(engine)}, references)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m shoplake.generate.realism", description="Write the realism page of a lake."
    )
    parser.add_argument("lake", type=Path, metavar="LAKE", help="a generated lake that was built")
    parser.add_argument("--write", type=Path, metavar="FILE", help="where to [default: standard output]")
    parser.add_argument("--references", type=Path, default=REFERENCES, metavar="FILE")
    options = parser.parse_args(arguments)
    try:
        lake, references = Lake(options.lake), read_references(options.references)
        found: Found = find(lake)
        figures = measure(lake, references)
        with opened(lake) as engine:
            text = realism_page.page(figures, references, profiles(engine), found)
    except ShoplakeError as e:
        say(str(e))
        return e.exit_code
    if options.write:
        write_atomically(options.write, text)
    else:
        out(text)
    for line in (wrong := [*out_of_band(figures), *found.wrong]):
        say(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
