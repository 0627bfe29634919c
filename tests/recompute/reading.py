"""What happened, read from a lake's clean Parquet files: copies settled, sessions cut, versions and states in order.

Nothing here is shared with the product: no SQL, no engine, no import of shoplake. Money is whole ten-thousandths, so every sum is exact.
"""

import json
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl

CLEAN = ("users", "products", "transactions", "refunds", "clickstream")
SILENCE_US = 30 * 60 * 1_000_000


def words(text: str) -> list[str]:
    return text.split()


EVENT_TIES = words("""event_us event_type visitor_id user_id session_id product_id quantity unit_price currency transaction_id
search_query page_url referrer utm_source utm_medium utm_campaign device_type user_agent ip_address country""")
LINE_TIES = words("""ordered_us line_type user_id email visitor_id product_id quantity unit_price discount_amount tax_amount
shipping_amount total_amount currency coupon_code payment_method card_last4 status order_source ship_city ship_region
ship_postal_code ship_country""")
REFUND_TIES = words("""refunded_us line_type transaction_id transaction_line_number user_id product_id quantity unit_price amount
tax_amount currency reason payment_method ship_country""")
PRODUCT_TRACKED = ["list_price", "cost_price", "category", "name", "is_active"]
USER_TRACKED = words("customer_segment email street city region postal_code country accepts_marketing")
SOLD = ["paid", "shipped", "delivered", "refunded"]
GOODS = ["product", "gift_card", "donation"]

PAID = ["cpc", "ppc", "paid", "display", "banner", "cpm"]
MEDIA = dict.fromkeys(PAID, "paid") | dict.fromkeys(("affiliate", "affiliates", "partner"), "affiliate")
MEDIA |= dict.fromkeys(("social", "paid_social", "social-media"), "social")
MEDIA |= {"email": "email", "newsletter": "email", "organic": "organic", "seo": "organic"}
SEARCHERS = r"://www\.google\.|://www\.bing\.|://duckduckgo\."
NETWORKS = r"facebook\.|instagram\.|tiktok\."


@dataclass(frozen=True)
class Lake:
    """The clean tables of one published generation, and what it was asked."""

    root: Path
    database: Path
    as_of: date
    as_of_us: int
    tables: dict[str, pl.DataFrame]


def read_lake(root: Path) -> Lake:
    generation = (root / "CURRENT").read_text().strip()
    manifest = json.loads((root / "gen" / f"{generation}.json").read_text())
    as_of = date.fromisoformat(manifest["as_of"])
    midnight = datetime(as_of.year, as_of.month, as_of.day, tzinfo=ZoneInfo(manifest["settings"]["timezone"]))
    found: dict[str, list[pl.DataFrame]] = {t: [] for t in CLEAN}
    for partition in manifest["partitions"]:
        for file in partition["clean_files"]:
            frame = pl.read_parquet(root / file["path"], hive_partitioning=False, use_pyarrow=False)
            ds = date.fromisoformat(partition["ds"])
            found[partition["table"]].append(frame.with_columns(ds=pl.lit(ds, pl.Date)))
    tables = {t: in_whole_units(pl.concat(frames)) for t, frames in found.items() if frames}
    for table in CLEAN:
        tables.setdefault(table, pl.DataFrame())
    return Lake(root, root / manifest["database"]["path"], as_of, int(midnight.timestamp()) * 1_000_000, tables)


def in_whole_units(frame: pl.DataFrame) -> pl.DataFrame:
    """Decimals of scale s as whole numbers of 10^-s: their stored integers, taken as they are."""
    decimals = [c for c, t in frame.schema.items() if isinstance(t, pl.Decimal)]
    return frame.with_columns(frame[c].to_physical().cast(pl.Int64) for c in decimals)


def first_of(frame: pl.DataFrame, key: list[str], order: list[str], newest: str | None = None) -> pl.DataFrame:
    """One row a key: the least by `order` (NULL first); or, with `newest`, the greatest of it and then the least."""
    by = [newest, *order] if newest else order
    down = [c == newest for c in by]
    return frame.sort(by, descending=down, nulls_last=[False] * len(by)).unique(key, keep="first", maintain_order=True)


def events(lake: Lake) -> pl.DataFrame:
    """Every event once, with its session's key."""
    raw = lake.tables["clickstream"]
    if raw.is_empty():
        return raw
    once = first_of(raw, ["event_id"], EVENT_TIES).sort("event_us", "event_id")
    named = once.filter(pl.col("session_id").is_not_null()).with_columns(
        session_key=pl.col("visitor_id") + "/" + pl.col("session_id")
    )
    silence = pl.col("event_us") - pl.col("event_us").shift(1).over("visitor_id")
    derived = once.filter(pl.col("session_id").is_null())
    derived = derived.with_columns(cut=(silence.is_null() | (silence > SILENCE_US)))
    derived = derived.with_columns(start=pl.when("cut").then("event_us").otherwise(None))
    derived = derived.with_columns(start=pl.col("start").forward_fill().over("visitor_id"))
    derived = derived.with_columns(session_key=pl.col("visitor_id") + "@" + pl.col("start").cast(pl.String))
    return pl.concat([named, derived.drop("cut", "start")]).sort("event_us", "event_id")


def only_one(column: str, condition: pl.Expr | bool = True) -> pl.Expr:
    """The one value seen in a group, of the rows that meet a condition; else NULL."""
    seen = pl.col(column).filter(pl.lit(True) & condition).drop_nulls()
    return pl.when(seen.n_unique() == 1).then(seen.first()).otherwise(None)


def sessions(happened: pl.DataFrame) -> pl.DataFrame:
    """One row a session over the given events."""
    medium, referrer = pl.col("utm_medium"), pl.col("referrer")
    channel = (
        pl.when(medium.is_not_null())
        .then(medium.replace_strict(MEDIA, default="referral", return_dtype=pl.String))
        .when(referrer.is_null())
        .then(pl.lit("direct"))
        .when(referrer.str.contains(SEARCHERS))
        .then(pl.lit("organic"))
        .when(referrer.str.contains(NETWORKS))
        .then(pl.lit("social"))
        .otherwise(pl.lit("referral"))
    )
    kinds = {
        "view_count": "view",
        "search_count": "search",
        "cart_count": "add_to_cart",
        "checkout_count": "begin_checkout",
        "purchase_count": "purchase",
    }
    kind = pl.col("event_type")
    bought = kind == "purchase"
    money = (pl.col("unit_price") * pl.col("quantity")).filter(bought)
    is_known = (money.count() > 0) & (pl.col("currency").filter(bought).n_unique() == 1)
    return (
        happened.sort("event_us", "event_id")
        .group_by("session_key", maintain_order=True)
        .agg(
            pl.col("visitor_id").first(),
            only_one("user_id").alias("user_id"),
            pl.col("event_date").first().alias("session_date"),
            pl.col("event_us").first().alias("started_us"),
            pl.col("event_us").last().alias("ended_us"),
            pl.col("event_ts").last().alias("ended_at"),
            medium.first(),
            referrer.first(),
            pl.col("device_type").first(),
            pl.len().cast(pl.Int64).alias("event_count"),
            *[(kind == k).sum().cast(pl.Int64).alias(n) for n, k in kinds.items()],
            pl.when(is_known).then(money.sum()).alias("purchase_amount"),
            only_one("currency", bought).alias("currency"),
        )
        .with_columns(channel=channel)
        .drop("utm_medium", "referrer")
    )


def versions(frame: pl.DataFrame, entity: str, tracked: list[str]) -> pl.DataFrame:
    """SCD type 2: a row whenever a tracked column changed; from_us 0 for the first, till_us NULL for the last."""
    rest = [c for c in frame.columns if c not in (entity, "updated_us", "updated_at", "ds")]
    order = [entity, "updated_us", "ds", *rest]
    down = [False, False, True, *[True] * len(rest)]
    one = frame.sort(order, descending=down, nulls_last=down)
    one = one.unique([entity, "updated_us"], keep="first", maintain_order=True).sort(entity, "updated_us")
    before = [~pl.col(c).eq_missing(pl.col(c).shift(1)) for c in tracked]
    is_first = ~pl.col(entity).eq_missing(pl.col(entity).shift(1))
    kept = one.filter(is_first | pl.any_horizontal(before))
    return kept.with_columns(
        from_us=pl.when(pl.int_range(pl.len()).over(entity) == 0).then(0).otherwise(pl.col("updated_us")),
        till_us=pl.col("updated_us").shift(-1).over(entity),
    )


def states(lake: Lake) -> pl.DataFrame:
    """Every state of every order line once."""
    raw = lake.tables["transactions"]
    return first_of(raw, ["transaction_id", "line_number", "updated_us"], LINE_TIES)


def refunds(lake: Lake, before_us: int | None = None) -> pl.DataFrame:
    """Every refund line in its newest state, of those known before a moment."""
    raw = lake.tables["refunds"]
    if raw.is_empty():
        return raw
    if before_us is not None:
        raw = raw.filter(pl.col("updated_us") < before_us)
    ties = [c for c in REFUND_TIES if c in raw.columns]
    return first_of(raw, ["refund_id", "line_number"], ties, newest="updated_us")


def refund_states(lake: Lake) -> pl.DataFrame:
    """Every state of every refund line once."""
    raw = lake.tables["refunds"]
    return first_of(raw, ["refund_id", "line_number", "updated_us"], [c for c in REFUND_TIES if c in raw.columns])


def with_money(lines: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    """The amounts of an order line, and the category and cost that held when it was ordered."""
    known = products.select("product_id", "category", "cost_price", "from_us").sort("from_us")
    found = lines.sort("ordered_us").join_asof(
        known, left_on="ordered_us", right_on="from_us", by="product_id", strategy="backward", check_sortedness=False
    )
    amount = pl.col("quantity") * pl.col("unit_price")
    nothing = pl.lit(0, pl.Int64)
    found = found.with_columns(
        *[pl.col(c).fill_null(0) for c in ("discount_amount", "tax_amount", "shipping_amount")],
        line_amount=amount,
        gross_amount=pl.when(pl.col("line_type").is_in(GOODS)).then(amount).otherwise(nothing),
        cost_amount=pl.when(pl.col("line_type") == "product").then(pl.col("cost_price") * pl.col("quantity")),
        is_sale=pl.col("status").is_in(SOLD),
    )
    found = found.with_columns(net_amount=pl.col("gross_amount") - pl.col("discount_amount"))
    return found.with_columns(profit_amount=pl.col("net_amount") - pl.col("cost_amount"))
