-- marts.agg_daily_sales, as hive runs it. Made by `make render` from warehouse/marts/agg_daily_sales.sql: change that.
SELECT
    CAST(m.as_of AS DATE) AS as_of,
    CAST(m.order_date AS DATE) AS order_date,
    CAST(m.currency AS STRING) AS currency,
    CAST(m.order_count AS BIGINT) AS order_count,
    CAST(m.unit_count AS BIGINT) AS unit_count,
    CAST(m.gross_amount AS DECIMAL(18,4)) AS gross_amount,
    CAST(m.discount_amount AS DECIMAL(18,4)) AS discount_amount,
    CAST(m.net_amount AS DECIMAL(18,4)) AS net_amount,
    CAST(m.tax_amount AS DECIMAL(18,4)) AS tax_amount,
    CAST(m.shipping_amount AS DECIMAL(18,4)) AS shipping_amount,
    CAST(m.fee_amount AS DECIMAL(18,4)) AS fee_amount,
    CAST(m.adjustment_amount AS DECIMAL(18,4)) AS adjustment_amount,
    CAST(m.refund_count AS BIGINT) AS refund_count,
    CAST(m.refund_amount AS DECIMAL(18,4)) AS refund_amount,
    CAST(m.cancelled_order_count AS BIGINT) AS cancelled_order_count,
    CAST(m.cancelled_amount AS DECIMAL(18,4)) AS cancelled_amount
FROM (
    WITH sales AS (
      SELECT
        l.order_date,
        l.currency,
        COUNT(DISTINCT CASE WHEN l.is_sale THEN l.transaction_id END) AS order_count,
        SUM(CASE WHEN l.is_sale AND l.line_type = 'product' THEN l.quantity ELSE 0 END) AS unit_count,
        SUM(CASE WHEN l.is_sale THEN l.gross_amount ELSE 0 END) AS gross_amount,
        SUM(
          CASE
            WHEN NOT l.is_sale
            THEN 0
            WHEN l.line_type = 'discount'
            THEN l.discount_amount - l.line_amount
            ELSE l.discount_amount
          END
        ) AS discount_amount,
        SUM(CASE WHEN l.is_sale THEN l.tax_amount ELSE 0 END) AS tax_amount,
        SUM(
          CASE
            WHEN NOT l.is_sale
            THEN 0
            WHEN l.line_type = 'shipping'
            THEN l.shipping_amount + l.line_amount
            ELSE l.shipping_amount
          END
        ) AS shipping_amount,
        SUM(CASE WHEN l.is_sale AND l.line_type = 'fee' THEN l.line_amount ELSE 0 END) AS fee_amount,
        SUM(CASE WHEN l.is_sale AND l.line_type = 'adjustment' THEN l.line_amount ELSE 0 END) AS adjustment_amount,
        COUNT(DISTINCT CASE WHEN l.status = 'cancelled' THEN l.transaction_id END) AS cancelled_order_count,
        SUM(CASE WHEN l.status = 'cancelled' THEN l.gross_amount ELSE 0 END) AS cancelled_amount
      FROM ecommerce.order_lines AS l
      WHERE
        l.line_type <> 'stock_adjustment'
      GROUP BY
        l.order_date,
        l.currency
    ), refunds AS (
      SELECT
        f.refund_date,
        f.currency,
        COUNT(DISTINCT f.refund_id) AS refund_count,
        SUM(f.amount) AS refund_amount
      FROM ecommerce.fact_refund_states AS f
      CROSS JOIN ecommerce_ref.run AS r
      WHERE
        f.refund_date < r.as_of
        AND f.valid_from_us < r.as_of_us
        AND (
          f.valid_to_us IS NULL OR f.valid_to_us >= r.as_of_us
        )
      GROUP BY
        f.refund_date,
        f.currency
    ), days AS (
      SELECT
        s.order_date,
        s.currency
      FROM sales AS s
      UNION
      SELECT
        f.refund_date,
        f.currency
      FROM refunds AS f
    )
    SELECT
      r.as_of,
      d.order_date,
      d.currency,
      COALESCE(s.order_count, 0) AS order_count,
      COALESCE(s.unit_count, 0) AS unit_count,
      COALESCE(s.gross_amount, 0) AS gross_amount,
      COALESCE(s.discount_amount, 0) AS discount_amount,
      COALESCE(s.gross_amount, 0) - COALESCE(s.discount_amount, 0) AS net_amount,
      COALESCE(s.tax_amount, 0) AS tax_amount,
      COALESCE(s.shipping_amount, 0) AS shipping_amount,
      COALESCE(s.fee_amount, 0) AS fee_amount,
      COALESCE(s.adjustment_amount, 0) AS adjustment_amount,
      COALESCE(f.refund_count, 0) AS refund_count,
      COALESCE(f.refund_amount, 0) AS refund_amount,
      COALESCE(s.cancelled_order_count, 0) AS cancelled_order_count,
      COALESCE(s.cancelled_amount, 0) AS cancelled_amount
    FROM days AS d
    CROSS JOIN ecommerce_ref.run AS r
    LEFT JOIN sales AS s
      ON s.order_date = d.order_date AND s.currency = d.currency
    LEFT JOIN refunds AS f
      ON f.refund_date = d.order_date AND f.currency = d.currency
) AS m
