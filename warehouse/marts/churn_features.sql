-- One row per user with a sale before as_of: 18 features, none of which sees as_of or later.
-- Clicks look 60 days back; a user with no clicks at all has NULL there, not 0: nothing was measured.
WITH homes AS (
    SELECT
        m.*,
        ROW_NUMBER() OVER (PARTITION BY m.user_id ORDER BY m.order_count DESC NULLS LAST, m.currency NULLS FIRST) AS home_number
    FROM marts.agg_user_metrics AS m
), orders AS (
    SELECT
        l.user_id,
        l.transaction_id,
        MAX(CASE WHEN l.order_hour >= 22 OR l.order_hour < 6 OR d.is_weekend THEN 1 ELSE 0 END) AS at_weekend_or_night
    FROM marts.order_lines AS l
    INNER JOIN core.dim_date AS d ON d.calendar_date = l.order_date
    WHERE l.is_sale AND l.user_id IS NOT NULL AND l.line_type <> 'stock_adjustment'
    GROUP BY l.user_id, l.transaction_id
), days AS (
    SELECT
        o.user_id,
        o.order_date,
        LAG(o.order_date) OVER (PARTITION BY o.user_id ORDER BY o.order_date NULLS FIRST) AS previous_date,
        ROW_NUMBER() OVER (PARTITION BY o.user_id ORDER BY o.order_date DESC NULLS LAST) AS newest
    FROM (
        SELECT DISTINCT l.user_id, l.order_date
        FROM marts.order_lines AS l
        WHERE l.is_sale AND l.user_id IS NOT NULL AND l.line_type <> 'stock_adjustment'
    ) AS o
), rhythm AS (
    SELECT
        d.user_id,
        MIN(d.order_date) AS first_date,
        MAX(d.order_date) AS last_date,
        COUNT(*) AS day_count,
        MAX(CASE WHEN d.newest = 1 THEN DATEDIFF(d.order_date, d.previous_date) END) AS last_gap
    FROM days AS d
    GROUP BY d.user_id
), habits AS (
    SELECT o.user_id, COUNT(*) AS order_count, SUM(o.at_weekend_or_night) AS weekend_or_night_count
    FROM orders AS o
    GROUP BY o.user_id
), bought AS (
    SELECT
        l.user_id,
        COUNT(DISTINCT l.category) AS category_count,
        SUM(l.quantity) AS unit_count
    FROM marts.order_lines AS l
    WHERE l.is_sale AND l.user_id IS NOT NULL AND l.line_type = 'product'
    GROUP BY l.user_id
), sessions AS (
    SELECT
        COALESCE(s.user_id, v.user_id) AS user_id,
        CASE WHEN DATEDIFF(s.as_of, s.session_date) <= 60 THEN 1 ELSE 0 END AS is_recent,
        s.session_date,
        s.view_count,
        s.cart_count,
        CASE WHEN s.cart_count > 0 THEN 1 ELSE 0 END AS carted,
        CASE WHEN s.cart_count > 0 AND s.purchase_count = 0 THEN 1 ELSE 0 END AS abandoned,
        CASE WHEN s.device_type = 'mobile' THEN 1 ELSE 0 END AS on_mobile
    FROM marts.known_sessions AS s
    LEFT JOIN marts.visitor_users AS v ON v.visitor_id = s.visitor_id
    WHERE NOT s.is_suspected_bot
), clicks AS (
    SELECT
        s.user_id,
        SUM(s.is_recent) AS session_count,
        COUNT(DISTINCT CASE WHEN s.is_recent = 1 THEN s.session_date END) AS active_days,
        SUM(s.is_recent * s.view_count) AS view_count,
        SUM(s.is_recent * s.cart_count) AS cart_count,
        SUM(s.is_recent * s.carted) AS carted_count,
        SUM(s.is_recent * s.abandoned) AS abandoned_count,
        SUM(s.is_recent * s.on_mobile) AS mobile_count
    FROM sessions AS s
    WHERE s.user_id IS NOT NULL
    GROUP BY s.user_id
)
SELECT
    h.as_of,
    h.user_id,
    h.currency,
    DATEDIFF(h.as_of, y.last_date) AS recency_days,
    b.order_count,
    h.net_amount,
    DATEDIFF(h.as_of, y.first_date) AS tenure_days,
    ratio(DATEDIFF(y.last_date, y.first_date), y.day_count - 1, 6) AS mean_gap_days,
    ratio(y.last_gap * (y.day_count - 1), DATEDIFF(y.last_date, y.first_date), 6) AS gap_trend,
    h.average_order_amount,
    ratio(COALESCE(g.unit_count, 0), b.order_count, 6) AS units_per_order,
    COALESCE(g.category_count, 0) AS category_count,
    ratio(h.discount_amount, h.gross_amount, 6) AS discount_share,
    ratio(h.refund_amount, h.net_amount, 6) AS refund_share,
    c.session_count,
    c.active_days,
    ratio(c.view_count, c.session_count, 6) AS views_per_session,
    c.cart_count,
    ratio(c.abandoned_count, c.carted_count, 6) AS abandoned_cart_share,
    ratio(c.mobile_count, c.session_count, 6) AS mobile_share,
    ratio(b.weekend_or_night_count, b.order_count, 6) AS weekend_or_night_share
FROM homes AS h
INNER JOIN rhythm AS y ON y.user_id = h.user_id
INNER JOIN habits AS b ON b.user_id = h.user_id
LEFT JOIN bought AS g ON g.user_id = h.user_id
LEFT JOIN clicks AS c ON c.user_id = h.user_id
WHERE h.home_number = 1
