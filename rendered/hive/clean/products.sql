-- clean.products, as hive runs it. Made by `make render` from warehouse/clean/products.sql: change that.
SELECT
    CAST(m.product_id AS STRING) AS product_id,
    CAST(m.name AS STRING) AS name,
    CAST(m.category AS STRING) AS category,
    CAST(m.subcategory AS STRING) AS subcategory,
    CAST(m.brand AS STRING) AS brand,
    CAST(m.list_price AS DECIMAL(18,4)) AS list_price,
    CAST(m.cost_price AS DECIMAL(18,4)) AS cost_price,
    CAST(m.currency AS STRING) AS currency,
    CAST(m.rating AS DECIMAL(18,4)) AS rating,
    CAST(m.review_count AS BIGINT) AS review_count,
    CAST(m.stock_quantity AS BIGINT) AS stock_quantity,
    CAST(m.warranty_months AS BIGINT) AS warranty_months,
    CAST(m.weight_grams AS BIGINT) AS weight_grams,
    CAST(m.is_active AS BOOLEAN) AS is_active,
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
        NULLIF(TRIM(r.product_id), '') AS product_id,
        NULLIF(TRIM(r.name), '') AS name,
        NULLIF(TRIM(r.category), '') AS category,
        NULLIF(TRIM(r.subcategory), '') AS subcategory,
        NULLIF(TRIM(r.brand), '') AS brand,
        NULLIF(TRIM(r.list_price), '') AS list_price_text,
        CASE WHEN TRIM(r.list_price) RLIKE '^(-?[0-9]{1,14}([.][0-9]{1,4})?)\\z' THEN CAST(TRIM(r.list_price) AS DECIMAL(18, 4)) END AS list_price,
        NULLIF(TRIM(r.cost_price), '') AS cost_price_text,
        CASE WHEN TRIM(r.cost_price) RLIKE '^(-?[0-9]{1,14}([.][0-9]{1,4})?)\\z' THEN CAST(TRIM(r.cost_price) AS DECIMAL(18, 4)) END AS cost_price,
        COALESCE(UPPER(NULLIF(TRIM(r.currency), '')), s.shop_currency) AS currency,
        NULLIF(TRIM(r.rating), '') AS rating_text,
        CASE WHEN TRIM(r.rating) RLIKE '^(-?[0-9]{1,14}([.][0-9]{1,4})?)\\z' THEN CAST(TRIM(r.rating) AS DECIMAL(18, 4)) END AS rating,
        NULLIF(TRIM(r.review_count), '') AS review_count_text,
        CASE WHEN TRIM(r.review_count) RLIKE '^(-?[0-9]{1,18})\\z' THEN CAST(TRIM(r.review_count) AS BIGINT) END AS review_count,
        NULLIF(TRIM(r.stock_quantity), '') AS stock_quantity_text,
        CASE WHEN TRIM(r.stock_quantity) RLIKE '^(-?[0-9]{1,18})\\z' THEN CAST(TRIM(r.stock_quantity) AS BIGINT) END AS stock_quantity,
        NULLIF(TRIM(r.warranty_months), '') AS warranty_months_text,
        CASE WHEN TRIM(r.warranty_months) RLIKE '^(-?[0-9]{1,18})\\z' THEN CAST(TRIM(r.warranty_months) AS BIGINT) END AS warranty_months,
        NULLIF(TRIM(r.weight_grams), '') AS weight_grams_text,
        CASE WHEN TRIM(r.weight_grams) RLIKE '^(-?[0-9]{1,18})\\z' THEN CAST(TRIM(r.weight_grams) AS BIGINT) END AS weight_grams,
        TRANSLATE(NULLIF(TRIM(r.is_active), ''), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') AS is_active_text,
        NULLIF(TRIM(r.updated_at), '') AS updated_text,
        CASE WHEN TRIM(r.updated_at) RLIKE '^(20[0-9]{2}-[0-9]{2}-[0-9]{2}(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?Z| ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?))\\z' THEN CAST(TRANSLATE(TRIM(r.updated_at), 'TZ', ' ') AS TIMESTAMP) WHEN TRIM(r.updated_at) RLIKE '^([0-9]{12,13})\\z' AND CAST(TRIM(r.updated_at) AS BIGINT) BETWEEN 946684800000 AND 4102444799999 THEN FROM_UTC_TIMESTAMP(CAST(TRIM(r.updated_at) AS BIGINT), 'UTC') END AS updated_at,
        r.is_malformed,
        r.raw_text,
        r.source_file,
        r.ds
      FROM ecommerce_raw.products AS r
      CROSS JOIN ecommerce_ref.shop AS s
    ), timed AS (
      SELECT
        t.*,
        ((CAST(DATEDIFF(t.updated_at, '1970-01-01') AS BIGINT) * 86400 + HOUR(t.updated_at) * 3600 + MINUTE(t.updated_at) * 60 + SECOND(t.updated_at)) * 1000000 + CAST(RPAD(SUBSTR(CAST(t.updated_at AS STRING), 21, 6), 6, '0') AS BIGINT)) AS updated_us,
        CASE
          WHEN t.is_active_text IN ('true', 't', 'yes', 'y', '1')
          THEN TRUE
          WHEN t.is_active_text IN ('false', 'f', 'no', 'n', '0')
          THEN FALSE
        END AS is_active
      FROM typed AS t
    )
    SELECT
      t.product_id,
      t.name,
      t.category,
      t.subcategory,
      t.brand,
      t.list_price,
      t.cost_price,
      t.currency,
      t.rating,
      t.review_count,
      t.stock_quantity,
      t.warranty_months,
      t.weight_grams,
      t.is_active,
      t.updated_at,
      t.updated_us,
      CASE
        WHEN t.is_malformed
        THEN 'malformed'
        WHEN t.product_id IS NULL
        THEN 'missing_required:product_id'
        WHEN t.updated_text IS NULL
        THEN 'missing_required:updated_at'
        WHEN t.updated_at IS NULL
        THEN 'bad_timestamp:updated_at'
        WHEN t.updated_us > d.day_end_us + 600000000
        THEN 'future_timestamp:updated_at'
        WHEN t.list_price IS NULL AND NOT t.list_price_text IS NULL
        THEN 'bad_number:list_price'
        WHEN t.cost_price IS NULL AND NOT t.cost_price_text IS NULL
        THEN 'bad_number:cost_price'
        WHEN t.list_price < 0
        THEN 'bad_amount:list_price'
        WHEN t.cost_price < 0
        THEN 'bad_amount:cost_price'
        WHEN c.enum_value IS NULL
        THEN 'unknown_currency:currency'
      END AS reject,
      CASE WHEN t.rating IS NULL AND NOT t.rating_text IS NULL THEN 1 ELSE 0 END + CASE
        WHEN t.review_count IS NULL AND NOT t.review_count_text IS NULL
        THEN 1
        ELSE 0
      END + CASE
        WHEN t.stock_quantity IS NULL AND NOT t.stock_quantity_text IS NULL
        THEN 1
        ELSE 0
      END + CASE
        WHEN t.warranty_months IS NULL AND NOT t.warranty_months_text IS NULL
        THEN 1
        ELSE 0
      END + CASE
        WHEN t.weight_grams IS NULL AND NOT t.weight_grams_text IS NULL
        THEN 1
        ELSE 0
      END + CASE WHEN t.is_active IS NULL AND NOT t.is_active_text IS NULL THEN 1 ELSE 0 END AS nulled_values,
      t.raw_text,
      t.source_file,
      t.ds
    FROM timed AS t
    LEFT JOIN ecommerce_ref.dates AS d
      ON d.calendar_date = t.ds
    LEFT JOIN ecommerce_ref.enums AS c
      ON c.enum_name = 'currency' AND c.enum_value = t.currency
) AS m
