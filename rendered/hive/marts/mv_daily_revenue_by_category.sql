-- marts.mv_daily_revenue_by_category, as hive runs it. Made by `make render` from warehouse/marts/mv_daily_revenue_by_category.sql: change that.
SELECT
    CAST(m.as_of AS DATE) AS as_of,
    CAST(m.order_date AS DATE) AS order_date,
    CAST(m.category AS STRING) AS category,
    CAST(m.currency AS STRING) AS currency,
    CAST(m.order_count AS BIGINT) AS order_count,
    CAST(m.unit_count AS BIGINT) AS unit_count,
    CAST(m.gross_amount AS DECIMAL(18,4)) AS gross_amount,
    CAST(m.discount_amount AS DECIMAL(18,4)) AS discount_amount,
    CAST(m.net_amount AS DECIMAL(18,4)) AS net_amount,
    CAST(m.profit_amount AS DECIMAL(18,4)) AS profit_amount
FROM (
    SELECT
      MAX(l.as_of) AS as_of,
      l.order_date,
      COALESCE(l.category, 'unknown') AS category,
      l.currency,
      COUNT(DISTINCT l.transaction_id) AS order_count,
      SUM(l.quantity) AS unit_count,
      SUM(l.gross_amount) AS gross_amount,
      SUM(l.discount_amount) AS discount_amount,
      SUM(l.net_amount) AS net_amount,
      SUM(l.profit_amount) AS profit_amount
    FROM ecommerce.order_lines AS l
    WHERE
      l.is_sale AND l.line_type = 'product'
    GROUP BY
      l.order_date,
      COALESCE(l.category, 'unknown'),
      l.currency
) AS m
