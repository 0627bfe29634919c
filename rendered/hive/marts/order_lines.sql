-- marts.order_lines, as hive runs it. Made by `make render` from warehouse/marts/order_lines.sql: change that.
SELECT
    CAST(m.as_of AS DATE) AS as_of,
    CAST(m.transaction_id AS STRING) AS transaction_id,
    CAST(m.line_number AS BIGINT) AS line_number,
    CAST(m.line_type AS STRING) AS line_type,
    CAST(m.user_id AS STRING) AS user_id,
    CAST(m.visitor_id AS STRING) AS visitor_id,
    CAST(m.product_id AS STRING) AS product_id,
    CAST(m.category AS STRING) AS category,
    CAST(m.quantity AS BIGINT) AS quantity,
    CAST(m.unit_price AS DECIMAL(18,4)) AS unit_price,
    CAST(m.line_amount AS DECIMAL(18,4)) AS line_amount,
    CAST(m.gross_amount AS DECIMAL(18,4)) AS gross_amount,
    CAST(m.discount_amount AS DECIMAL(18,4)) AS discount_amount,
    CAST(m.tax_amount AS DECIMAL(18,4)) AS tax_amount,
    CAST(m.shipping_amount AS DECIMAL(18,4)) AS shipping_amount,
    CAST(m.net_amount AS DECIMAL(18,4)) AS net_amount,
    CAST(m.cost_amount AS DECIMAL(18,4)) AS cost_amount,
    CAST(m.profit_amount AS DECIMAL(18,4)) AS profit_amount,
    CAST(m.currency AS STRING) AS currency,
    CAST(m.status AS STRING) AS status,
    CAST(m.is_sale AS BOOLEAN) AS is_sale,
    CAST(m.order_source AS STRING) AS order_source,
    CAST(m.ship_country AS STRING) AS ship_country,
    CAST(m.ordered_us AS BIGINT) AS ordered_us,
    CAST(m.order_date AS DATE) AS order_date,
    CAST(m.order_hour AS BIGINT) AS order_hour
FROM (
    SELECT
      r.as_of,
      s.transaction_id,
      s.line_number,
      s.line_type,
      s.user_id,
      s.visitor_id,
      s.product_id,
      p.category,
      s.quantity,
      s.unit_price,
      s.line_amount,
      s.gross_amount,
      s.discount_amount,
      s.tax_amount,
      s.shipping_amount,
      s.net_amount,
      s.cost_amount,
      s.profit_amount,
      s.currency,
      s.status,
      s.is_sale,
      s.order_source,
      s.ship_country,
      s.ordered_us,
      s.order_date,
      s.order_hour
    FROM ecommerce.fact_transaction_states AS s
    CROSS JOIN ecommerce_ref.run AS r
    LEFT JOIN ecommerce.dim_products AS p
      ON p.product_key = s.product_key
    WHERE
      s.order_date < r.as_of
      AND s.valid_from_us < r.as_of_us
      AND (
        s.valid_to_us IS NULL OR s.valid_to_us >= r.as_of_us
      )
) AS m
