-- clean.refunds, as duckdb runs it. Made by `make render` from warehouse/clean/refunds.sql: change that.
SELECT
    CAST(m.refund_id AS VARCHAR) AS refund_id,
    CAST(m.line_number AS BIGINT) AS line_number,
    CAST(m.line_type AS VARCHAR) AS line_type,
    CAST(m.transaction_id AS VARCHAR) AS transaction_id,
    CAST(m.transaction_line_number AS BIGINT) AS transaction_line_number,
    CAST(m.user_id AS VARCHAR) AS user_id,
    CAST(m.product_id AS VARCHAR) AS product_id,
    CAST(m.quantity AS BIGINT) AS quantity,
    CAST(m.unit_price AS DECIMAL(18,4)) AS unit_price,
    CAST(m.amount AS DECIMAL(18,4)) AS amount,
    CAST(m.tax_amount AS DECIMAL(18,4)) AS tax_amount,
    CAST(m.currency AS VARCHAR) AS currency,
    CAST(m.reason AS VARCHAR) AS reason,
    CAST(m.payment_method AS VARCHAR) AS payment_method,
    CAST(m.ship_country AS VARCHAR) AS ship_country,
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
        CASE WHEN r.refund_id < '!' OR SUFFIX(r.refund_id, ' ') THEN NULLIF(TRIM(r.refund_id, ' '), '') ELSE r.refund_id END AS refund_id,
        CASE WHEN r.line_number < '!' OR SUFFIX(r.line_number, ' ') THEN NULLIF(TRIM(r.line_number, ' '), '') ELSE r.line_number END AS line_number_text,
        CASE WHEN REGEXP_FULL_MATCH(r.line_number, ' *-?[0-9]{1,18} *') THEN CAST(r.line_number AS BIGINT) END AS line_number,
        COALESCE(
          CASE WHEN STRLEN(r.line_type) = LENGTH(r.line_type) THEN LOWER(CASE WHEN r.line_type < '!' OR SUFFIX(r.line_type, ' ') THEN NULLIF(TRIM(r.line_type, ' '), '') ELSE r.line_type END) ELSE TRANSLATE(CASE WHEN r.line_type < '!' OR SUFFIX(r.line_type, ' ') THEN NULLIF(TRIM(r.line_type, ' '), '') ELSE r.line_type END, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') END,
          'product'
        ) AS line_type,
        CASE WHEN r.transaction_id < '!' OR SUFFIX(r.transaction_id, ' ') THEN NULLIF(TRIM(r.transaction_id, ' '), '') ELSE r.transaction_id END AS transaction_id,
        CASE WHEN r.transaction_line_number < '!' OR SUFFIX(r.transaction_line_number, ' ') THEN NULLIF(TRIM(r.transaction_line_number, ' '), '') ELSE r.transaction_line_number END AS transaction_line_text,
        CASE WHEN REGEXP_FULL_MATCH(r.transaction_line_number, ' *-?[0-9]{1,18} *') THEN CAST(r.transaction_line_number AS BIGINT) END AS transaction_line_number,
        CASE WHEN r.user_id < '!' OR SUFFIX(r.user_id, ' ') THEN NULLIF(TRIM(r.user_id, ' '), '') ELSE r.user_id END AS user_id,
        CASE WHEN r.product_id < '!' OR SUFFIX(r.product_id, ' ') THEN NULLIF(TRIM(r.product_id, ' '), '') ELSE r.product_id END AS product_id,
        CASE WHEN r.quantity < '!' OR SUFFIX(r.quantity, ' ') THEN NULLIF(TRIM(r.quantity, ' '), '') ELSE r.quantity END AS quantity_text,
        CASE WHEN REGEXP_FULL_MATCH(r.quantity, ' *-?[0-9]{1,18} *') THEN CAST(r.quantity AS BIGINT) END AS quantity,
        CASE WHEN r.unit_price < '!' OR SUFFIX(r.unit_price, ' ') THEN NULLIF(TRIM(r.unit_price, ' '), '') ELSE r.unit_price END AS unit_price_text,
        CASE WHEN REGEXP_FULL_MATCH(r.unit_price, ' *-?[0-9]{1,14}([.][0-9]{1,4})? *') THEN CAST(r.unit_price AS DECIMAL(18, 4)) END AS unit_price,
        CASE WHEN r.amount < '!' OR SUFFIX(r.amount, ' ') THEN NULLIF(TRIM(r.amount, ' '), '') ELSE r.amount END AS amount_text,
        CASE WHEN REGEXP_FULL_MATCH(r.amount, ' *-?[0-9]{1,14}([.][0-9]{1,4})? *') THEN CAST(r.amount AS DECIMAL(18, 4)) END AS amount,
        CASE WHEN r.tax_amount < '!' OR SUFFIX(r.tax_amount, ' ') THEN NULLIF(TRIM(r.tax_amount, ' '), '') ELSE r.tax_amount END AS tax_text,
        CASE WHEN REGEXP_FULL_MATCH(r.tax_amount, ' *-?[0-9]{1,14}([.][0-9]{1,4})? *') THEN CAST(r.tax_amount AS DECIMAL(18, 4)) END AS tax_value,
        COALESCE(
          UPPER(
            CASE WHEN r.currency < '!' OR SUFFIX(r.currency, ' ') THEN NULLIF(TRIM(r.currency, ' '), '') ELSE r.currency END
          ),
          s.shop_currency
        ) AS currency,
        CASE WHEN STRLEN(r.reason) = LENGTH(r.reason) THEN LOWER(CASE WHEN r.reason < '!' OR SUFFIX(r.reason, ' ') THEN NULLIF(TRIM(r.reason, ' '), '') ELSE r.reason END) ELSE TRANSLATE(CASE WHEN r.reason < '!' OR SUFFIX(r.reason, ' ') THEN NULLIF(TRIM(r.reason, ' '), '') ELSE r.reason END, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') END AS reason,
        CASE WHEN STRLEN(r.payment_method) = LENGTH(r.payment_method) THEN LOWER(CASE WHEN r.payment_method < '!' OR SUFFIX(r.payment_method, ' ') THEN NULLIF(TRIM(r.payment_method, ' '), '') ELSE r.payment_method END) ELSE TRANSLATE(CASE WHEN r.payment_method < '!' OR SUFFIX(r.payment_method, ' ') THEN NULLIF(TRIM(r.payment_method, ' '), '') ELSE r.payment_method END, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') END AS payment_method,
        CASE WHEN r.ship_country < '!' OR SUFFIX(r.ship_country, ' ') THEN NULLIF(TRIM(r.ship_country, ' '), '') ELSE r.ship_country END AS ship_country,
        CASE WHEN r.refunded_at < '!' OR SUFFIX(r.refunded_at, ' ') THEN NULLIF(TRIM(r.refunded_at, ' '), '') ELSE r.refunded_at END AS refunded_text,
        CASE WHEN REGEXP_FULL_MATCH(r.refunded_at, ' *20[0-9]{2}-[0-9]{2}-[0-9]{2}(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?Z| ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?) *') THEN TRY_CAST(r.refunded_at AS TIMESTAMP) WHEN REGEXP_FULL_MATCH(r.refunded_at, ' *[0-9]{12,13} *') AND TRY_CAST(r.refunded_at AS BIGINT) BETWEEN 946684800000 AND 4102444799999 THEN MAKE_TIMESTAMP(TRY_CAST(r.refunded_at AS BIGINT) * 1000) END AS refunded_at,
        CASE WHEN REGEXP_FULL_MATCH(COALESCE(
          CASE WHEN r.updated_at < '!' OR SUFFIX(r.updated_at, ' ') THEN NULLIF(TRIM(r.updated_at, ' '), '') ELSE r.updated_at END,
          r.refunded_at
        ), ' *20[0-9]{2}-[0-9]{2}-[0-9]{2}(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?Z| ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?) *') THEN TRY_CAST(COALESCE(
          CASE WHEN r.updated_at < '!' OR SUFFIX(r.updated_at, ' ') THEN NULLIF(TRIM(r.updated_at, ' '), '') ELSE r.updated_at END,
          r.refunded_at
        ) AS TIMESTAMP) WHEN REGEXP_FULL_MATCH(COALESCE(
          CASE WHEN r.updated_at < '!' OR SUFFIX(r.updated_at, ' ') THEN NULLIF(TRIM(r.updated_at, ' '), '') ELSE r.updated_at END,
          r.refunded_at
        ), ' *[0-9]{12,13} *') AND TRY_CAST(COALESCE(
          CASE WHEN r.updated_at < '!' OR SUFFIX(r.updated_at, ' ') THEN NULLIF(TRIM(r.updated_at, ' '), '') ELSE r.updated_at END,
          r.refunded_at
        ) AS BIGINT) BETWEEN 946684800000 AND 4102444799999 THEN MAKE_TIMESTAMP(TRY_CAST(COALESCE(
          CASE WHEN r.updated_at < '!' OR SUFFIX(r.updated_at, ' ') THEN NULLIF(TRIM(r.updated_at, ' '), '') ELSE r.updated_at END,
          r.refunded_at
        ) AS BIGINT) * 1000) END AS updated_at,
        r.is_malformed,
        r.raw_text,
        r.source_file,
        r.ds
      FROM raw.refunds AS r
      CROSS JOIN ref.shop AS s
    ), timed AS (
      SELECT
        t.*,
        EPOCH_US(t.refunded_at) AS refunded_us,
        EPOCH_US(t.updated_at) AS updated_us
      FROM typed AS t
    ), located AS (
      SELECT
        t.*,
        t.refunded_us + CASE WHEN t.refunded_us < z.change_us THEN z.before_us ELSE z.after_us END AS local_us
      FROM timed AS t
      LEFT JOIN ref.zone_days AS z
        ON z.utc_day = CAST(FLOOR(t.refunded_us / NULLIF(86400000000, 0)) AS BIGINT)
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
      CAST(MAKE_TIMESTAMP(t.local_us) AS DATE) AS refund_date,
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
    LEFT JOIN ref.dates AS d
      ON d.calendar_date = t.ds
    LEFT JOIN ref.enums AS l
      ON l.enum_name = 'line_type' AND l.enum_value = t.line_type
    LEFT JOIN ref.enums AS p
      ON p.enum_name = 'payment_method' AND p.enum_value = t.payment_method
    LEFT JOIN ref.enums AS c
      ON c.enum_name = 'currency' AND c.enum_value = t.currency
) AS m
