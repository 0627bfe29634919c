-- marts.agg_user_metrics, as hive runs it. Made by `make render` from warehouse/marts/agg_user_metrics.sql: change that.
SELECT
    CAST(m.as_of AS DATE) AS as_of,
    CAST(m.user_id AS STRING) AS user_id,
    CAST(m.currency AS STRING) AS currency,
    CAST(m.first_order_date AS DATE) AS first_order_date,
    CAST(m.last_order_date AS DATE) AS last_order_date,
    CAST(m.recency_days AS BIGINT) AS recency_days,
    CAST(m.order_count AS BIGINT) AS order_count,
    CAST(m.unit_count AS BIGINT) AS unit_count,
    CAST(m.gross_amount AS DECIMAL(18,4)) AS gross_amount,
    CAST(m.discount_amount AS DECIMAL(18,4)) AS discount_amount,
    CAST(m.net_amount AS DECIMAL(18,4)) AS net_amount,
    CAST(m.refund_amount AS DECIMAL(18,4)) AS refund_amount,
    CAST(m.average_order_amount AS DECIMAL(18,4)) AS average_order_amount,
    CAST(m.lifetime_value_computed AS DECIMAL(18,4)) AS lifetime_value_computed
FROM (
    WITH sales AS (
      SELECT
        l.user_id,
        l.currency,
        MIN(l.order_date) AS first_order_date,
        MAX(l.order_date) AS last_order_date,
        COUNT(DISTINCT l.transaction_id) AS order_count,
        SUM(CASE WHEN l.line_type = 'product' THEN l.quantity ELSE 0 END) AS unit_count,
        CAST(SUM(l.gross_amount) AS DECIMAL(18, 4)) AS gross_amount,
        CAST(SUM(
          CASE
            WHEN l.line_type = 'discount'
            THEN l.discount_amount - l.line_amount
            ELSE l.discount_amount
          END
        ) AS DECIMAL(18, 4)) AS discount_amount,
        CAST(SUM(CASE WHEN l.line_type = 'discount' THEN l.line_amount ELSE 0 END + l.net_amount) AS DECIMAL(18, 4)) AS net_amount
      FROM ecommerce.order_lines AS l
      WHERE
        l.is_sale AND NOT l.user_id IS NULL AND l.line_type <> 'stock_adjustment'
      GROUP BY
        l.user_id,
        l.currency
    ), refunds AS (
      SELECT
        f.user_id,
        f.currency,
        CAST(SUM(f.amount) AS DECIMAL(18, 4)) AS refund_amount
      FROM ecommerce.fact_refund_states AS f
      CROSS JOIN ecommerce_ref.run AS r
      WHERE
        f.refund_date < r.as_of
        AND f.valid_from_us < r.as_of_us
        AND (
          f.valid_to_us IS NULL OR f.valid_to_us >= r.as_of_us
        )
        AND NOT f.user_id IS NULL
      GROUP BY
        f.user_id,
        f.currency
    )
    SELECT
      r.as_of,
      s.user_id,
      s.currency,
      s.first_order_date,
      s.last_order_date,
      DATEDIFF(r.as_of, s.last_order_date) AS recency_days,
      s.order_count,
      s.unit_count,
      s.gross_amount,
      s.discount_amount,
      s.net_amount,
      COALESCE(f.refund_amount, 0) AS refund_amount,
      CAST(CASE WHEN (s.net_amount < 0) = (s.order_count < 0) THEN CAST(1 AS DECIMAL(1, 0)) ELSE CAST(-1 AS DECIMAL(1, 0)) END * CAST((CAST(ABS(CAST(CAST(s.net_amount AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(20000 AS DECIMAL(5, 0)) + ABS(CAST(CAST(s.order_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) - CAST(ABS(CAST(CAST(s.net_amount AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(20000 AS DECIMAL(5, 0)) + ABS(CAST(CAST(s.order_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) % NULLIF(CAST(ABS(CAST(CAST(s.order_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0)) / NULLIF(CAST(ABS(CAST(CAST(s.order_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0) AS DECIMAL(24, 0)) * CAST('0.0001' AS DECIMAL(5, 4)) AS DECIMAL(18, 4)) AS average_order_amount,
      s.net_amount - COALESCE(f.refund_amount, 0) AS lifetime_value_computed
    FROM sales AS s
    CROSS JOIN ecommerce_ref.run AS r
    LEFT JOIN refunds AS f
      ON f.user_id = s.user_id AND f.currency = s.currency
) AS m
