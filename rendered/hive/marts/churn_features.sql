-- marts.churn_features, as hive runs it. Made by `make render` from warehouse/marts/churn_features.sql: change that.
SELECT
    CAST(m.as_of AS DATE) AS as_of,
    CAST(m.user_id AS STRING) AS user_id,
    CAST(m.currency AS STRING) AS currency,
    CAST(m.recency_days AS BIGINT) AS recency_days,
    CAST(m.order_count AS BIGINT) AS order_count,
    CAST(m.net_amount AS DECIMAL(18,4)) AS net_amount,
    CAST(m.tenure_days AS BIGINT) AS tenure_days,
    CAST(m.mean_gap_days AS DECIMAL(18,6)) AS mean_gap_days,
    CAST(m.gap_trend AS DECIMAL(18,6)) AS gap_trend,
    CAST(m.average_order_amount AS DECIMAL(18,4)) AS average_order_amount,
    CAST(m.units_per_order AS DECIMAL(18,6)) AS units_per_order,
    CAST(m.category_count AS BIGINT) AS category_count,
    CAST(m.discount_share AS DECIMAL(18,6)) AS discount_share,
    CAST(m.refund_share AS DECIMAL(18,6)) AS refund_share,
    CAST(m.session_count AS BIGINT) AS session_count,
    CAST(m.active_days AS BIGINT) AS active_days,
    CAST(m.views_per_session AS DECIMAL(18,6)) AS views_per_session,
    CAST(m.cart_count AS BIGINT) AS cart_count,
    CAST(m.abandoned_cart_share AS DECIMAL(18,6)) AS abandoned_cart_share,
    CAST(m.mobile_share AS DECIMAL(18,6)) AS mobile_share,
    CAST(m.weekend_or_night_share AS DECIMAL(18,6)) AS weekend_or_night_share
FROM (
    WITH homes AS (
      SELECT
        m.*,
        ROW_NUMBER() OVER (
          PARTITION BY m.user_id
          ORDER BY m.order_count DESC NULLS LAST, m.currency NULLS FIRST
        ) AS home_number
      FROM ecommerce.agg_user_metrics AS m
    ), orders AS (
      SELECT
        l.user_id,
        l.transaction_id,
        MAX(
          CASE WHEN l.order_hour >= 22 OR l.order_hour < 6 OR d.is_weekend THEN 1 ELSE 0 END
        ) AS at_weekend_or_night
      FROM ecommerce.order_lines AS l
      INNER JOIN ecommerce.dim_date AS d
        ON d.calendar_date = l.order_date
      WHERE
        l.is_sale AND NOT l.user_id IS NULL AND l.line_type <> 'stock_adjustment'
      GROUP BY
        l.user_id,
        l.transaction_id
    ), days AS (
      SELECT
        o.user_id,
        o.order_date,
        LAG(o.order_date) OVER (PARTITION BY o.user_id ORDER BY o.order_date NULLS FIRST) AS previous_date,
        ROW_NUMBER() OVER (PARTITION BY o.user_id ORDER BY o.order_date DESC NULLS LAST) AS newest
      FROM (
        SELECT DISTINCT
          l.user_id,
          l.order_date
        FROM ecommerce.order_lines AS l
        WHERE
          l.is_sale AND NOT l.user_id IS NULL AND l.line_type <> 'stock_adjustment'
      ) AS o
    ), rhythm AS (
      SELECT
        d.user_id,
        MIN(d.order_date) AS first_date,
        MAX(d.order_date) AS last_date,
        COUNT(*) AS day_count,
        MAX(CASE WHEN d.newest = 1 THEN DATEDIFF(d.order_date, d.previous_date) END) AS last_gap
      FROM days AS d
      GROUP BY
        d.user_id
    ), habits AS (
      SELECT
        o.user_id,
        COUNT(*) AS order_count,
        SUM(o.at_weekend_or_night) AS weekend_or_night_count
      FROM orders AS o
      GROUP BY
        o.user_id
    ), bought AS (
      SELECT
        l.user_id,
        COUNT(DISTINCT l.category) AS category_count,
        SUM(l.quantity) AS unit_count
      FROM ecommerce.order_lines AS l
      WHERE
        l.is_sale AND NOT l.user_id IS NULL AND l.line_type = 'product'
      GROUP BY
        l.user_id
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
      FROM ecommerce.known_sessions AS s
      LEFT JOIN ecommerce.visitor_users AS v
        ON v.visitor_id = s.visitor_id
      WHERE
        NOT s.is_suspected_bot
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
      WHERE
        NOT s.user_id IS NULL
      GROUP BY
        s.user_id
    )
    SELECT
      h.as_of,
      h.user_id,
      h.currency,
      DATEDIFF(h.as_of, y.last_date) AS recency_days,
      b.order_count,
      h.net_amount,
      DATEDIFF(h.as_of, y.first_date) AS tenure_days,
      CAST(CASE WHEN (DATEDIFF(y.last_date, y.first_date) < 0) = (y.day_count - 1 < 0) THEN CAST(1 AS DECIMAL(1, 0)) ELSE CAST(-1 AS DECIMAL(1, 0)) END * CAST((CAST(ABS(CAST(CAST(DATEDIFF(y.last_date, y.first_date) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(y.day_count - 1 AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) - CAST(ABS(CAST(CAST(DATEDIFF(y.last_date, y.first_date) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(y.day_count - 1 AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) % NULLIF(CAST(ABS(CAST(CAST(y.day_count - 1 AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0)) / NULLIF(CAST(ABS(CAST(CAST(y.day_count - 1 AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0) AS DECIMAL(24, 0)) * CAST('0.000001' AS DECIMAL(7, 6)) AS DECIMAL(18, 6)) AS mean_gap_days,
      CAST(CASE WHEN (y.last_gap * (
        y.day_count - 1
      ) < 0) = (DATEDIFF(y.last_date, y.first_date) < 0) THEN CAST(1 AS DECIMAL(1, 0)) ELSE CAST(-1 AS DECIMAL(1, 0)) END * CAST((CAST(ABS(CAST(CAST(y.last_gap * (
        y.day_count - 1
      ) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(DATEDIFF(y.last_date, y.first_date) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) - CAST(ABS(CAST(CAST(y.last_gap * (
        y.day_count - 1
      ) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(DATEDIFF(y.last_date, y.first_date) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) % NULLIF(CAST(ABS(CAST(CAST(DATEDIFF(y.last_date, y.first_date) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0)) / NULLIF(CAST(ABS(CAST(CAST(DATEDIFF(y.last_date, y.first_date) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0) AS DECIMAL(24, 0)) * CAST('0.000001' AS DECIMAL(7, 6)) AS DECIMAL(18, 6)) AS gap_trend,
      h.average_order_amount,
      CAST(CASE WHEN (COALESCE(g.unit_count, 0) < 0) = (b.order_count < 0) THEN CAST(1 AS DECIMAL(1, 0)) ELSE CAST(-1 AS DECIMAL(1, 0)) END * CAST((CAST(ABS(CAST(CAST(COALESCE(g.unit_count, 0) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(b.order_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) - CAST(ABS(CAST(CAST(COALESCE(g.unit_count, 0) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(b.order_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) % NULLIF(CAST(ABS(CAST(CAST(b.order_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0)) / NULLIF(CAST(ABS(CAST(CAST(b.order_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0) AS DECIMAL(24, 0)) * CAST('0.000001' AS DECIMAL(7, 6)) AS DECIMAL(18, 6)) AS units_per_order,
      COALESCE(g.category_count, 0) AS category_count,
      CAST(CASE WHEN (h.discount_amount < 0) = (h.gross_amount < 0) THEN CAST(1 AS DECIMAL(1, 0)) ELSE CAST(-1 AS DECIMAL(1, 0)) END * CAST((CAST(ABS(CAST(CAST(h.discount_amount AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(h.gross_amount AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) - CAST(ABS(CAST(CAST(h.discount_amount AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(h.gross_amount AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) % NULLIF(CAST(ABS(CAST(CAST(h.gross_amount AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0)) / NULLIF(CAST(ABS(CAST(CAST(h.gross_amount AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0) AS DECIMAL(24, 0)) * CAST('0.000001' AS DECIMAL(7, 6)) AS DECIMAL(18, 6)) AS discount_share,
      CAST(CASE WHEN (h.refund_amount < 0) = (h.net_amount < 0) THEN CAST(1 AS DECIMAL(1, 0)) ELSE CAST(-1 AS DECIMAL(1, 0)) END * CAST((CAST(ABS(CAST(CAST(h.refund_amount AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(h.net_amount AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) - CAST(ABS(CAST(CAST(h.refund_amount AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(h.net_amount AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) % NULLIF(CAST(ABS(CAST(CAST(h.net_amount AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0)) / NULLIF(CAST(ABS(CAST(CAST(h.net_amount AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0) AS DECIMAL(24, 0)) * CAST('0.000001' AS DECIMAL(7, 6)) AS DECIMAL(18, 6)) AS refund_share,
      c.session_count,
      c.active_days,
      CAST(CASE WHEN (c.view_count < 0) = (c.session_count < 0) THEN CAST(1 AS DECIMAL(1, 0)) ELSE CAST(-1 AS DECIMAL(1, 0)) END * CAST((CAST(ABS(CAST(CAST(c.view_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(c.session_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) - CAST(ABS(CAST(CAST(c.view_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(c.session_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) % NULLIF(CAST(ABS(CAST(CAST(c.session_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0)) / NULLIF(CAST(ABS(CAST(CAST(c.session_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0) AS DECIMAL(24, 0)) * CAST('0.000001' AS DECIMAL(7, 6)) AS DECIMAL(18, 6)) AS views_per_session,
      c.cart_count,
      CAST(CASE WHEN (c.abandoned_count < 0) = (c.carted_count < 0) THEN CAST(1 AS DECIMAL(1, 0)) ELSE CAST(-1 AS DECIMAL(1, 0)) END * CAST((CAST(ABS(CAST(CAST(c.abandoned_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(c.carted_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) - CAST(ABS(CAST(CAST(c.abandoned_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(c.carted_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) % NULLIF(CAST(ABS(CAST(CAST(c.carted_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0)) / NULLIF(CAST(ABS(CAST(CAST(c.carted_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0) AS DECIMAL(24, 0)) * CAST('0.000001' AS DECIMAL(7, 6)) AS DECIMAL(18, 6)) AS abandoned_cart_share,
      CAST(CASE WHEN (c.mobile_count < 0) = (c.session_count < 0) THEN CAST(1 AS DECIMAL(1, 0)) ELSE CAST(-1 AS DECIMAL(1, 0)) END * CAST((CAST(ABS(CAST(CAST(c.mobile_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(c.session_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) - CAST(ABS(CAST(CAST(c.mobile_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(c.session_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) % NULLIF(CAST(ABS(CAST(CAST(c.session_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0)) / NULLIF(CAST(ABS(CAST(CAST(c.session_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0) AS DECIMAL(24, 0)) * CAST('0.000001' AS DECIMAL(7, 6)) AS DECIMAL(18, 6)) AS mobile_share,
      CAST(CASE WHEN (b.weekend_or_night_count < 0) = (b.order_count < 0) THEN CAST(1 AS DECIMAL(1, 0)) ELSE CAST(-1 AS DECIMAL(1, 0)) END * CAST((CAST(ABS(CAST(CAST(b.weekend_or_night_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(b.order_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) - CAST(ABS(CAST(CAST(b.weekend_or_night_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(b.order_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) % NULLIF(CAST(ABS(CAST(CAST(b.order_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0)) / NULLIF(CAST(ABS(CAST(CAST(b.order_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0) AS DECIMAL(24, 0)) * CAST('0.000001' AS DECIMAL(7, 6)) AS DECIMAL(18, 6)) AS weekend_or_night_share
    FROM homes AS h
    INNER JOIN rhythm AS y
      ON y.user_id = h.user_id
    INNER JOIN habits AS b
      ON b.user_id = h.user_id
    LEFT JOIN bought AS g
      ON g.user_id = h.user_id
    LEFT JOIN clicks AS c
      ON c.user_id = h.user_id
    WHERE
      h.home_number = 1
) AS m
