"""Join hints for Impala, and the sizes that justify them."""

from dataclasses import dataclass

# Million rows and megabytes (Parquet, Snappy) for each million events: a made shop of default size (seed 42), 2026-11-24.
SIZES = {
    "fact_clickstream": (0.964, 124.3),
    "fact_sessions": (0.507, 59.7),
    "fact_transactions": (0.498, 38.9),
    "dim_visitors": (0.422, 11.7),
    "dim_users": (0.160, 9.9),
    "dim_products": (0.028, 1.3),
    "dim_date": (0.019, 0.1),
}
NODES = 10  # that execute; a broadcast is sent to each of them


@dataclass(frozen=True)
class Join:
    """A query with joins. `tables`: from left to right; the hint of each but the first follows from their sizes."""

    title: str
    without: str
    tables: tuple[str, ...]
    remedy: str


def hint(left: str, right: str) -> str:
    """BROADCAST when sending the right side to every node moves less than spreading both by key, else SHUFFLE."""
    return "BROADCAST" if broadcast(right) < shuffle(left, right) else "SHUFFLE"


def broadcast(right: str) -> float:
    return SIZES[right][1] * NODES


def shuffle(left: str, right: str) -> float:
    return SIZES[left][1] + SIZES[right][1]


JOINS = (
    Join(
        "4.1. A fact and a dimension: clicks by category.",
        """SELECT p.category, COUNT(*) AS click_count
FROM ecommerce.fact_clickstream AS f
INNER JOIN {1}ecommerce.dim_products AS p ON p.product_key = f.product_key
WHERE f.event_date = CAST('${var:day}' AS DATE)
GROUP BY p.category""",
        ("fact_clickstream", "dim_products"),
        "With statistics Impala chooses the same by itself. The hint is for the time between a load and its COMPUTE STATS.",
    ),
    Join(
        "4.2. Two facts: what is clicked in sessions of each channel.",
        """SELECT s.channel, f.event_type, COUNT(*) AS event_count
FROM ecommerce.fact_clickstream AS f
INNER JOIN {1}ecommerce.fact_sessions AS s ON s.session_key = f.session_key AND s.session_date = f.event_date
GROUP BY s.channel, f.event_type""",
        ("fact_clickstream", "fact_sessions"),
        "Without statistics Impala broadcasts: each node then holds all sessions in memory, and spills.",
    ),
    Join(
        "4.3. The order of three: money by segment and category.",
        """SELECT u.customer_segment, p.category, SUM(t.net_amount) AS net_amount
FROM ecommerce.fact_transactions AS t
INNER JOIN {1}ecommerce.dim_products AS p ON p.product_key = t.product_key
INNER JOIN {2}ecommerce.dim_users AS u ON u.user_key = t.user_key
WHERE t.is_sale
GROUP BY u.customer_segment, p.category""",
        ("fact_transactions", "dim_products", "dim_users"),
        "STRAIGHT_JOIN keeps the order that is written, the fact first, then the smallest. Else Impala may begin with users\n"
        "and products when one table's statistics are older than the other's, and ignores the hints of joins that it moves.",
    ),
)


def joins() -> str:
    """Part 4 of impala_optimization.sql: each query before and after, and why."""
    lines = [
        "",
        "-- 4. Joins. Hints are for what statistics cannot tell: say them last, and take them out when EXPLAIN gives the same plan without.",
        f"-- Megabytes moved for each million events, {NODES} nodes: a broadcast sends the right side to each, a shuffle spreads both sides once.",
        "-- A hint is said as a comment after JOIN; STRAIGHT_JOIN after SELECT makes Impala keep to hints and order.",
        "--",
        "--   table               million rows     MB",
        *[f"--   {name:18} {rows:13.3f} {size:6.1f}" for name, (rows, size) in SIZES.items()],
        "SET EXPLAIN_LEVEL = 2;",
    ]
    for join in JOINS:
        hints = {n: hint(join.tables[0], t) for n, t in enumerate(join.tables) if n}
        lines += ["", f"-- {join.title}", "-- Before:", f"EXPLAIN {_said(join, {})};", ""]
        for n, chosen in hints.items():
            left, right = join.tables[0], join.tables[n]
            lines.append(
                f"-- {right}: broadcast {broadcast(right):.0f} MB, shuffle {shuffle(left, right):.0f} MB, so {chosen}."
            )
        lines += [*[f"-- {line}" for line in join.remedy.splitlines()], "-- After:", f"EXPLAIN {_said(join, hints)};"]
    return "\n".join(lines) + "\n"


def _said(join: Join, hints: dict[int, str]) -> str:
    sql = join.without
    for n in range(1, len(join.tables)):
        sql = sql.replace("{" + str(n) + "}", f"/* +{hints[n]} */ " if hints else "")
    return sql.replace("SELECT ", "SELECT STRAIGHT_JOIN ", 1) if hints else sql
