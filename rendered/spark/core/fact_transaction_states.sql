-- core.fact_transaction_states, as spark runs it. Made by `make render` from warehouse/core/fact_transaction_states.sql: change that.
SELECT
    CAST(m.transaction_id AS STRING) AS transaction_id,
    CAST(m.line_number AS BIGINT) AS line_number,
    CAST(m.line_type AS STRING) AS line_type,
    CAST(m.user_id AS STRING) AS user_id,
    CAST(m.user_key AS STRING) AS user_key,
    CAST(m.visitor_id AS STRING) AS visitor_id,
    CAST(m.product_id AS STRING) AS product_id,
    CAST(m.product_key AS STRING) AS product_key,
    CAST(m.quantity AS BIGINT) AS quantity,
    CAST(m.unit_price AS DECIMAL(18,4)) AS unit_price,
    CAST(m.line_amount AS DECIMAL(18,4)) AS line_amount,
    CAST(m.gross_amount AS DECIMAL(18,4)) AS gross_amount,
    CAST(m.discount_amount AS DECIMAL(18,4)) AS discount_amount,
    CAST(m.tax_amount AS DECIMAL(18,4)) AS tax_amount,
    CAST(m.shipping_amount AS DECIMAL(18,4)) AS shipping_amount,
    CAST(m.total_amount AS DECIMAL(18,4)) AS total_amount,
    CAST(m.net_amount AS DECIMAL(18,4)) AS net_amount,
    CAST(m.cost_amount AS DECIMAL(18,4)) AS cost_amount,
    CAST(m.profit_amount AS DECIMAL(18,4)) AS profit_amount,
    CAST(m.currency AS STRING) AS currency,
    CAST(m.coupon_code AS STRING) AS coupon_code,
    CAST(m.payment_method AS STRING) AS payment_method,
    CAST(m.card_last4 AS STRING) AS card_last4,
    CAST(m.status AS STRING) AS status,
    CAST(m.is_sale AS BOOLEAN) AS is_sale,
    CAST(m.order_source AS STRING) AS order_source,
    CAST(m.ship_city AS STRING) AS ship_city,
    CAST(m.ship_region AS STRING) AS ship_region,
    CAST(m.ship_postal_code AS STRING) AS ship_postal_code,
    CAST(m.ship_country AS STRING) AS ship_country,
    CAST(m.ordered_at AS TIMESTAMP_NTZ) AS ordered_at,
    CAST(m.ordered_us AS BIGINT) AS ordered_us,
    CAST(m.order_date AS DATE) AS order_date,
    CAST(m.order_hour AS BIGINT) AS order_hour,
    CAST(m.updated_at AS TIMESTAMP_NTZ) AS updated_at,
    CAST(m.valid_from_us AS BIGINT) AS valid_from_us,
    CAST(m.valid_to_us AS BIGINT) AS valid_to_us,
    CAST(m.is_current AS BOOLEAN) AS is_current
FROM (
    WITH copies AS (
      SELECT
        t.*,
        ROW_NUMBER() OVER (
          PARTITION BY t.transaction_id, t.line_number, t.updated_us
          ORDER BY t.ordered_us NULLS FIRST, t.line_type NULLS FIRST, t.user_id NULLS FIRST, t.email NULLS FIRST, t.visitor_id NULLS FIRST, t.product_id NULLS FIRST, t.quantity NULLS FIRST, t.unit_price NULLS FIRST, t.discount_amount NULLS FIRST, t.tax_amount NULLS FIRST, t.shipping_amount NULLS FIRST, t.total_amount NULLS FIRST, t.currency NULLS FIRST, t.coupon_code NULLS FIRST, t.payment_method NULLS FIRST, t.card_last4 NULLS FIRST, t.status NULLS FIRST, t.order_source NULLS FIRST, t.ship_city NULLS FIRST, t.ship_region NULLS FIRST, t.ship_postal_code NULLS FIRST, t.ship_country NULLS FIRST
        ) AS copy_number
      FROM ecommerce_spark_clean.transactions AS t
    ), states AS (
      SELECT
        c.*,
        LEAD(c.updated_at) OVER (PARTITION BY c.transaction_id, c.line_number ORDER BY c.updated_us NULLS FIRST) AS valid_to,
        LEAD(c.updated_us) OVER (PARTITION BY c.transaction_id, c.line_number ORDER BY c.updated_us NULLS FIRST) AS valid_to_us,
        CAST(CAST(c.quantity AS DECIMAL(18, 0)) * c.unit_price AS DECIMAL(18, 4)) AS line_amount
      FROM copies AS c
      WHERE
        c.copy_number = 1
    ), priced AS (
      SELECT
        s.*,
        CASE
          WHEN s.line_type IN ('product', 'gift_card', 'donation')
          THEN s.line_amount
          ELSE 0
        END AS gross_amount
      FROM states AS s
    ), joined AS (
      SELECT
        s.*,
        s.gross_amount - s.discount_amount AS net_amount,
        COALESCE(u.user_key, '@unknown') AS user_key,
        COALESCE(p.product_key, '@unknown') AS product_key,
        CASE
          WHEN s.line_type = 'product'
          THEN CAST(s.quantity AS DECIMAL(19, 0)) * p.cost_price
        END AS full_cost
      FROM priced AS s
      LEFT JOIN ecommerce_spark.dim_users AS u
        ON u.user_id = s.user_id
        AND u.valid_from <= s.ordered_at
        AND (
          u.valid_to IS NULL OR u.valid_to > s.ordered_at
        )
      LEFT JOIN ecommerce_spark.dim_products AS p
        ON p.product_id = s.product_id
        AND p.valid_from <= s.ordered_at
        AND (
          p.valid_to IS NULL OR p.valid_to > s.ordered_at
        )
    ), costed AS (
      SELECT
        j.*,
        CASE WHEN j.full_cost < 10000000000000 THEN CAST(j.full_cost AS DECIMAL(18, 4)) END AS cost_amount
      FROM joined AS j
    )
    SELECT
      j.transaction_id,
      j.line_number,
      j.line_type,
      j.user_id,
      j.user_key,
      j.visitor_id,
      j.product_id,
      j.product_key,
      j.quantity,
      j.unit_price,
      j.line_amount,
      j.gross_amount,
      j.discount_amount,
      j.tax_amount,
      j.shipping_amount,
      j.total_amount,
      j.net_amount,
      j.cost_amount,
      j.net_amount - j.cost_amount AS profit_amount,
      j.currency,
      j.coupon_code,
      j.payment_method,
      j.card_last4,
      j.status,
      j.status IN ('paid', 'shipped', 'delivered', 'refunded') AS is_sale,
      j.order_source,
      j.ship_city,
      j.ship_region,
      j.ship_postal_code,
      j.ship_country,
      j.ordered_at,
      j.ordered_us,
      j.order_date,
      j.order_hour,
      j.updated_at,
      j.updated_us AS valid_from_us,
      j.valid_to_us,
      j.valid_to IS NULL AS is_current
    FROM costed AS j
) AS m
