"""Every mart once more, from the pages that say what it means, in Polars over clean.

Money is whole ten-thousandths, ratios are whole millionths. Suspected robots are an input (session keys): their rule belongs to
core.fact_sessions and is tuned there.
"""

from datetime import timedelta

import polars as pl

from tests.recompute import reading
from tests.recompute.arithmetic import count, days_until, fifth, orders, ratio, total, units, whole_ratio
from tests.recompute.reading import Lake

NIGHT = (22, 6)
WEEK_US = 7 * 86_400 * 1_000_000


def marts(lake: Lake, suspected: set[str]) -> dict[str, pl.DataFrame]:
    """Every mart of a lake, by its name without the layer."""
    return Marts(lake, suspected).all()


class Marts:
    """What was known when as_of began, and a method for each question asked of it."""

    def __init__(self, lake: Lake, suspected: set[str]) -> None:
        self.lake, self.as_of, self.suspected = lake, lake.as_of, suspected
        self.products = reading.versions(lake.tables["products"], "product_id", reading.PRODUCT_TRACKED)
        self.events = reading.events(lake)
        self.known = self.visitors = self.seen = self.sessions = None
        if not self.events.is_empty():
            robot = pl.col("session_key").is_in(list(suspected)).alias("is_suspected_bot")
            self.known = self.events.filter(pl.col("event_us") < lake.as_of_us).with_columns(robot)
            self.visitors = self.visitor_users()
            self.seen = reading.sessions(self.known).with_columns(robot)
            self.sessions = self.stitched(self.seen)
            self.known = self.stitched(self.known)
        self.lines = self.order_lines()
        self.sold = self.lines.filter("is_sale")
        self.refunds = reading.refunds(lake, lake.as_of_us)
        if not self.refunds.is_empty():
            self.refunds = self.refunds.filter(pl.col("refund_date") < self.as_of)

    def stitched(self, frame: pl.DataFrame) -> pl.DataFrame:
        """user_id: the row's own, else the one user seen on its visitor."""
        joined = frame.join(self.visitors.rename({"user_id": "seen_user"}), on="visitor_id", how="left")
        return joined.with_columns(user_id=pl.coalesce("user_id", "seen_user")).drop("seen_user")

    def all(self) -> dict[str, pl.DataFrame]:
        found = {
            "order_lines": self.lines,
            "agg_daily_sales": self.agg_daily_sales(),
            "agg_user_metrics": self.agg_user_metrics(),
            "customer_rfm": self.customer_rfm(),
            "mv_daily_revenue_by_category": self.by_category(),
            "revenue_hourly": self.revenue_hourly(),
            "product_leaderboard": self.product_leaderboard(),
            "interactions": self.interactions(),
            "churn_features": self.churn_features(),
        }
        if self.sessions is not None:
            found |= {
                "visitor_users": self.visitors,
                "known_sessions": self.seen,
                "conversion_funnel": self.conversion_funnel(),
                "abandoned_carts": self.abandoned_carts(),
            }
        return {n: f.with_columns(as_of=pl.lit(self.as_of, pl.Date)) for n, f in found.items()}

    def visitor_users(self) -> pl.DataFrame:
        seen = self.known.group_by("visitor_id").agg(reading.only_one("user_id").alias("user_id"))
        return seen.filter(pl.col("user_id").is_not_null())

    def order_lines(self) -> pl.DataFrame:
        known = reading.states(self.lake).filter(
            (pl.col("updated_us") < self.lake.as_of_us) & (pl.col("order_date") < self.as_of)
        )
        newest = known.sort("updated_us").unique(["transaction_id", "line_number"], keep="last", maintain_order=True)
        return reading.with_money(newest, self.products)

    def all_sales(self) -> pl.DataFrame:
        """Lines of orders that count as sold, money in its bucket: a discount line is discount, as the column is.

        A stock adjustment is a movement of goods, no order, and has no money.
        """
        off = pl.when(pl.col("line_type") == "discount").then(-pl.col("line_amount")).otherwise(0)
        return self.sold.filter(pl.col("line_type") != "stock_adjustment").with_columns(
            discount_amount=pl.col("discount_amount") + off, net_amount=pl.col("net_amount") - off
        )

    # -- money ----------------------------------------------------------------------------------------------------

    def agg_daily_sales(self) -> pl.DataFrame:
        kind, amount = pl.col("line_type"), pl.col("line_amount")
        sold = (
            self.all_sales()
            .group_by("order_date", "currency")
            .agg(
                orders().alias("order_count"),
                units(),
                *[pl.col(c).sum() for c in ("gross_amount", "discount_amount", "net_amount", "tax_amount")],
                (pl.col("shipping_amount").sum() + amount.filter(kind == "shipping").sum()).alias("shipping_amount"),
                amount.filter(kind == "fee").sum().alias("fee_amount"),
                amount.filter(kind == "adjustment").sum().alias("adjustment_amount"),
            )
        )
        lines = self.lines.filter(kind != "stock_adjustment")  # no order
        cancelled = (
            lines.filter(pl.col("status") == "cancelled")
            .group_by("order_date", "currency")
            .agg(orders().alias("cancelled_order_count"), pl.col("gross_amount").sum().alias("cancelled_amount"))
        )
        # A day on which every order is pending, say, has its row: of zeros.
        parts = [sold, cancelled, lines.select("order_date", "currency").unique()]
        if not self.refunds.is_empty():
            parts.append(
                self.refunds.group_by(pl.col("refund_date").alias("order_date"), "currency").agg(
                    count(pl.col("refund_id").n_unique()).alias("refund_count"),
                    pl.col("amount").sum().alias("refund_amount"),
                )
            )
        days = pl.concat(parts, how="diagonal").group_by("order_date", "currency").agg(pl.all().sum())
        missing = [c for c in ("refund_count", "refund_amount") if c not in days.columns]
        return days.with_columns(pl.lit(0, pl.Int64).alias(c) for c in missing)

    def agg_user_metrics(self) -> pl.DataFrame:
        sold = self.all_sales().filter(pl.col("user_id").is_not_null())
        users = sold.group_by("user_id", "currency").agg(
            pl.col("order_date").min().alias("first_order_date"),
            pl.col("order_date").max().alias("last_order_date"),
            orders().alias("order_count"),
            units(),
            *[pl.col(c).sum() for c in ("gross_amount", "discount_amount", "net_amount")],
        )
        users = self.with_refunds(users).with_columns(recency_days=days_until(self.as_of, "last_order_date"))
        users = users.with_columns(lifetime_value_computed=pl.col("net_amount") - pl.col("refund_amount"))
        return whole_ratio(users, "average_order_amount", "net_amount", "order_count")

    def with_refunds(self, users: pl.DataFrame) -> pl.DataFrame:
        if self.refunds.is_empty():
            return users.with_columns(refund_amount=pl.lit(0, pl.Int64))
        back = self.refunds.group_by("user_id", "currency").agg(pl.col("amount").sum().alias("refund_amount"))
        joined = users.join(back, on=["user_id", "currency"], how="left")
        return joined.with_columns(pl.col("refund_amount").fill_null(0))

    def customer_rfm(self) -> pl.DataFrame:
        counted = self.sold.filter(
            pl.col("user_id").is_not_null() & (pl.col("quantity") > 0) & (pl.col("unit_price") > 0)
        )
        users = counted.group_by("user_id", "currency").agg(
            days_until(self.as_of, "order_date").min().alias("recency_days"),
            orders().alias("order_count"),
            (pl.col("line_amount") - pl.col("discount_amount")).sum().alias("monetary_amount"),
        )
        for name, by, down in (
            ("recency_score", "recency_days", True),
            ("frequency_score", "order_count", False),
            ("monetary_score", "monetary_amount", False),
        ):
            users = users.sort("currency", by, "user_id", descending=[False, down, False]).with_columns(
                pl.struct(pl.int_range(pl.len()).over("currency").alias("i"), pl.len().over("currency").alias("n"))
                .map_elements(lambda p: fifth(p["i"], p["n"]), return_dtype=pl.Int64)
                .alias(name)
            )
        r, f, m = (pl.col(c) for c in ("recency_score", "frequency_score", "monetary_score"))
        segment = (
            pl.when((r >= 4) & (f >= 4) & (m >= 4))
            .then(pl.lit("champions"))
            .when((r >= 3) & (f >= 4))
            .then(pl.lit("loyal"))
            .when((r >= 4) & (pl.col("order_count") == 1))
            .then(pl.lit("new"))
            .when(r >= 4)
            .then(pl.lit("promising"))
            .when((r <= 2) & (f >= 4))
            .then(pl.lit("at_risk"))
            .when((r <= 1) & (f <= 2))
            .then(pl.lit("lost"))
            .otherwise(pl.lit("hibernating"))
        )
        return users.with_columns(rfm_segment=segment)

    def by_category(self) -> pl.DataFrame:
        sums = ("gross_amount", "discount_amount", "net_amount", "profit_amount")
        product = self.sold.filter(pl.col("line_type") == "product")
        product = product.with_columns(pl.col("category").fill_null("unknown"))
        return product.group_by("order_date", "category", "currency").agg(
            orders().alias("order_count"), units(), *[total(c) for c in sums]
        )

    def revenue_hourly(self) -> pl.DataFrame:
        return (
            self.all_sales()
            .group_by("order_date", "order_hour", "currency")
            .agg(orders().alias("order_count"), units(), pl.col("gross_amount").sum(), pl.col("net_amount").sum())
        )

    def product_leaderboard(self) -> pl.DataFrame:
        since = self.as_of - timedelta(days=30)
        sold = self.sold.filter((pl.col("line_type") == "product") & (pl.col("order_date") >= since))
        sold = sold.filter(pl.col("product_id").is_not_null())
        board = sold.group_by("product_id", "currency").agg(
            orders().alias("order_count"), units(), *[total(c) for c in ("gross_amount", "net_amount", "profit_amount")]
        )
        counts = {"view_count": "view", "cart_count": "add_to_cart", "click_purchase_count": "purchase"}
        if self.known is None:
            board = board.with_columns(pl.lit(0, pl.Int64).alias(c) for c in counts)
        else:
            recent = self.known.filter(
                (pl.col("event_date") >= since) & (pl.col("event_date") < self.as_of) & ~pl.col("is_suspected_bot")
            )
            seen = recent.group_by("product_id").agg(
                count((pl.col("event_type") == kind).sum()).alias(n) for n, kind in counts.items()
            )
            board = board.join(seen, on="product_id", how="left")
            board = board.with_columns(pl.col(c).fill_null(0) for c in counts)
        at = self.products.filter(
            (pl.col("from_us") <= self.lake.as_of_us)
            & (pl.col("till_us").is_null() | (pl.col("till_us") > self.lake.as_of_us))
        ).select("product_id", "name", "category")
        board = board.join(at, on="product_id", how="left").sort("net_amount", "product_id", descending=[True, False])
        board = board.with_columns(
            revenue_rank=pl.int_range(1, pl.len() + 1).over("currency"), period_days=pl.lit(30, pl.Int64)
        )
        return ratio(board, "view_to_purchase_ratio", "click_purchase_count", "view_count")

    # -- clicks ---------------------------------------------------------------------------------------------------

    def conversion_funnel(self) -> pl.DataFrame:
        views, carts, checkouts, purchases = (
            pl.col(f"{k}_count") > 0 for k in ("view", "cart", "checkout", "purchase")
        )
        groups = (
            self.sessions.filter(~pl.col("is_suspected_bot"))
            .with_columns(pl.col("device_type").fill_null("unknown"))
            .group_by("session_date", "channel", "device_type")
            .agg(
                count(pl.len()).alias("session_count"),
                count(views.sum()).alias("viewed_count"),
                count((carts | checkouts | purchases).sum()).alias("carted_count"),
                count((checkouts | purchases).sum()).alias("checked_out_count"),
                count(purchases.sum()).alias("purchased_count"),
                count((purchases & ~carts).sum()).alias("buy_now_count"),
            )
        )
        return ratio(groups, "conversion_ratio", "purchased_count", "session_count")

    def interactions(self) -> pl.DataFrame:
        bought = self.sold.filter(
            (pl.col("line_type") == "product") & pl.col("user_id").is_not_null() & pl.col("product_id").is_not_null()
        ).select(
            "user_id",
            "product_id",
            pl.lit(1, pl.Int64).alias("purchase_count"),
            pl.col("quantity").alias("unit_count"),
            pl.col("ordered_us").alias("at"),
        )
        parts = [bought]
        if self.known is not None:
            clicks = self.known.filter(
                ~pl.col("is_suspected_bot")
                & pl.col("user_id").is_not_null()
                & pl.col("product_id").is_not_null()
                & pl.col("event_type").is_in(["view", "add_to_cart"])
            )
            parts.append(
                clicks.select(
                    "user_id",
                    "product_id",
                    count(pl.col("event_type") == "view").alias("view_count"),
                    count(pl.col("event_type") == "add_to_cart").alias("cart_count"),
                    pl.col("event_us").alias("at"),
                )
            )
        both = pl.concat(parts, how="diagonal")
        counts = ("view_count", "cart_count", "purchase_count", "unit_count")
        both = both.with_columns(pl.lit(None, pl.Int64).alias(c) for c in counts if c not in both.columns)
        return both.group_by("user_id", "product_id").agg(
            *[pl.col(c).sum() for c in counts], pl.col("at").max().alias("last_interaction_us")
        )

    def abandoned_carts(self) -> pl.DataFrame:
        kind, quantity = pl.col("event_type"), pl.col("quantity").fill_null(1)
        cart = self.known.filter(
            ~pl.col("is_suspected_bot")
            & pl.col("product_id").is_not_null()
            & kind.is_in(["add_to_cart", "remove_from_cart"])
        )
        left = cart.group_by("session_key", "product_id", "currency").agg(
            (quantity.filter(kind == "add_to_cart").sum() - quantity.filter(kind == "remove_from_cart").sum()).alias(
                "u"
            ),
            pl.col("unit_price").max().alias("price"),
        )
        bought = self.known.filter(kind == "purchase")
        left = left.filter(pl.col("u") > 0).join(bought, on=["session_key", "product_id"], how="anti")
        left = left.join(self.sessions, on="session_key", how="left", suffix="_s")
        left = left.with_columns(amount=pl.col("u") * pl.col("price").fill_null(0)).with_row_index("left_row")
        later = [
            left.join(bought.select("product_id", who, at="event_us"), on=["product_id", who])
            .filter((pl.col("at") > pl.col("ended_us")) & (pl.col("at") - pl.col("ended_us") <= WEEK_US))
            .select("left_row")
            for who in ("visitor_id", "user_id")
        ]
        left = left.with_columns(back=pl.col("left_row").is_in(pl.concat(later)["left_row"].to_list()))
        return left.group_by("session_key", "currency").agg(
            *[pl.col(c).first() for c in ("visitor_id", "user_id", "ended_at", "device_type")],
            pl.col("session_date").first().alias("cart_date"),
            count(pl.len()).alias("left_product_count"),
            pl.col("u").sum().alias("left_unit_count"),
            pl.col("amount").sum().alias("left_amount"),
            pl.col("amount").filter("back").sum().alias("recovered_amount"),
            pl.col("back").any().alias("is_recovered"),
        )

    # -- churn ----------------------------------------------------------------------------------------------------

    def churn_features(self) -> pl.DataFrame:
        sold = self.all_sales().filter(pl.col("user_id").is_not_null())
        home = (
            sold.group_by("user_id", "currency")
            .agg(orders().alias("n"))
            .sort("user_id", "n", "currency", descending=[False, True, False])
            .unique("user_id", keep="first", maintain_order=True)
            .select("user_id", "currency", home_orders="n")
        )
        odd_hour = (pl.col("order_hour") >= NIGHT[0]) | (pl.col("order_hour") < NIGHT[1])
        odd = odd_hour | (pl.col("order_date").dt.weekday() >= 6)
        users = sold.group_by("user_id").agg(
            orders().alias("order_count"),
            orders(odd).alias("odd"),
            units(),
            pl.col("category").filter(pl.col("line_type") == "product").drop_nulls().n_unique().alias("category_count"),
            pl.col("order_date").unique().sort().alias("days"),
        )
        at_home = sold.join(home, on=["user_id", "currency"]).group_by("user_id", "currency", "home_orders")
        money = self.with_refunds(
            at_home.agg(pl.col(c).sum() for c in ("gross_amount", "discount_amount", "net_amount"))
        )
        users = users.join(money, on="user_id")
        first, last = pl.col("days").list.first(), pl.col("days").list.last()
        gap = pl.col("days").list.get(-2, null_on_oob=True)
        gaps = pl.col("days").list.len().cast(pl.Int64) - 1
        users = users.with_columns(
            recency_days=(pl.lit(self.as_of, pl.Date) - last).dt.total_days(),
            tenure_days=(pl.lit(self.as_of, pl.Date) - first).dt.total_days(),
            span=(last - first).dt.total_days(),
            gaps=gaps,
            last_gap=(last - gap).dt.total_days() * gaps,
            category_count=count(pl.col("category_count")),
        )
        users = ratio(users, "mean_gap_days", "span", "gaps")
        users = ratio(users, "gap_trend", "last_gap", "span")
        users = whole_ratio(users, "average_order_amount", "net_amount", "home_orders")
        users = ratio(users, "units_per_order", "unit_count", "order_count")
        users = ratio(users, "discount_share", "discount_amount", "gross_amount")
        users = ratio(users, "refund_share", "refund_amount", "net_amount")
        users = ratio(users, "weekend_or_night_share", "odd", "order_count")
        return self.with_clicks(users)

    def with_clicks(self, users: pl.DataFrame) -> pl.DataFrame:
        counts = ("session_count", "active_days", "cart_count")
        shares = ("views_per_session", "abandoned_cart_share", "mobile_share")
        if self.sessions is None:
            return users.with_columns(pl.lit(None, pl.Int64).alias(c) for c in (*counts, *shares))
        since = self.as_of - timedelta(days=60)
        mine = self.sessions.filter(pl.col("user_id").is_not_null() & ~pl.col("is_suspected_bot"))
        carted = pl.col("cart_count") > 0
        recent = (
            mine.filter(pl.col("session_date") >= since)
            .group_by("user_id")
            .agg(
                count(pl.len()).alias("session_count"),
                count(pl.col("session_date").n_unique()).alias("active_days"),
                pl.col("view_count").sum(),
                count(carted.sum()).alias("carted"),
                count((carted & (pl.col("purchase_count") == 0)).sum()).alias("abandoned"),
                count((pl.col("device_type") == "mobile").sum()).alias("mobile"),
                pl.col("cart_count").sum(),
            )
        )
        ever = mine.select("user_id").unique().join(recent, on="user_id", how="left").fill_null(0)
        users = users.join(ever, on="user_id", how="left")
        users = ratio(users, "views_per_session", "view_count", "session_count")
        users = ratio(users, "abandoned_cart_share", "abandoned", "carted")
        return ratio(users, "mobile_share", "mobile", "session_count")
