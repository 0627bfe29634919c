-- clean.transactions, as hive runs it. Made by `make render` from warehouse/clean/transactions.sql: change that.
SELECT
    CAST(m.transaction_id AS STRING) AS transaction_id,
    CAST(m.line_number AS BIGINT) AS line_number,
    CAST(m.line_type AS STRING) AS line_type,
    CAST(m.user_id AS STRING) AS user_id,
    CAST(m.email AS STRING) AS email,
    CAST(m.visitor_id AS STRING) AS visitor_id,
    CAST(m.product_id AS STRING) AS product_id,
    CAST(m.quantity AS BIGINT) AS quantity,
    CAST(m.unit_price AS DECIMAL(18,4)) AS unit_price,
    CAST(m.discount_amount AS DECIMAL(18,4)) AS discount_amount,
    CAST(m.tax_amount AS DECIMAL(18,4)) AS tax_amount,
    CAST(m.shipping_amount AS DECIMAL(18,4)) AS shipping_amount,
    CAST(m.total_amount AS DECIMAL(18,4)) AS total_amount,
    CAST(m.currency AS STRING) AS currency,
    CAST(m.coupon_code AS STRING) AS coupon_code,
    CAST(m.payment_method AS STRING) AS payment_method,
    CAST(m.card_last4 AS STRING) AS card_last4,
    CAST(m.status AS STRING) AS status,
    CAST(m.order_source AS STRING) AS order_source,
    CAST(m.ship_city AS STRING) AS ship_city,
    CAST(m.ship_region AS STRING) AS ship_region,
    CAST(m.ship_postal_code AS STRING) AS ship_postal_code,
    CAST(m.ship_country AS STRING) AS ship_country,
    CAST(m.ordered_at AS TIMESTAMP) AS ordered_at,
    CAST(m.ordered_us AS BIGINT) AS ordered_us,
    CAST(m.order_date AS DATE) AS order_date,
    CAST(m.order_hour AS BIGINT) AS order_hour,
    CAST(m.updated_at AS TIMESTAMP) AS updated_at,
    CAST(m.updated_us AS BIGINT) AS updated_us,
    CAST(m.ds AS DATE) AS ds,
    m.reject,
    m.nulled_values,
    m.raw_text,
    m.source_file
FROM (
    WITH typed AS (
      SELECT
        NULLIF(TRIM(r.transaction_id), '') AS transaction_id,
        NULLIF(TRIM(r.line_number), '') AS line_number_text,
        CASE WHEN TRIM(r.line_number) RLIKE '^(-?[0-9]{1,18})\\z' THEN CAST(TRIM(r.line_number) AS BIGINT) END AS line_number,
        COALESCE(
          TRANSLATE(NULLIF(TRIM(r.line_type), ''), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz'),
          'product'
        ) AS line_type,
        NULLIF(TRIM(r.user_id), '') AS user_id,
        TRANSLATE(NULLIF(TRIM(r.email), ''), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') AS email,
        NULLIF(TRIM(r.visitor_id), '') AS visitor_id,
        NULLIF(TRIM(r.product_id), '') AS product_id,
        NULLIF(TRIM(r.quantity), '') AS quantity_text,
        CASE WHEN TRIM(r.quantity) RLIKE '^(-?[0-9]{1,18})\\z' THEN CAST(TRIM(r.quantity) AS BIGINT) END AS quantity,
        NULLIF(TRIM(r.unit_price), '') AS unit_price_text,
        CASE WHEN TRIM(r.unit_price) RLIKE '^(-?[0-9]{1,14}([.][0-9]{1,4})?)\\z' THEN CAST(TRIM(r.unit_price) AS DECIMAL(18, 4)) END AS unit_price,
        NULLIF(TRIM(r.discount_amount), '') AS discount_text,
        CASE WHEN TRIM(r.discount_amount) RLIKE '^(-?[0-9]{1,14}([.][0-9]{1,4})?)\\z' THEN CAST(TRIM(r.discount_amount) AS DECIMAL(18, 4)) END AS discount_value,
        NULLIF(TRIM(r.tax_amount), '') AS tax_text,
        CASE WHEN TRIM(r.tax_amount) RLIKE '^(-?[0-9]{1,14}([.][0-9]{1,4})?)\\z' THEN CAST(TRIM(r.tax_amount) AS DECIMAL(18, 4)) END AS tax_value,
        NULLIF(TRIM(r.shipping_amount), '') AS shipping_text,
        CASE WHEN TRIM(r.shipping_amount) RLIKE '^(-?[0-9]{1,14}([.][0-9]{1,4})?)\\z' THEN CAST(TRIM(r.shipping_amount) AS DECIMAL(18, 4)) END AS shipping_value,
        NULLIF(TRIM(r.total_amount), '') AS total_text,
        CASE WHEN TRIM(r.total_amount) RLIKE '^(-?[0-9]{1,14}([.][0-9]{1,4})?)\\z' THEN CAST(TRIM(r.total_amount) AS DECIMAL(18, 4)) END AS total_amount,
        COALESCE(UPPER(NULLIF(TRIM(r.currency), '')), s.shop_currency) AS currency,
        NULLIF(TRIM(r.coupon_code), '') AS coupon_code,
        TRANSLATE(NULLIF(TRIM(r.payment_method), ''), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') AS payment_method,
        NULLIF(TRIM(r.card_last4), '') AS card_last4,
        COALESCE(
          TRANSLATE(NULLIF(TRIM(r.status), ''), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz'),
          'paid'
        ) AS status,
        TRANSLATE(NULLIF(TRIM(r.order_source), ''), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') AS order_source,
        NULLIF(TRIM(r.ship_city), '') AS ship_city,
        NULLIF(TRIM(r.ship_region), '') AS ship_region,
        NULLIF(TRIM(r.ship_postal_code), '') AS ship_postal_code,
        NULLIF(TRIM(r.ship_country), '') AS ship_country,
        NULLIF(TRIM(r.ordered_at), '') AS ordered_text,
        CASE WHEN TRIM(r.ordered_at) RLIKE '^(20[0-9]{2}-[0-9]{2}-[0-9]{2}(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?Z| ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?))\\z' THEN CAST(TRANSLATE(TRIM(r.ordered_at), 'TZ', ' ') AS TIMESTAMP) WHEN TRIM(r.ordered_at) RLIKE '^([0-9]{12,13})\\z' AND CAST(TRIM(r.ordered_at) AS BIGINT) BETWEEN 946684800000 AND 4102444799999 THEN FROM_UTC_TIMESTAMP(CAST(TRIM(r.ordered_at) AS BIGINT), 'UTC') END AS ordered_at,
        COALESCE(NULLIF(TRIM(r.updated_at), ''), NULLIF(TRIM(r.ordered_at), '')) AS updated_text,
        CASE WHEN TRIM(COALESCE(NULLIF(TRIM(r.updated_at), ''), r.ordered_at)) RLIKE '^(20[0-9]{2}-[0-9]{2}-[0-9]{2}(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?Z| ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?))\\z' THEN CAST(TRANSLATE(TRIM(COALESCE(NULLIF(TRIM(r.updated_at), ''), r.ordered_at)), 'TZ', ' ') AS TIMESTAMP) WHEN TRIM(COALESCE(NULLIF(TRIM(r.updated_at), ''), r.ordered_at)) RLIKE '^([0-9]{12,13})\\z' AND CAST(TRIM(COALESCE(NULLIF(TRIM(r.updated_at), ''), r.ordered_at)) AS BIGINT) BETWEEN 946684800000 AND 4102444799999 THEN FROM_UTC_TIMESTAMP(CAST(TRIM(COALESCE(NULLIF(TRIM(r.updated_at), ''), r.ordered_at)) AS BIGINT), 'UTC') END AS updated_at,
        r.is_malformed,
        r.raw_text,
        r.source_file,
        r.ds
      FROM ecommerce_raw.transactions AS r
      CROSS JOIN ecommerce_ref.shop AS s
    ), timed AS (
      SELECT
        t.*,
        ((CAST(DATEDIFF(t.ordered_at, '1970-01-01') AS BIGINT) * 86400 + HOUR(t.ordered_at) * 3600 + MINUTE(t.ordered_at) * 60 + SECOND(t.ordered_at)) * 1000000 + CAST(RPAD(SUBSTR(CAST(t.ordered_at AS STRING), 21, 6), 6, '0') AS BIGINT)) AS ordered_us,
        ((CAST(DATEDIFF(t.updated_at, '1970-01-01') AS BIGINT) * 86400 + HOUR(t.updated_at) * 3600 + MINUTE(t.updated_at) * 60 + SECOND(t.updated_at)) * 1000000 + CAST(RPAD(SUBSTR(CAST(t.updated_at AS STRING), 21, 6), 6, '0') AS BIGINT)) AS updated_us,
        COALESCE(t.discount_value, 0) AS discount_amount,
        COALESCE(t.tax_value, 0) AS tax_amount,
        COALESCE(t.shipping_value, 0) AS shipping_amount,
        t.line_type IN ('discount', 'adjustment') AS takes_either_sign,
        CASE
          WHEN t.quantity BETWEEN -1000000000 AND 1000000000
          THEN CAST(t.quantity AS DECIMAL(19, 0)) * t.unit_price
        END AS line_amount
      FROM typed AS t
    ), priced AS (
      SELECT
        t.*,
        t.line_amount - t.discount_amount + t.tax_amount + t.shipping_amount AS expected_total
      FROM timed AS t
    ), located AS (
      SELECT
        t.*,
        t.ordered_us + CASE WHEN t.ordered_us < z.change_us THEN z.before_us ELSE z.after_us END AS local_us
      FROM priced AS t
      LEFT JOIN ecommerce_ref.zone_days AS z
        ON z.utc_day = CAST(FLOOR(t.ordered_us / 86400000000) AS BIGINT)
    )
    SELECT
      t.transaction_id,
      t.line_number,
      t.line_type,
      t.user_id,
      t.email,
      t.visitor_id,
      t.product_id,
      t.quantity,
      t.unit_price,
      t.discount_amount,
      t.tax_amount,
      t.shipping_amount,
      COALESCE(
        t.total_amount,
        CASE
          WHEN t.expected_total BETWEEN -100000000000 AND 100000000000
          THEN t.expected_total
        END
      ) AS total_amount,
      t.currency,
      t.coupon_code,
      t.payment_method,
      t.card_last4,
      t.status,
      t.order_source,
      t.ship_city,
      t.ship_region,
      t.ship_postal_code,
      t.ship_country,
      t.ordered_at,
      t.ordered_us,
      DATE_ADD(CAST('1970-01-01' AS DATE), CAST(FLOOR(t.local_us / 86400000000) AS INT)) AS order_date,
      CAST(FLOOR(t.local_us / 3600000000) AS BIGINT) - 24 * CAST(FLOOR(t.local_us / 86400000000) AS BIGINT) AS order_hour,
      t.updated_at,
      t.updated_us,
      CASE
        WHEN t.is_malformed
        THEN 'malformed'
        WHEN t.transaction_id IS NULL
        THEN 'missing_required:transaction_id'
        WHEN t.line_number_text IS NULL
        THEN 'missing_required:line_number'
        WHEN t.ordered_text IS NULL
        THEN 'missing_required:ordered_at'
        WHEN t.quantity_text IS NULL
        THEN 'missing_required:quantity'
        WHEN t.unit_price_text IS NULL
        THEN 'missing_required:unit_price'
        WHEN t.ordered_at IS NULL
        THEN 'bad_timestamp:ordered_at'
        WHEN t.updated_at IS NULL
        THEN 'bad_timestamp:updated_at'
        WHEN t.ordered_us > d.day_end_us + 600000000
        THEN 'future_timestamp:ordered_at'
        WHEN t.updated_us > d.day_end_us + 600000000
        THEN 'future_timestamp:updated_at'
        WHEN t.line_number IS NULL
        THEN 'bad_number:line_number'
        WHEN t.quantity IS NULL
        THEN 'bad_number:quantity'
        WHEN t.unit_price IS NULL
        THEN 'bad_number:unit_price'
        WHEN NOT t.discount_text IS NULL AND t.discount_value IS NULL
        THEN 'bad_number:discount_amount'
        WHEN NOT t.tax_text IS NULL AND t.tax_value IS NULL
        THEN 'bad_number:tax_amount'
        WHEN NOT t.shipping_text IS NULL AND t.shipping_value IS NULL
        THEN 'bad_number:shipping_amount'
        WHEN NOT t.total_text IS NULL AND t.total_amount IS NULL
        THEN 'bad_number:total_amount'
        WHEN t.quantity < -1000000000 OR t.quantity > 1000000000
        THEN 'bad_amount:quantity'
        WHEN t.line_type = 'stock_adjustment' AND t.unit_price <> 0
        THEN 'bad_amount:unit_price'
        WHEN t.line_type <> 'stock_adjustment' AND NOT t.takes_either_sign AND t.quantity <= 0
        THEN 'bad_amount:quantity'
        WHEN NOT t.takes_either_sign AND t.unit_price < 0
        THEN 'bad_amount:unit_price'
        WHEN NOT t.takes_either_sign AND t.discount_amount < 0
        THEN 'bad_amount:discount_amount'
        WHEN NOT t.takes_either_sign AND t.tax_amount < 0
        THEN 'bad_amount:tax_amount'
        WHEN NOT t.takes_either_sign AND t.shipping_amount < 0
        THEN 'bad_amount:shipping_amount'
        WHEN NOT t.line_amount BETWEEN -100000000000 AND 100000000000
        THEN 'bad_amount:unit_price'
        WHEN NOT t.expected_total BETWEEN -100000000000 AND 100000000000
        THEN 'bad_amount:total_amount'
        WHEN NOT t.total_amount - t.expected_total BETWEEN -0.01 AND 0.01
        THEN 'total_mismatch:total_amount'
        WHEN l.enum_value IS NULL
        THEN 'unknown_line_type:line_type'
        WHEN u.enum_value IS NULL
        THEN 'unknown_status:status'
        WHEN NOT t.payment_method IS NULL AND p.enum_value IS NULL
        THEN 'unknown_payment_method:payment_method'
        WHEN c.enum_value IS NULL
        THEN 'unknown_currency:currency'
      END AS reject,
      0 AS nulled_values,
      t.raw_text,
      t.source_file,
      t.ds
    FROM located AS t
    LEFT JOIN ecommerce_ref.dates AS d
      ON d.calendar_date = t.ds
    LEFT JOIN ecommerce_ref.enums AS l
      ON l.enum_name = 'line_type' AND l.enum_value = t.line_type
    LEFT JOIN ecommerce_ref.enums AS u
      ON u.enum_name = 'status' AND u.enum_value = t.status
    LEFT JOIN ecommerce_ref.enums AS p
      ON p.enum_name = 'payment_method' AND p.enum_value = t.payment_method
    LEFT JOIN ecommerce_ref.enums AS c
      ON c.enum_name = 'currency' AND c.enum_value = t.currency
) AS m
