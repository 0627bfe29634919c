-- marts.product_leaderboard, as hive runs it. Made by `make render` from warehouse/marts/product_leaderboard.sql: change that.
SELECT
    CAST(m.as_of AS DATE) AS as_of,
    CAST(m.period_days AS BIGINT) AS period_days,
    CAST(m.product_id AS STRING) AS product_id,
    CAST(m.currency AS STRING) AS currency,
    CAST(m.revenue_rank AS BIGINT) AS revenue_rank,
    CAST(m.name AS STRING) AS name,
    CAST(m.category AS STRING) AS category,
    CAST(m.order_count AS BIGINT) AS order_count,
    CAST(m.unit_count AS BIGINT) AS unit_count,
    CAST(m.gross_amount AS DECIMAL(18,4)) AS gross_amount,
    CAST(m.net_amount AS DECIMAL(18,4)) AS net_amount,
    CAST(m.profit_amount AS DECIMAL(18,4)) AS profit_amount,
    CAST(m.view_count AS BIGINT) AS view_count,
    CAST(m.cart_count AS BIGINT) AS cart_count,
    CAST(m.click_purchase_count AS BIGINT) AS click_purchase_count,
    CAST(m.view_to_purchase_ratio AS DECIMAL(18,6)) AS view_to_purchase_ratio
FROM (
    WITH sales AS (
      SELECT
        l.product_id,
        l.currency,
        COUNT(DISTINCT l.transaction_id) AS order_count,
        SUM(l.quantity) AS unit_count,
        CAST(SUM(l.gross_amount) AS DECIMAL(18, 4)) AS gross_amount,
        CAST(SUM(l.net_amount) AS DECIMAL(18, 4)) AS net_amount,
        CAST(SUM(l.profit_amount) AS DECIMAL(18, 4)) AS profit_amount
      FROM ecommerce.order_lines AS l
      WHERE
        l.is_sale
        AND l.line_type = 'product'
        AND NOT l.product_id IS NULL
        AND DATEDIFF(l.as_of, l.order_date) <= 30
      GROUP BY
        l.product_id,
        l.currency
    ), clicks AS (
      SELECT
        f.product_id,
        SUM(CASE WHEN f.event_type = 'view' THEN 1 ELSE 0 END) AS view_count,
        SUM(CASE WHEN f.event_type = 'add_to_cart' THEN 1 ELSE 0 END) AS cart_count,
        SUM(CASE WHEN f.event_type = 'purchase' THEN 1 ELSE 0 END) AS click_purchase_count
      FROM ecommerce.fact_clickstream AS f
      CROSS JOIN ecommerce_ref.run AS r
      INNER JOIN ecommerce.fact_sessions AS s
        ON s.session_key = f.session_key
      WHERE
        f.event_date < r.as_of
        AND DATEDIFF(r.as_of, f.event_date) <= 30
        AND NOT s.is_suspected_bot
      GROUP BY
        f.product_id
    )
    SELECT
      r.as_of,
      30 AS period_days,
      s.product_id,
      s.currency,
      ROW_NUMBER() OVER (
        PARTITION BY s.currency
        ORDER BY s.net_amount DESC NULLS LAST, s.product_id NULLS FIRST
      ) AS revenue_rank,
      p.name,
      p.category,
      s.order_count,
      s.unit_count,
      s.gross_amount,
      s.net_amount,
      s.profit_amount,
      COALESCE(c.view_count, 0) AS view_count,
      COALESCE(c.cart_count, 0) AS cart_count,
      COALESCE(c.click_purchase_count, 0) AS click_purchase_count,
      CAST(CASE WHEN (c.click_purchase_count < 0) = (c.view_count < 0) THEN CAST(1 AS DECIMAL(1, 0)) ELSE CAST(-1 AS DECIMAL(1, 0)) END * CAST((CAST(ABS(CAST(CAST(c.click_purchase_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(c.view_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) - CAST(ABS(CAST(CAST(c.click_purchase_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(c.view_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) % NULLIF(CAST(ABS(CAST(CAST(c.view_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0)) / NULLIF(CAST(ABS(CAST(CAST(c.view_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0) AS DECIMAL(24, 0)) * CAST('0.000001' AS DECIMAL(7, 6)) AS DECIMAL(18, 6)) AS view_to_purchase_ratio
    FROM sales AS s
    CROSS JOIN ecommerce_ref.run AS r
    LEFT JOIN clicks AS c
      ON c.product_id = s.product_id
    LEFT JOIN ecommerce.dim_products AS p
      ON p.product_id = s.product_id
      AND ((CAST(DATEDIFF(p.valid_from, '1970-01-01') AS BIGINT) * 86400 + HOUR(p.valid_from) * 3600 + MINUTE(p.valid_from) * 60 + SECOND(p.valid_from)) * 1000000 + CAST(RPAD(SUBSTR(CAST(p.valid_from AS STRING), 21, 6), 6, '0') AS BIGINT)) < r.as_of_us
      AND (
        p.valid_to IS NULL
        OR ((CAST(DATEDIFF(p.valid_to, '1970-01-01') AS BIGINT) * 86400 + HOUR(p.valid_to) * 3600 + MINUTE(p.valid_to) * 60 + SECOND(p.valid_to)) * 1000000 + CAST(RPAD(SUBSTR(CAST(p.valid_to AS STRING), 21, 6), 6, '0') AS BIGINT)) >= r.as_of_us
      )
) AS m
