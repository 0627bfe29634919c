-- core.fact_refund_states, as spark runs it. Made by `make render` from warehouse/core/fact_refund_states.sql: change that.
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
    CAST(m.refunded_at AS TIMESTAMP_NTZ) AS refunded_at,
    CAST(m.refunded_us AS BIGINT) AS refunded_us,
    CAST(m.refund_date AS DATE) AS refund_date,
    CAST(m.updated_at AS TIMESTAMP_NTZ) AS updated_at,
    CAST(m.valid_from_us AS BIGINT) AS valid_from_us,
    CAST(m.valid_to_us AS BIGINT) AS valid_to_us,
    CAST(m.is_current AS BOOLEAN) AS is_current
FROM (
    WITH copies AS (
      SELECT
        r.*,
        ROW_NUMBER() OVER (
          PARTITION BY r.refund_id, r.line_number, r.updated_us
          ORDER BY r.refunded_us NULLS FIRST, r.line_type NULLS FIRST, r.transaction_id NULLS FIRST, r.transaction_line_number NULLS FIRST, r.user_id NULLS FIRST, r.product_id NULLS FIRST, r.quantity NULLS FIRST, r.unit_price NULLS FIRST, r.amount NULLS FIRST, r.tax_amount NULLS FIRST, r.currency NULLS FIRST, r.reason NULLS FIRST, r.payment_method NULLS FIRST, r.ship_country NULLS FIRST
        ) AS copy_number
      FROM ecommerce_spark_clean.refunds AS r
    ), states AS (
      SELECT
        c.*,
        LEAD(c.updated_us) OVER (PARTITION BY c.refund_id, c.line_number ORDER BY c.updated_us NULLS FIRST) AS valid_to_us
      FROM copies AS c
      WHERE
        c.copy_number = 1
    )
    SELECT
      c.refund_id,
      c.line_number,
      c.line_type,
      c.transaction_id,
      c.transaction_line_number,
      c.user_id,
      COALESCE(u.user_key, '@unknown') AS user_key,
      c.product_id,
      COALESCE(p.product_key, '@unknown') AS product_key,
      c.quantity,
      c.unit_price,
      c.amount,
      c.tax_amount,
      c.currency,
      c.reason,
      c.payment_method,
      c.ship_country,
      c.refunded_at,
      c.refunded_us,
      c.refund_date,
      c.updated_at,
      c.updated_us AS valid_from_us,
      c.valid_to_us,
      c.valid_to_us IS NULL AS is_current
    FROM states AS c
    LEFT JOIN ecommerce_spark.dim_users AS u
      ON u.user_id = c.user_id
      AND u.valid_from <= c.refunded_at
      AND (
        u.valid_to IS NULL OR u.valid_to > c.refunded_at
      )
    LEFT JOIN ecommerce_spark.dim_products AS p
      ON p.product_id = c.product_id
      AND p.valid_from <= c.refunded_at
      AND (
        p.valid_to IS NULL OR p.valid_to > c.refunded_at
      )
) AS m
