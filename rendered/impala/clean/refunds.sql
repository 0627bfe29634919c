-- clean.refunds, as impala runs it. Made by `make render` from warehouse/clean/refunds.sql: change that.
SELECT
    CAST(m.refund_id AS STRING) AS refund_id,
    CAST(m.line_number AS BIGINT) AS line_number,
    CAST(m.line_type AS STRING) AS line_type,
    CAST(m.transaction_id AS STRING) AS transaction_id,
    CAST(m.transaction_line_number AS BIGINT) AS transaction_line_number,
    CAST(m.user_id AS STRING) AS user_id,
    CAST(m.product_id AS STRING) AS product_id,
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
        NULLIF(TRIM(r.refund_id), '') AS refund_id,
        NULLIF(TRIM(r.line_number), '') AS line_number_text,
        CASE WHEN TRIM(r.line_number) RLIKE '^(-?[0-9]{1,18})$' THEN CAST(TRIM(r.line_number) AS BIGINT) END AS line_number,
        COALESCE(
          TRANSLATE(NULLIF(TRIM(r.line_type), ''), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz'),
          'product'
        ) AS line_type,
        NULLIF(TRIM(r.transaction_id), '') AS transaction_id,
        NULLIF(TRIM(r.transaction_line_number), '') AS transaction_line_text,
        CASE WHEN TRIM(r.transaction_line_number) RLIKE '^(-?[0-9]{1,18})$' THEN CAST(TRIM(r.transaction_line_number) AS BIGINT) END AS transaction_line_number,
        NULLIF(TRIM(r.user_id), '') AS user_id,
        NULLIF(TRIM(r.product_id), '') AS product_id,
        NULLIF(TRIM(r.quantity), '') AS quantity_text,
        CASE WHEN TRIM(r.quantity) RLIKE '^(-?[0-9]{1,18})$' THEN CAST(TRIM(r.quantity) AS BIGINT) END AS quantity,
        NULLIF(TRIM(r.unit_price), '') AS unit_price_text,
        CASE WHEN TRIM(r.unit_price) RLIKE '^(-?[0-9]{1,14}([.][0-9]{1,4})?)$' THEN CAST(TRIM(r.unit_price) AS DECIMAL(18, 4)) END AS unit_price,
        NULLIF(TRIM(r.amount), '') AS amount_text,
        CASE WHEN TRIM(r.amount) RLIKE '^(-?[0-9]{1,14}([.][0-9]{1,4})?)$' THEN CAST(TRIM(r.amount) AS DECIMAL(18, 4)) END AS amount,
        NULLIF(TRIM(r.tax_amount), '') AS tax_text,
        CASE WHEN TRIM(r.tax_amount) RLIKE '^(-?[0-9]{1,14}([.][0-9]{1,4})?)$' THEN CAST(TRIM(r.tax_amount) AS DECIMAL(18, 4)) END AS tax_value,
        COALESCE(UPPER(NULLIF(TRIM(r.currency), '')), s.shop_currency) AS currency,
        TRANSLATE(NULLIF(TRIM(r.reason), ''), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') AS reason,
        TRANSLATE(NULLIF(TRIM(r.payment_method), ''), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') AS payment_method,
        NULLIF(TRIM(r.ship_country), '') AS ship_country,
        NULLIF(TRIM(r.refunded_at), '') AS refunded_text,
        CASE WHEN TRIM(r.refunded_at) RLIKE '^(20[0-9]{2}-[0-9]{2}-[0-9]{2}(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?Z| ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?))$' THEN CAST(REPLACE(REPLACE(TRIM(r.refunded_at), 'T', ' '), 'Z', '') AS TIMESTAMP) WHEN TRIM(r.refunded_at) RLIKE '^([0-9]{12,13})$' AND CAST(TRIM(r.refunded_at) AS BIGINT) BETWEEN 946684800000 AND 4102444799999 THEN UNIX_MICROS_TO_UTC_TIMESTAMP(CAST(TRIM(r.refunded_at) AS BIGINT) * 1000) END AS refunded_at,
        CASE WHEN TRIM(COALESCE(NULLIF(TRIM(r.updated_at), ''), r.refunded_at)) RLIKE '^(20[0-9]{2}-[0-9]{2}-[0-9]{2}(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?Z| ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?))$' THEN CAST(REPLACE(REPLACE(TRIM(COALESCE(NULLIF(TRIM(r.updated_at), ''), r.refunded_at)), 'T', ' '), 'Z', '') AS TIMESTAMP) WHEN TRIM(COALESCE(NULLIF(TRIM(r.updated_at), ''), r.refunded_at)) RLIKE '^([0-9]{12,13})$' AND CAST(TRIM(COALESCE(NULLIF(TRIM(r.updated_at), ''), r.refunded_at)) AS BIGINT) BETWEEN 946684800000 AND 4102444799999 THEN UNIX_MICROS_TO_UTC_TIMESTAMP(CAST(TRIM(COALESCE(NULLIF(TRIM(r.updated_at), ''), r.refunded_at)) AS BIGINT) * 1000) END AS updated_at,
        r.is_malformed,
        r.raw_text,
        r.source_file,
        r.ds
      FROM ecommerce_raw.refunds AS r
      CROSS JOIN ecommerce_ref.shop AS s
    ), timed AS (
      SELECT
        t.*,
        UTC_TO_UNIX_MICROS(t.refunded_at) AS refunded_us,
        UTC_TO_UNIX_MICROS(t.updated_at) AS updated_us
      FROM typed AS t
    ), located AS (
      SELECT
        t.*,
        t.refunded_us + CASE WHEN t.refunded_us < z.change_us THEN z.before_us ELSE z.after_us END AS local_us
      FROM timed AS t
      LEFT JOIN ecommerce_ref.zone_days AS z
        ON z.utc_day = CAST(FLOOR(t.refunded_us / 86400000000) AS BIGINT)
    )
    SELECT
      t.refund_id,
      t.line_number,
      t.line_type,
      t.transaction_id,
      t.transaction_line_number,
      t.user_id,
      t.product_id,
      t.quantity,
      t.unit_price,
      t.amount,
      COALESCE(t.tax_value, 0) AS tax_amount,
      t.currency,
      t.reason,
      t.payment_method,
      t.ship_country,
      t.refunded_at,
      t.refunded_us,
      DAYS_ADD(CAST('1970-01-01' AS DATE), CAST(FLOOR(t.local_us / 86400000000) AS BIGINT)) AS refund_date,
      t.updated_at,
      t.updated_us,
      CASE
        WHEN t.is_malformed
        THEN 'malformed'
        WHEN t.refund_id IS NULL
        THEN 'missing_required:refund_id'
        WHEN t.line_number_text IS NULL
        THEN 'missing_required:line_number'
        WHEN t.refunded_text IS NULL
        THEN 'missing_required:refunded_at'
        WHEN t.amount_text IS NULL
        THEN 'missing_required:amount'
        WHEN t.refunded_at IS NULL
        THEN 'bad_timestamp:refunded_at'
        WHEN t.updated_at IS NULL
        THEN 'bad_timestamp:updated_at'
        WHEN t.refunded_us > d.day_end_us + 600000000
        THEN 'future_timestamp:refunded_at'
        WHEN t.updated_us > d.day_end_us + 600000000
        THEN 'future_timestamp:updated_at'
        WHEN t.line_number IS NULL
        THEN 'bad_number:line_number'
        WHEN t.quantity IS NULL AND NOT t.quantity_text IS NULL
        THEN 'bad_number:quantity'
        WHEN t.unit_price IS NULL AND NOT t.unit_price_text IS NULL
        THEN 'bad_number:unit_price'
        WHEN t.amount IS NULL
        THEN 'bad_number:amount'
        WHEN NOT t.tax_text IS NULL AND t.tax_value IS NULL
        THEN 'bad_number:tax_amount'
        WHEN t.quantity < 0 OR t.quantity > 1000000000
        THEN 'bad_amount:quantity'
        WHEN t.amount < 0 OR t.amount > 100000000000
        THEN 'bad_amount:amount'
        WHEN l.enum_value IS NULL
        THEN 'unknown_line_type:line_type'
        WHEN NOT t.payment_method IS NULL AND p.enum_value IS NULL
        THEN 'unknown_payment_method:payment_method'
        WHEN c.enum_value IS NULL
        THEN 'unknown_currency:currency'
      END AS reject,
      CASE
        WHEN t.transaction_line_number IS NULL AND NOT t.transaction_line_text IS NULL
        THEN 1
        ELSE 0
      END AS nulled_values,
      t.raw_text,
      t.source_file,
      t.ds
    FROM located AS t
    LEFT JOIN ecommerce_ref.dates AS d
      ON d.calendar_date = t.ds
    LEFT JOIN ecommerce_ref.enums AS l
      ON l.enum_name = 'line_type' AND l.enum_value = t.line_type
    LEFT JOIN ecommerce_ref.enums AS p
      ON p.enum_name = 'payment_method' AND p.enum_value = t.payment_method
    LEFT JOIN ecommerce_ref.enums AS c
      ON c.enum_name = 'currency' AND c.enum_value = t.currency
) AS m
