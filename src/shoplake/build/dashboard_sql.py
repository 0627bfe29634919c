"""The SQL of the five dashboards. It reads marts only, and keeps to what every engine answers alike."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

DAYS = 30
TOP_PRODUCTS = 10
TOP_CARTS = 5

# Which queries each dashboard is made of, in the order the dashboards are shown.
QUERIES = {
    "revenue": ("currencies", "revenue_days", "revenue_hours"),
    "products": ("product_totals", "product_top"),
    "customers": ("customer_segments",),
    "funnel": ("funnel",),
    "abandoned_carts": ("carts", "cart_top"),
}

TITLES = {
    "revenue": "Revenue: the last day, hour by hour, and the 30 days before",
    "products": f"Products: the {DAYS} days before, by net amount",
    "customers": "Customers: by recency, frequency and money",
    "funnel": f"Funnel: from session to purchase, {DAYS} days",
    "abandoned_carts": f"Abandoned carts: {DAYS} days",
}

# The days a query may name, as days before as_of.
BEFORE = {"as_of": 0, "last": 1, "once": DAYS, "twice": 2 * DAYS}

SQL = {
    "currencies": """
        SELECT currency, SUM(order_count) AS orders
        FROM marts.agg_daily_sales
        GROUP BY currency
        ORDER BY orders DESC NULLS LAST, currency NULLS FIRST""",
    "revenue_days": """
        SELECT currency, order_date, order_count, net_amount, refund_count, refund_amount, cancelled_order_count
        FROM marts.agg_daily_sales
        WHERE order_date >= DATE '{twice}' AND order_date < DATE '{as_of}'""",
    "revenue_hours": """
        SELECT currency, order_hour, order_count, net_amount
        FROM marts.revenue_hourly
        WHERE order_date = DATE '{last}'""",
    "product_totals": """
        SELECT currency, COUNT(*) AS products, SUM(unit_count) AS units, SUM(net_amount) AS net, SUM(profit_amount) AS profit,
            SUM(view_count) AS views, SUM(click_purchase_count) AS click_purchases
        FROM marts.product_leaderboard
        GROUP BY currency""",
    "product_top": """
        SELECT currency, revenue_rank, product_id, name, category, order_count, unit_count, net_amount, view_count,
            view_to_purchase_ratio
        FROM marts.product_leaderboard
        WHERE revenue_rank <= {top_products}
        ORDER BY currency NULLS FIRST, revenue_rank NULLS FIRST""",
    "customer_segments": """
        SELECT currency, rfm_segment, COUNT(*) AS customers, SUM(order_count) AS orders, SUM(monetary_amount) AS amount,
            SUM(recency_days) AS recency_days
        FROM marts.customer_rfm
        GROUP BY currency, rfm_segment
        ORDER BY currency NULLS FIRST, amount DESC NULLS LAST, rfm_segment NULLS FIRST""",
    "funnel": """
        SELECT session_date, channel, device_type, session_count, viewed_count, carted_count, checked_out_count,
            purchased_count, buy_now_count
        FROM marts.conversion_funnel
        WHERE session_date >= DATE '{once}' AND session_date < DATE '{as_of}'""",
    "carts": """
        SELECT currency, cart_date, COUNT(*) AS carts, SUM(left_unit_count) AS units, SUM(left_amount) AS left_amount,
            SUM(recovered_amount) AS recovered_amount, SUM(CASE WHEN is_recovered THEN 1 ELSE 0 END) AS recovered_carts
        FROM marts.abandoned_carts
        WHERE cart_date >= DATE '{once}' AND cart_date < DATE '{as_of}'
        GROUP BY currency, cart_date""",
    "cart_top": """
        SELECT c.currency, c.cart_date, c.device_type, c.left_product_count, c.left_unit_count, c.left_amount, c.is_recovered
        FROM (
            SELECT a.*, ROW_NUMBER() OVER (
                PARTITION BY a.currency ORDER BY a.left_amount DESC NULLS LAST, a.session_key NULLS FIRST) AS place
            FROM marts.abandoned_carts AS a
            WHERE a.cart_date >= DATE '{once}' AND a.cart_date < DATE '{as_of}'
        ) AS c
        WHERE c.place <= {top_carts}
        ORDER BY c.currency NULLS FIRST, c.place NULLS FIRST""",
}  # fmt: skip


def named_days(as_of: dt.date) -> dict[str, dt.date]:
    """The days that the queries name, looking back from as_of."""
    return {word: as_of - dt.timedelta(n) for word, n in BEFORE.items()}


def words(named: Mapping[str, str]) -> dict[str, Any]:
    """What SQL[...].format takes, with these texts for the days."""
    return {**named, "top_products": TOP_PRODUCTS, "top_carts": TOP_CARTS}
