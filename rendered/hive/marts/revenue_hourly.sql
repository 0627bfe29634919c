-- marts.revenue_hourly, as hive runs it. Made by `make render` from warehouse/marts/revenue_hourly.sql: change that.
SELECT
    CAST(m.as_of AS DATE) AS as_of,
    CAST(m.order_date AS DATE) AS order_date,
    CAST(m.order_hour AS BIGINT) AS order_hour,
    CAST(m.currency AS STRING) AS currency,
    CAST(m.order_count AS BIGINT) AS order_count,
    CAST(m.unit_count AS BIGINT) AS unit_count,
    CAST(m.gross_amount AS DECIMAL(18,4)) AS gross_amount,
    CAST(m.net_amount AS DECIMAL(18,4)) AS net_amount
FROM (
    SELECT
      MAX(l.as_of) AS as_of,
      l.order_date,
      l.order_hour,
      l.currency,
      COUNT(DISTINCT l.transaction_id) AS order_count,
      SUM(CASE WHEN l.line_type = 'product' THEN l.quantity ELSE 0 END) AS unit_count,
      SUM(l.gross_amount) AS gross_amount,
      SUM(CASE WHEN l.line_type = 'discount' THEN l.line_amount ELSE 0 END + l.net_amount) AS net_amount
    FROM ecommerce.order_lines AS l
    WHERE
      l.is_sale AND l.line_type <> 'stock_adjustment'
    GROUP BY
      l.order_date,
      l.order_hour,
      l.currency
) AS m
