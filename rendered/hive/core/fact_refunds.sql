-- core.fact_refunds, as hive runs it. Made by `make render` from warehouse/core/fact_refunds.sql: change that.
SELECT
    CAST(m.refund_id AS STRING) AS refund_id,
    CAST(m.line_number AS BIGINT) AS line_number,
    CAST(m.line_type AS STRING) AS line_type,
    CAST(m.transaction_id AS STRING) AS transaction_id,
    CAST(m.transaction_line_number AS BIGINT) AS transaction_line_number,
    CAST(m.user_id AS STRING) AS user_id,
    CAST(m.user_key AS STRING) AS user_key,
    CAST(m.product_id AS STRING) AS product_id,
    CAST(m.product_key AS STRING) AS product_key,
    CAST(m.quantity AS BIGINT) AS quantity,
    CAST(m.unit_price AS DECIMAL(18,4)) AS unit_price,
    CAST(m.amount AS DECIMAL(18,4)) AS amount,
    CAST(m.tax_amount AS DECIMAL(18,4)) AS tax_amount,
    CAST(m.currency AS STRING) AS currency,
    CAST(m.reason AS STRING) AS reason,
    CAST(m.payment_method AS STRING) AS payment_method,
    CAST(m.ship_country AS STRING) AS ship_country,
    CAST(m.refunded_at AS TIMESTAMP) AS refunded_at,
    CAST(m.refunded_us AS BIGINT) AS refunded_us,
    CAST(m.refund_date AS DATE) AS refund_date,
    CAST(m.updated_at AS TIMESTAMP) AS updated_at
FROM (
    SELECT
      s.refund_id,
      s.line_number,
      s.line_type,
      s.transaction_id,
      s.transaction_line_number,
      s.user_id,
      s.user_key,
      s.product_id,
      s.product_key,
      s.quantity,
      s.unit_price,
      s.amount,
      s.tax_amount,
      s.currency,
      s.reason,
      s.payment_method,
      s.ship_country,
      s.refunded_at,
      s.refunded_us,
      s.refund_date,
      s.updated_at
    FROM ecommerce.fact_refund_states AS s
    WHERE
      s.is_current
) AS m
