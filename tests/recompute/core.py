"""The facts and dimensions once more, in the columns that carry meaning; keys and states in order."""

import polars as pl

from tests.recompute import reading
from tests.recompute.reading import Lake

SESSION = reading.words("""session_key session_date visitor_id user_id started_us ended_us channel device_type event_count view_count
search_count cart_count checkout_count purchase_count purchase_amount currency""")
LINE = reading.words("""transaction_id line_number line_type user_id visitor_id product_id quantity unit_price line_amount gross_amount
discount_amount tax_amount shipping_amount total_amount net_amount cost_amount profit_amount currency status is_sale
ship_country ordered_us order_date order_hour""")
REFUND = reading.words("""refund_id line_number line_type transaction_id transaction_line_number user_id product_id quantity unit_price
amount currency ship_country refunded_us refund_date""")


def core(lake: Lake) -> dict[str, pl.DataFrame]:
    """Some columns of each core table, by its name without the layer; the unknown members apart."""
    products = reading.versions(lake.tables["products"], "product_id", reading.PRODUCT_TRACKED)
    states = reading.with_money(reading.states(lake), products)
    newest = states.sort("updated_us").unique(["transaction_id", "line_number"], keep="last")
    products = products.with_columns(product_key=key("product_id"))
    users = reading.versions(lake.tables["users"], "user_id", reading.USER_TRACKED).with_columns(
        user_key=key("user_id")
    )
    found = {
        "dim_products": products.select("product_key", "product_id", *reading.PRODUCT_TRACKED),
        "dim_users": users.select("user_key", "user_id", *reading.USER_TRACKED),
        "fact_transaction_states": states.select(*LINE, valid_from_us="updated_us"),
        "fact_transactions": newest.select(LINE),
    }
    if not lake.tables["refunds"].is_empty():
        found["fact_refunds"] = reading.refunds(lake).select(REFUND)
        found["fact_refund_states"] = reading.refund_states(lake).select(*REFUND, valid_from_us="updated_us")
    happened = reading.events(lake)
    if not happened.is_empty():
        found["fact_clickstream"] = happened.drop("session_id", "ds")
        found["fact_sessions"] = reading.sessions(happened).select(SESSION)
        found["dim_visitors"] = happened.group_by("visitor_id").agg(
            reading.only_one("user_id").alias("user_id"),
            pl.col("user_id").drop_nulls().n_unique().cast(pl.Int64).alias("users_seen"),
            pl.col("event_ts").min().alias("first_seen"),
            pl.col("event_ts").max().alias("last_seen"),
            pl.len().cast(pl.Int64).alias("event_count"),
        )
    return found


def key(entity: str) -> pl.Expr:
    return pl.col(entity) + "@" + pl.col("from_us").cast(pl.String)
