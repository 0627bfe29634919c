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
        NULLIF(CASE WHEN PREFIX(r.transaction_id, ' ') OR SUFFIX(r.transaction_id, ' ') THEN TRIM(r.transaction_id, ' ') ELSE r.transaction_id END, '') AS transaction_id,
        NULLIF(CASE WHEN PREFIX(r.line_number, ' ') OR SUFFIX(r.line_number, ' ') THEN TRIM(r.line_number, ' ') ELSE r.line_number END, '') AS line_number_text,
        CASE WHEN REGEXP_FULL_MATCH(CASE WHEN PREFIX(r.line_number, ' ') OR SUFFIX(r.line_number, ' ') THEN TRIM(r.line_number, ' ') ELSE r.line_number END, '-?[0-9]{1,18}') THEN CAST(CASE WHEN PREFIX(r.line_number, ' ') OR SUFFIX(r.line_number, ' ') THEN TRIM(r.line_number, ' ') ELSE r.line_number END AS BIGINT) END AS line_number,
        COALESCE(
          CASE WHEN STRLEN(NULLIF(CASE WHEN PREFIX(r.line_type, ' ') OR SUFFIX(r.line_type, ' ') THEN TRIM(r.line_type, ' ') ELSE r.line_type END, '')) = LENGTH(NULLIF(CASE WHEN PREFIX(r.line_type, ' ') OR SUFFIX(r.line_type, ' ') THEN TRIM(r.line_type, ' ') ELSE r.line_type END, '')) THEN LOWER(NULLIF(CASE WHEN PREFIX(r.line_type, ' ') OR SUFFIX(r.line_type, ' ') THEN TRIM(r.line_type, ' ') ELSE r.line_type END, '')) ELSE TRANSLATE(NULLIF(CASE WHEN PREFIX(r.line_type, ' ') OR SUFFIX(r.line_type, ' ') THEN TRIM(r.line_type, ' ') ELSE r.line_type END, ''), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') END,
          'product'
        ) AS line_type,
        NULLIF(CASE WHEN PREFIX(r.user_id, ' ') OR SUFFIX(r.user_id, ' ') THEN TRIM(r.user_id, ' ') ELSE r.user_id END, '') AS user_id,
        CASE WHEN STRLEN(NULLIF(CASE WHEN PREFIX(r.email, ' ') OR SUFFIX(r.email, ' ') THEN TRIM(r.email, ' ') ELSE r.email END, '')) = LENGTH(NULLIF(CASE WHEN PREFIX(r.email, ' ') OR SUFFIX(r.email, ' ') THEN TRIM(r.email, ' ') ELSE r.email END, '')) THEN LOWER(NULLIF(CASE WHEN PREFIX(r.email, ' ') OR SUFFIX(r.email, ' ') THEN TRIM(r.email, ' ') ELSE r.email END, '')) ELSE TRANSLATE(NULLIF(CASE WHEN PREFIX(r.email, ' ') OR SUFFIX(r.email, ' ') THEN TRIM(r.email, ' ') ELSE r.email END, ''), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') END AS email,
        NULLIF(CASE WHEN PREFIX(r.visitor_id, ' ') OR SUFFIX(r.visitor_id, ' ') THEN TRIM(r.visitor_id, ' ') ELSE r.visitor_id END, '') AS visitor_id,
        NULLIF(CASE WHEN PREFIX(r.product_id, ' ') OR SUFFIX(r.product_id, ' ') THEN TRIM(r.product_id, ' ') ELSE r.product_id END, '') AS product_id,
        NULLIF(CASE WHEN PREFIX(r.quantity, ' ') OR SUFFIX(r.quantity, ' ') THEN TRIM(r.quantity, ' ') ELSE r.quantity END, '') AS quantity_text,
        CASE WHEN REGEXP_FULL_MATCH(CASE WHEN PREFIX(r.quantity, ' ') OR SUFFIX(r.quantity, ' ') THEN TRIM(r.quantity, ' ') ELSE r.quantity END, '-?[0-9]{1,18}') THEN CAST(CASE WHEN PREFIX(r.quantity, ' ') OR SUFFIX(r.quantity, ' ') THEN TRIM(r.quantity, ' ') ELSE r.quantity END AS BIGINT) END AS quantity,
        NULLIF(CASE WHEN PREFIX(r.unit_price, ' ') OR SUFFIX(r.unit_price, ' ') THEN TRIM(r.unit_price, ' ') ELSE r.unit_price END, '') AS unit_price_text,
        CASE WHEN REGEXP_FULL_MATCH(CASE WHEN PREFIX(r.unit_price, ' ') OR SUFFIX(r.unit_price, ' ') THEN TRIM(r.unit_price, ' ') ELSE r.unit_price END, '-?[0-9]{1,14}([.][0-9]{1,4})?') THEN CAST(CASE WHEN PREFIX(r.unit_price, ' ') OR SUFFIX(r.unit_price, ' ') THEN TRIM(r.unit_price, ' ') ELSE r.unit_price END AS DECIMAL(18, 4)) END AS unit_price,
        NULLIF(CASE WHEN PREFIX(r.discount_amount, ' ') OR SUFFIX(r.discount_amount, ' ') THEN TRIM(r.discount_amount, ' ') ELSE r.discount_amount END, '') AS discount_text,
        CASE WHEN REGEXP_FULL_MATCH(CASE WHEN PREFIX(r.discount_amount, ' ') OR SUFFIX(r.discount_amount, ' ') THEN TRIM(r.discount_amount, ' ') ELSE r.discount_amount END, '-?[0-9]{1,14}([.][0-9]{1,4})?') THEN CAST(CASE WHEN PREFIX(r.discount_amount, ' ') OR SUFFIX(r.discount_amount, ' ') THEN TRIM(r.discount_amount, ' ') ELSE r.discount_amount END AS DECIMAL(18, 4)) END AS discount_value,
        NULLIF(CASE WHEN PREFIX(r.tax_amount, ' ') OR SUFFIX(r.tax_amount, ' ') THEN TRIM(r.tax_amount, ' ') ELSE r.tax_amount END, '') AS tax_text,
        CASE WHEN REGEXP_FULL_MATCH(CASE WHEN PREFIX(r.tax_amount, ' ') OR SUFFIX(r.tax_amount, ' ') THEN TRIM(r.tax_amount, ' ') ELSE r.tax_amount END, '-?[0-9]{1,14}([.][0-9]{1,4})?') THEN CAST(CASE WHEN PREFIX(r.tax_amount, ' ') OR SUFFIX(r.tax_amount, ' ') THEN TRIM(r.tax_amount, ' ') ELSE r.tax_amount END AS DECIMAL(18, 4)) END AS tax_value,
        NULLIF(CASE WHEN PREFIX(r.shipping_amount, ' ') OR SUFFIX(r.shipping_amount, ' ') THEN TRIM(r.shipping_amount, ' ') ELSE r.shipping_amount END, '') AS shipping_text,
        CASE WHEN REGEXP_FULL_MATCH(CASE WHEN PREFIX(r.shipping_amount, ' ') OR SUFFIX(r.shipping_amount, ' ') THEN TRIM(r.shipping_amount, ' ') ELSE r.shipping_amount END, '-?[0-9]{1,14}([.][0-9]{1,4})?') THEN CAST(CASE WHEN PREFIX(r.shipping_amount, ' ') OR SUFFIX(r.shipping_amount, ' ') THEN TRIM(r.shipping_amount, ' ') ELSE r.shipping_amount END AS DECIMAL(18, 4)) END AS shipping_value,
        NULLIF(CASE WHEN PREFIX(r.total_amount, ' ') OR SUFFIX(r.total_amount, ' ') THEN TRIM(r.total_amount, ' ') ELSE r.total_amount END, '') AS total_text,
        CASE WHEN REGEXP_FULL_MATCH(CASE WHEN PREFIX(r.total_amount, ' ') OR SUFFIX(r.total_amount, ' ') THEN TRIM(r.total_amount, ' ') ELSE r.total_amount END, '-?[0-9]{1,14}([.][0-9]{1,4})?') THEN CAST(CASE WHEN PREFIX(r.total_amount, ' ') OR SUFFIX(r.total_amount, ' ') THEN TRIM(r.total_amount, ' ') ELSE r.total_amount END AS DECIMAL(18, 4)) END AS total_amount,
        COALESCE(
          UPPER(
            NULLIF(CASE WHEN PREFIX(r.currency, ' ') OR SUFFIX(r.currency, ' ') THEN TRIM(r.currency, ' ') ELSE r.currency END, '')
          ),
          s.shop_currency
        ) AS currency,
        NULLIF(CASE WHEN PREFIX(r.coupon_code, ' ') OR SUFFIX(r.coupon_code, ' ') THEN TRIM(r.coupon_code, ' ') ELSE r.coupon_code END, '') AS coupon_code,
        CASE WHEN STRLEN(NULLIF(CASE WHEN PREFIX(r.payment_method, ' ') OR SUFFIX(r.payment_method, ' ') THEN TRIM(r.payment_method, ' ') ELSE r.payment_method END, '')) = LENGTH(NULLIF(CASE WHEN PREFIX(r.payment_method, ' ') OR SUFFIX(r.payment_method, ' ') THEN TRIM(r.payment_method, ' ') ELSE r.payment_method END, '')) THEN LOWER(NULLIF(CASE WHEN PREFIX(r.payment_method, ' ') OR SUFFIX(r.payment_method, ' ') THEN TRIM(r.payment_method, ' ') ELSE r.payment_method END, '')) ELSE TRANSLATE(NULLIF(CASE WHEN PREFIX(r.payment_method, ' ') OR SUFFIX(r.payment_method, ' ') THEN TRIM(r.payment_method, ' ') ELSE r.payment_method END, ''), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') END AS payment_method,
        NULLIF(CASE WHEN PREFIX(r.card_last4, ' ') OR SUFFIX(r.card_last4, ' ') THEN TRIM(r.card_last4, ' ') ELSE r.card_last4 END, '') AS card_last4,
        COALESCE(
          CASE WHEN STRLEN(NULLIF(CASE WHEN PREFIX(r.status, ' ') OR SUFFIX(r.status, ' ') THEN TRIM(r.status, ' ') ELSE r.status END, '')) = LENGTH(NULLIF(CASE WHEN PREFIX(r.status, ' ') OR SUFFIX(r.status, ' ') THEN TRIM(r.status, ' ') ELSE r.status END, '')) THEN LOWER(NULLIF(CASE WHEN PREFIX(r.status, ' ') OR SUFFIX(r.status, ' ') THEN TRIM(r.status, ' ') ELSE r.status END, '')) ELSE TRANSLATE(NULLIF(CASE WHEN PREFIX(r.status, ' ') OR SUFFIX(r.status, ' ') THEN TRIM(r.status, ' ') ELSE r.status END, ''), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') END,
          'paid'
        ) AS status,
        CASE WHEN STRLEN(NULLIF(CASE WHEN PREFIX(r.order_source, ' ') OR SUFFIX(r.order_source, ' ') THEN TRIM(r.order_source, ' ') ELSE r.order_source END, '')) = LENGTH(NULLIF(CASE WHEN PREFIX(r.order_source, ' ') OR SUFFIX(r.order_source, ' ') THEN TRIM(r.order_source, ' ') ELSE r.order_source END, '')) THEN LOWER(NULLIF(CASE WHEN PREFIX(r.order_source, ' ') OR SUFFIX(r.order_source, ' ') THEN TRIM(r.order_source, ' ') ELSE r.order_source END, '')) ELSE TRANSLATE(NULLIF(CASE WHEN PREFIX(r.order_source, ' ') OR SUFFIX(r.order_source, ' ') THEN TRIM(r.order_source, ' ') ELSE r.order_source END, ''), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') END AS order_source,
        NULLIF(CASE WHEN PREFIX(r.ship_city, ' ') OR SUFFIX(r.ship_city, ' ') THEN TRIM(r.ship_city, ' ') ELSE r.ship_city END, '') AS ship_city,
        NULLIF(CASE WHEN PREFIX(r.ship_region, ' ') OR SUFFIX(r.ship_region, ' ') THEN TRIM(r.ship_region, ' ') ELSE r.ship_region END, '') AS ship_region,
        NULLIF(CASE WHEN PREFIX(r.ship_postal_code, ' ') OR SUFFIX(r.ship_postal_code, ' ') THEN TRIM(r.ship_postal_code, ' ') ELSE r.ship_postal_code END, '') AS ship_postal_code,
        NULLIF(CASE WHEN PREFIX(r.ship_country, ' ') OR SUFFIX(r.ship_country, ' ') THEN TRIM(r.ship_country, ' ') ELSE r.ship_country END, '') AS ship_country,
        NULLIF(CASE WHEN PREFIX(r.ordered_at, ' ') OR SUFFIX(r.ordered_at, ' ') THEN TRIM(r.ordered_at, ' ') ELSE r.ordered_at END, '') AS ordered_text,
        CASE WHEN REGEXP_FULL_MATCH(CASE WHEN PREFIX(r.ordered_at, ' ') OR SUFFIX(r.ordered_at, ' ') THEN TRIM(r.ordered_at, ' ') ELSE r.ordered_at END, '20[0-9]{2}-[0-9]{2}-[0-9]{2}(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?Z| ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?)') THEN TRY_CAST(CASE WHEN PREFIX(r.ordered_at, ' ') OR SUFFIX(r.ordered_at, ' ') THEN TRIM(r.ordered_at, ' ') ELSE r.ordered_at END AS TIMESTAMP) WHEN REGEXP_FULL_MATCH(CASE WHEN PREFIX(r.ordered_at, ' ') OR SUFFIX(r.ordered_at, ' ') THEN TRIM(r.ordered_at, ' ') ELSE r.ordered_at END, '[0-9]{12,13}') AND TRY_CAST(CASE WHEN PREFIX(r.ordered_at, ' ') OR SUFFIX(r.ordered_at, ' ') THEN TRIM(r.ordered_at, ' ') ELSE r.ordered_at END AS BIGINT) BETWEEN 946684800000 AND 4102444799999 THEN MAKE_TIMESTAMP(TRY_CAST(CASE WHEN PREFIX(r.ordered_at, ' ') OR SUFFIX(r.ordered_at, ' ') THEN TRIM(r.ordered_at, ' ') ELSE r.ordered_at END AS BIGINT) * 1000) END AS ordered_at,
        COALESCE(
          NULLIF(CASE WHEN PREFIX(r.updated_at, ' ') OR SUFFIX(r.updated_at, ' ') THEN TRIM(r.updated_at, ' ') ELSE r.updated_at END, ''),
          NULLIF(CASE WHEN PREFIX(r.ordered_at, ' ') OR SUFFIX(r.ordered_at, ' ') THEN TRIM(r.ordered_at, ' ') ELSE r.ordered_at END, '')
        ) AS updated_text,
        CASE WHEN REGEXP_FULL_MATCH(CASE WHEN PREFIX(COALESCE(
          NULLIF(CASE WHEN PREFIX(r.updated_at, ' ') OR SUFFIX(r.updated_at, ' ') THEN TRIM(r.updated_at, ' ') ELSE r.updated_at END, ''),
          r.ordered_at
        ), ' ') OR SUFFIX(COALESCE(
          NULLIF(CASE WHEN PREFIX(r.updated_at, ' ') OR SUFFIX(r.updated_at, ' ') THEN TRIM(r.updated_at, ' ') ELSE r.updated_at END, ''),
          r.ordered_at
        ), ' ') THEN TRIM(COALESCE(
          NULLIF(CASE WHEN PREFIX(r.updated_at, ' ') OR SUFFIX(r.updated_at, ' ') THEN TRIM(r.updated_at, ' ') ELSE r.updated_at END, ''),
          r.ordered_at
        ), ' ') ELSE COALESCE(
          NULLIF(CASE WHEN PREFIX(r.updated_at, ' ') OR SUFFIX(r.updated_at, ' ') THEN TRIM(r.updated_at, ' ') ELSE r.updated_at END, ''),
          r.ordered_at
        ) END, '20[0-9]{2}-[0-9]{2}-[0-9]{2}(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?Z| ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?)') THEN TRY_CAST(CASE WHEN PREFIX(COALESCE(
          NULLIF(CASE WHEN PREFIX(r.updated_at, ' ') OR SUFFIX(r.updated_at, ' ') THEN TRIM(r.updated_at, ' ') ELSE r.updated_at END, ''),
          r.ordered_at
        ), ' ') OR SUFFIX(COALESCE(
          NULLIF(CASE WHEN PREFIX(r.updated_at, ' ') OR SUFFIX(r.updated_at, ' ') THEN TRIM(r.updated_at, ' ') ELSE r.updated_at END, ''),
          r.ordered_at
        ), ' ') THEN TRIM(COALESCE(
          NULLIF(CASE WHEN PREFIX(r.updated_at, ' ') OR SUFFIX(r.updated_at, ' ') THEN TRIM(r.updated_at, ' ') ELSE r.updated_at END, ''),
          r.ordered_at
        ), ' ') ELSE COALESCE(
          NULLIF(CASE WHEN PREFIX(r.updated_at, ' ') OR SUFFIX(r.updated_at, ' ') THEN TRIM(r.updated_at, ' ') ELSE r.updated_at END, ''),
          r.ordered_at
        ) END AS TIMESTAMP) WHEN REGEXP_FULL_MATCH(CASE WHEN PREFIX(COALESCE(
          NULLIF(CASE WHEN PREFIX(r.updated_at, ' ') OR SUFFIX(r.updated_at, ' ') THEN TRIM(r.updated_at, ' ') ELSE r.updated_at END, ''),
          r.ordered_at
        ), ' ') OR SUFFIX(COALESCE(
          NULLIF(CASE WHEN PREFIX(r.updated_at, ' ') OR SUFFIX(r.updated_at, ' ') THEN TRIM(r.updated_at, ' ') ELSE r.updated_at END, ''),
          r.ordered_at
        ), ' ') THEN TRIM(COALESCE(
          NULLIF(CASE WHEN PREFIX(r.updated_at, ' ') OR SUFFIX(r.updated_at, ' ') THEN TRIM(r.updated_at, ' ') ELSE r.updated_at END, ''),
          r.ordered_at
        ), ' ') ELSE COALESCE(
          NULLIF(CASE WHEN PREFIX(r.updated_at, ' ') OR SUFFIX(r.updated_at, ' ') THEN TRIM(r.updated_at, ' ') ELSE r.updated_at END, ''),
          r.ordered_at
        ) END, '[0-9]{12,13}') AND TRY_CAST(CASE WHEN PREFIX(COALESCE(
          NULLIF(CASE WHEN PREFIX(r.updated_at, ' ') OR SUFFIX(r.updated_at, ' ') THEN TRIM(r.updated_at, ' ') ELSE r.updated_at END, ''),
          r.ordered_at
        ), ' ') OR SUFFIX(COALESCE(
          NULLIF(CASE WHEN PREFIX(r.updated_at, ' ') OR SUFFIX(r.updated_at, ' ') THEN TRIM(r.updated_at, ' ') ELSE r.updated_at END, ''),
          r.ordered_at
        ), ' ') THEN TRIM(COALESCE(
          NULLIF(CASE WHEN PREFIX(r.updated_at, ' ') OR SUFFIX(r.updated_at, ' ') THEN TRIM(r.updated_at, ' ') ELSE r.updated_at END, ''),
          r.ordered_at
        ), ' ') ELSE COALESCE(
          NULLIF(CASE WHEN PREFIX(r.updated_at, ' ') OR SUFFIX(r.updated_at, ' ') THEN TRIM(r.updated_at, ' ') ELSE r.updated_at END, ''),
          r.ordered_at
        ) END AS BIGINT) BETWEEN 946684800000 AND 4102444799999 THEN MAKE_TIMESTAMP(TRY_CAST(CASE WHEN PREFIX(COALESCE(
          NULLIF(CASE WHEN PREFIX(r.updated_at, ' ') OR SUFFIX(r.updated_at, ' ') THEN TRIM(r.updated_at, ' ') ELSE r.updated_at END, ''),
          r.ordered_at
        ), ' ') OR SUFFIX(COALESCE(
          NULLIF(CASE WHEN PREFIX(r.updated_at, ' ') OR SUFFIX(r.updated_at, ' ') THEN TRIM(r.updated_at, ' ') ELSE r.updated_at END, ''),
          r.ordered_at
        ), ' ') THEN TRIM(COALESCE(
          NULLIF(CASE WHEN PREFIX(r.updated_at, ' ') OR SUFFIX(r.updated_at, ' ') THEN TRIM(r.updated_at, ' ') ELSE r.updated_at END, ''),
          r.ordered_at
        ), ' ') ELSE COALESCE(
          NULLIF(CASE WHEN PREFIX(r.updated_at, ' ') OR SUFFIX(r.updated_at, ' ') THEN TRIM(r.updated_at, ' ') ELSE r.updated_at END, ''),
          r.ordered_at
        ) END AS BIGINT) * 1000) END AS updated_at,
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
      q.local_date AS order_date,
      q.local_hour AS order_hour,
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
    FROM priced AS t
    LEFT JOIN ref.dates AS d
      ON d.calendar_date = t.ds
    LEFT JOIN ref.zone_quarters AS q
      ON q.zone_quarter = CAST(FLOOR(t.ordered_us / NULLIF(900000000, 0)) AS BIGINT)
    LEFT JOIN ref.enums AS l
      ON l.enum_name = 'line_type' AND l.enum_value = t.line_type
    LEFT JOIN ref.enums AS u
      ON u.enum_name = 'status' AND u.enum_value = t.status
    LEFT JOIN ref.enums AS p
      ON p.enum_name = 'payment_method' AND p.enum_value = t.payment_method
    LEFT JOIN ref.enums AS c
      ON c.enum_name = 'currency' AND c.enum_value = t.currency
) AS m
