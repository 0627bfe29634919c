-- clean.transactions, as duckdb runs it. Made by `make render` from warehouse/clean/transactions.sql: change that.
SELECT
    CAST(m.transaction_id AS VARCHAR) AS transaction_id,
    CAST(m.line_number AS BIGINT) AS line_number,
    CAST(m.line_type AS VARCHAR) AS line_type,
    CAST(m.user_id AS VARCHAR) AS user_id,
    CAST(m.email AS VARCHAR) AS email,
    CAST(m.visitor_id AS VARCHAR) AS visitor_id,
    CAST(m.product_id AS VARCHAR) AS product_id,
    CAST(m.quantity AS BIGINT) AS quantity,
    CAST(m.unit_price AS DECIMAL(18,4)) AS unit_price,
    CAST(m.discount_amount AS DECIMAL(18,4)) AS discount_amount,
    CAST(m.tax_amount AS DECIMAL(18,4)) AS tax_amount,
    CAST(m.shipping_amount AS DECIMAL(18,4)) AS shipping_amount,
    CAST(m.total_amount AS DECIMAL(18,4)) AS total_amount,
    CAST(m.currency AS VARCHAR) AS currency,
    CAST(m.coupon_code AS VARCHAR) AS coupon_code,
    CAST(m.payment_method AS VARCHAR) AS payment_method,
    CAST(m.card_last4 AS VARCHAR) AS card_last4,
    CAST(m.status AS VARCHAR) AS status,
    CAST(m.order_source AS VARCHAR) AS order_source,
    CAST(m.ship_city AS VARCHAR) AS ship_city,
    CAST(m.ship_region AS VARCHAR) AS ship_region,
    CAST(m.ship_postal_code AS VARCHAR) AS ship_postal_code,
    CAST(m.ship_country AS VARCHAR) AS ship_country,
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
        CASE WHEN r.transaction_id < '!' OR SUFFIX(r.transaction_id, ' ') THEN NULLIF(TRIM(r.transaction_id, ' '), '') ELSE r.transaction_id END AS transaction_id,
        CASE WHEN r.line_number < '!' OR SUFFIX(r.line_number, ' ') THEN NULLIF(TRIM(r.line_number, ' '), '') ELSE r.line_number END AS line_number_text,
        CASE WHEN REGEXP_FULL_MATCH(r.line_number, ' *-?[0-9]{1,18} *') THEN CAST(r.line_number AS BIGINT) END AS line_number,
        COALESCE(
          CASE WHEN STRLEN(r.line_type) = LENGTH(r.line_type) THEN LOWER(CASE WHEN r.line_type < '!' OR SUFFIX(r.line_type, ' ') THEN NULLIF(TRIM(r.line_type, ' '), '') ELSE r.line_type END) ELSE TRANSLATE(CASE WHEN r.line_type < '!' OR SUFFIX(r.line_type, ' ') THEN NULLIF(TRIM(r.line_type, ' '), '') ELSE r.line_type END, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') END,
          'product'
        ) AS line_type,
        CASE WHEN r.user_id < '!' OR SUFFIX(r.user_id, ' ') THEN NULLIF(TRIM(r.user_id, ' '), '') ELSE r.user_id END AS user_id,
        CASE WHEN STRLEN(r.email) = LENGTH(r.email) THEN LOWER(CASE WHEN r.email < '!' OR SUFFIX(r.email, ' ') THEN NULLIF(TRIM(r.email, ' '), '') ELSE r.email END) ELSE TRANSLATE(CASE WHEN r.email < '!' OR SUFFIX(r.email, ' ') THEN NULLIF(TRIM(r.email, ' '), '') ELSE r.email END, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') END AS email,
        CASE WHEN r.visitor_id < '!' OR SUFFIX(r.visitor_id, ' ') THEN NULLIF(TRIM(r.visitor_id, ' '), '') ELSE r.visitor_id END AS visitor_id,
        CASE WHEN r.product_id < '!' OR SUFFIX(r.product_id, ' ') THEN NULLIF(TRIM(r.product_id, ' '), '') ELSE r.product_id END AS product_id,
        CASE WHEN r.quantity < '!' OR SUFFIX(r.quantity, ' ') THEN NULLIF(TRIM(r.quantity, ' '), '') ELSE r.quantity END AS quantity_text,
        CASE WHEN REGEXP_FULL_MATCH(r.quantity, ' *-?[0-9]{1,18} *') THEN CAST(r.quantity AS BIGINT) END AS quantity,
        CASE WHEN r.unit_price < '!' OR SUFFIX(r.unit_price, ' ') THEN NULLIF(TRIM(r.unit_price, ' '), '') ELSE r.unit_price END AS unit_price_text,
        CASE WHEN REGEXP_FULL_MATCH(r.unit_price, ' *-?[0-9]{1,14}([.][0-9]{1,4})? *') THEN CAST(r.unit_price AS DECIMAL(18, 4)) END AS unit_price,
        CASE WHEN r.discount_amount < '!' OR SUFFIX(r.discount_amount, ' ') THEN NULLIF(TRIM(r.discount_amount, ' '), '') ELSE r.discount_amount END AS discount_text,
        CASE WHEN REGEXP_FULL_MATCH(r.discount_amount, ' *-?[0-9]{1,14}([.][0-9]{1,4})? *') THEN CAST(r.discount_amount AS DECIMAL(18, 4)) END AS discount_value,
        CASE WHEN r.tax_amount < '!' OR SUFFIX(r.tax_amount, ' ') THEN NULLIF(TRIM(r.tax_amount, ' '), '') ELSE r.tax_amount END AS tax_text,
        CASE WHEN REGEXP_FULL_MATCH(r.tax_amount, ' *-?[0-9]{1,14}([.][0-9]{1,4})? *') THEN CAST(r.tax_amount AS DECIMAL(18, 4)) END AS tax_value,
        CASE WHEN r.shipping_amount < '!' OR SUFFIX(r.shipping_amount, ' ') THEN NULLIF(TRIM(r.shipping_amount, ' '), '') ELSE r.shipping_amount END AS shipping_text,
        CASE WHEN REGEXP_FULL_MATCH(r.shipping_amount, ' *-?[0-9]{1,14}([.][0-9]{1,4})? *') THEN CAST(r.shipping_amount AS DECIMAL(18, 4)) END AS shipping_value,
        CASE WHEN r.total_amount < '!' OR SUFFIX(r.total_amount, ' ') THEN NULLIF(TRIM(r.total_amount, ' '), '') ELSE r.total_amount END AS total_text,
        CASE WHEN REGEXP_FULL_MATCH(r.total_amount, ' *-?[0-9]{1,14}([.][0-9]{1,4})? *') THEN CAST(r.total_amount AS DECIMAL(18, 4)) END AS total_amount,
        COALESCE(
          UPPER(
            CASE WHEN r.currency < '!' OR SUFFIX(r.currency, ' ') THEN NULLIF(TRIM(r.currency, ' '), '') ELSE r.currency END
          ),
          s.shop_currency
        ) AS currency,
        CASE WHEN r.coupon_code < '!' OR SUFFIX(r.coupon_code, ' ') THEN NULLIF(TRIM(r.coupon_code, ' '), '') ELSE r.coupon_code END AS coupon_code,
        CASE WHEN STRLEN(r.payment_method) = LENGTH(r.payment_method) THEN LOWER(CASE WHEN r.payment_method < '!' OR SUFFIX(r.payment_method, ' ') THEN NULLIF(TRIM(r.payment_method, ' '), '') ELSE r.payment_method END) ELSE TRANSLATE(CASE WHEN r.payment_method < '!' OR SUFFIX(r.payment_method, ' ') THEN NULLIF(TRIM(r.payment_method, ' '), '') ELSE r.payment_method END, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') END AS payment_method,
        CASE WHEN r.card_last4 < '!' OR SUFFIX(r.card_last4, ' ') THEN NULLIF(TRIM(r.card_last4, ' '), '') ELSE r.card_last4 END AS card_last4,
        COALESCE(
          CASE WHEN STRLEN(r.status) = LENGTH(r.status) THEN LOWER(CASE WHEN r.status < '!' OR SUFFIX(r.status, ' ') THEN NULLIF(TRIM(r.status, ' '), '') ELSE r.status END) ELSE TRANSLATE(CASE WHEN r.status < '!' OR SUFFIX(r.status, ' ') THEN NULLIF(TRIM(r.status, ' '), '') ELSE r.status END, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') END,
          'paid'
        ) AS status,
        CASE WHEN STRLEN(r.order_source) = LENGTH(r.order_source) THEN LOWER(CASE WHEN r.order_source < '!' OR SUFFIX(r.order_source, ' ') THEN NULLIF(TRIM(r.order_source, ' '), '') ELSE r.order_source END) ELSE TRANSLATE(CASE WHEN r.order_source < '!' OR SUFFIX(r.order_source, ' ') THEN NULLIF(TRIM(r.order_source, ' '), '') ELSE r.order_source END, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') END AS order_source,
        CASE WHEN r.ship_city < '!' OR SUFFIX(r.ship_city, ' ') THEN NULLIF(TRIM(r.ship_city, ' '), '') ELSE r.ship_city END AS ship_city,
        CASE WHEN r.ship_region < '!' OR SUFFIX(r.ship_region, ' ') THEN NULLIF(TRIM(r.ship_region, ' '), '') ELSE r.ship_region END AS ship_region,
        CASE WHEN r.ship_postal_code < '!' OR SUFFIX(r.ship_postal_code, ' ') THEN NULLIF(TRIM(r.ship_postal_code, ' '), '') ELSE r.ship_postal_code END AS ship_postal_code,
        CASE WHEN r.ship_country < '!' OR SUFFIX(r.ship_country, ' ') THEN NULLIF(TRIM(r.ship_country, ' '), '') ELSE r.ship_country END AS ship_country,
        CASE WHEN r.ordered_at < '!' OR SUFFIX(r.ordered_at, ' ') THEN NULLIF(TRIM(r.ordered_at, ' '), '') ELSE r.ordered_at END AS ordered_text,
        CASE WHEN REGEXP_FULL_MATCH(r.ordered_at, ' *20[0-9]{2}-[0-9]{2}-[0-9]{2}(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?Z| ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?) *') THEN TRY_CAST(r.ordered_at AS TIMESTAMP) WHEN REGEXP_FULL_MATCH(r.ordered_at, ' *[0-9]{12,13} *') AND TRY_CAST(r.ordered_at AS BIGINT) BETWEEN 946684800000 AND 4102444799999 THEN MAKE_TIMESTAMP(TRY_CAST(r.ordered_at AS BIGINT) * 1000) END AS ordered_at,
        COALESCE(
          CASE WHEN r.updated_at < '!' OR SUFFIX(r.updated_at, ' ') THEN NULLIF(TRIM(r.updated_at, ' '), '') ELSE r.updated_at END,
          CASE WHEN r.ordered_at < '!' OR SUFFIX(r.ordered_at, ' ') THEN NULLIF(TRIM(r.ordered_at, ' '), '') ELSE r.ordered_at END
        ) AS updated_text,
        CASE WHEN REGEXP_FULL_MATCH(COALESCE(
          CASE WHEN r.updated_at < '!' OR SUFFIX(r.updated_at, ' ') THEN NULLIF(TRIM(r.updated_at, ' '), '') ELSE r.updated_at END,
          r.ordered_at
        ), ' *20[0-9]{2}-[0-9]{2}-[0-9]{2}(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?Z| ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?) *') THEN TRY_CAST(COALESCE(
          CASE WHEN r.updated_at < '!' OR SUFFIX(r.updated_at, ' ') THEN NULLIF(TRIM(r.updated_at, ' '), '') ELSE r.updated_at END,
          r.ordered_at
        ) AS TIMESTAMP) WHEN REGEXP_FULL_MATCH(COALESCE(
          CASE WHEN r.updated_at < '!' OR SUFFIX(r.updated_at, ' ') THEN NULLIF(TRIM(r.updated_at, ' '), '') ELSE r.updated_at END,
          r.ordered_at
        ), ' *[0-9]{12,13} *') AND TRY_CAST(COALESCE(
          CASE WHEN r.updated_at < '!' OR SUFFIX(r.updated_at, ' ') THEN NULLIF(TRIM(r.updated_at, ' '), '') ELSE r.updated_at END,
          r.ordered_at
        ) AS BIGINT) BETWEEN 946684800000 AND 4102444799999 THEN MAKE_TIMESTAMP(TRY_CAST(COALESCE(
          CASE WHEN r.updated_at < '!' OR SUFFIX(r.updated_at, ' ') THEN NULLIF(TRIM(r.updated_at, ' '), '') ELSE r.updated_at END,
          r.ordered_at
        ) AS BIGINT) * 1000) END AS updated_at,
        r.is_malformed,
        r.raw_text,
        r.source_file,
        r.ds
      FROM raw.transactions AS r
      CROSS JOIN ref.shop AS s
    ), timed AS (
      SELECT
        t.*,
        EPOCH_US(t.ordered_at) AS ordered_us,
        EPOCH_US(t.updated_at) AS updated_us,
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
      LEFT JOIN ref.zone_days AS z
        ON z.utc_day = CAST(FLOOR(t.ordered_us / NULLIF(86400000000, 0)) AS BIGINT)
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
      CAST(MAKE_TIMESTAMP(t.local_us) AS DATE) AS order_date,
      CAST(FLOOR(t.local_us / NULLIF(3600000000, 0)) AS BIGINT) - 24 * CAST(FLOOR(t.local_us / NULLIF(86400000000, 0)) AS BIGINT) AS order_hour,
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
    LEFT JOIN ref.dates AS d
      ON d.calendar_date = t.ds
    LEFT JOIN ref.enums AS l
      ON l.enum_name = 'line_type' AND l.enum_value = t.line_type
    LEFT JOIN ref.enums AS u
      ON u.enum_name = 'status' AND u.enum_value = t.status
    LEFT JOIN ref.enums AS p
      ON p.enum_name = 'payment_method' AND p.enum_value = t.payment_method
    LEFT JOIN ref.enums AS c
      ON c.enum_name = 'currency' AND c.enum_value = t.currency
) AS m
