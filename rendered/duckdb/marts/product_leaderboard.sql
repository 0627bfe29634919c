-- marts.product_leaderboard, as duckdb runs it. Made by `make render` from warehouse/marts/product_leaderboard.sql: change that.
SELECT
    CAST(m.as_of AS DATE) AS as_of,
    CAST(m.period_days AS BIGINT) AS period_days,
    CAST(m.product_id AS VARCHAR) AS product_id,
    CAST(m.currency AS VARCHAR) AS currency,
    CAST(m.revenue_rank AS BIGINT) AS revenue_rank,
    CAST(m.name AS VARCHAR) AS name,
    CAST(m.category AS VARCHAR) AS category,
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
      FROM marts.order_lines AS l
      WHERE
        l.is_sale
        AND l.line_type = 'product'
        AND NOT l.product_id IS NULL
        AND DATE_DIFF('DAY', CAST(l.order_date AS DATE), CAST(l.as_of AS DATE)) <= 30
      GROUP BY
        l.product_id,
        l.currency
    ), clicks AS (
      SELECT
        f.product_id,
        SUM(CASE WHEN f.event_type = 'view' THEN 1 ELSE 0 END) AS view_count,
        SUM(CASE WHEN f.event_type = 'add_to_cart' THEN 1 ELSE 0 END) AS cart_count,
        SUM(CASE WHEN f.event_type = 'purchase' THEN 1 ELSE 0 END) AS click_purchase_count
      FROM core.fact_clickstream AS f
      CROSS JOIN ref.run AS r
      INNER JOIN core.fact_sessions AS s
        ON s.session_key = f.session_key
      WHERE
        f.event_date < r.as_of
        AND DATE_DIFF('DAY', CAST(f.event_date AS DATE), CAST(r.as_of AS DATE)) <= 30
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
      TRY_CAST(CAST(CASE WHEN (c.click_purchase_count < 0) = (c.view_count < 0) THEN 1 ELSE -1 END * ((2 * ABS(CAST(CAST(c.click_purchase_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS HUGEINT)) * CAST(1000000 AS HUGEINT) + ABS(CAST(CAST(c.view_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS HUGEINT))) // NULLIF(2 * ABS(CAST(CAST(c.view_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS HUGEINT)), 0)) AS DECIMAL(24, 0)) * CAST(0.000001 AS DECIMAL(7, 6)) AS DECIMAL(18, 6)) AS view_to_purchase_ratio
    FROM sales AS s
    CROSS JOIN ref.run AS r
    LEFT JOIN clicks AS c
      ON c.product_id = s.product_id
    LEFT JOIN core.dim_products AS p
      ON p.product_id = s.product_id
      AND EPOCH_US(p.valid_from) < r.as_of_us
      AND (
        p.valid_to IS NULL OR EPOCH_US(p.valid_to) >= r.as_of_us
      )
) AS m
