-- clean.products, as duckdb runs it. Made by `make render` from warehouse/clean/products.sql: change that.
SELECT
    CAST(m.product_id AS VARCHAR) AS product_id,
    CAST(m.name AS VARCHAR) AS name,
    CAST(m.category AS VARCHAR) AS category,
    CAST(m.subcategory AS VARCHAR) AS subcategory,
    CAST(m.brand AS VARCHAR) AS brand,
    CAST(m.list_price AS DECIMAL(18,4)) AS list_price,
    CAST(m.cost_price AS DECIMAL(18,4)) AS cost_price,
    CAST(m.currency AS VARCHAR) AS currency,
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
        CASE WHEN r.product_id < '!' OR SUFFIX(r.product_id, ' ') THEN NULLIF(TRIM(r.product_id, ' '), '') ELSE r.product_id END AS product_id,
        CASE WHEN r.name < '!' OR SUFFIX(r.name, ' ') THEN NULLIF(TRIM(r.name, ' '), '') ELSE r.name END AS name,
        CASE WHEN r.category < '!' OR SUFFIX(r.category, ' ') THEN NULLIF(TRIM(r.category, ' '), '') ELSE r.category END AS category,
        CASE WHEN r.subcategory < '!' OR SUFFIX(r.subcategory, ' ') THEN NULLIF(TRIM(r.subcategory, ' '), '') ELSE r.subcategory END AS subcategory,
        CASE WHEN r.brand < '!' OR SUFFIX(r.brand, ' ') THEN NULLIF(TRIM(r.brand, ' '), '') ELSE r.brand END AS brand,
        CASE WHEN r.list_price < '!' OR SUFFIX(r.list_price, ' ') THEN NULLIF(TRIM(r.list_price, ' '), '') ELSE r.list_price END AS list_price_text,
        CASE WHEN REGEXP_FULL_MATCH(r.list_price, ' *-?[0-9]{1,14}([.][0-9]{1,4})? *') THEN CAST(r.list_price AS DECIMAL(18, 4)) END AS list_price,
        CASE WHEN r.cost_price < '!' OR SUFFIX(r.cost_price, ' ') THEN NULLIF(TRIM(r.cost_price, ' '), '') ELSE r.cost_price END AS cost_price_text,
        CASE WHEN REGEXP_FULL_MATCH(r.cost_price, ' *-?[0-9]{1,14}([.][0-9]{1,4})? *') THEN CAST(r.cost_price AS DECIMAL(18, 4)) END AS cost_price,
        COALESCE(
          UPPER(
            CASE WHEN r.currency < '!' OR SUFFIX(r.currency, ' ') THEN NULLIF(TRIM(r.currency, ' '), '') ELSE r.currency END
          ),
          s.shop_currency
        ) AS currency,
        CASE WHEN r.rating < '!' OR SUFFIX(r.rating, ' ') THEN NULLIF(TRIM(r.rating, ' '), '') ELSE r.rating END AS rating_text,
        CASE WHEN REGEXP_FULL_MATCH(r.rating, ' *-?[0-9]{1,14}([.][0-9]{1,4})? *') THEN CAST(r.rating AS DECIMAL(18, 4)) END AS rating,
        CASE WHEN r.review_count < '!' OR SUFFIX(r.review_count, ' ') THEN NULLIF(TRIM(r.review_count, ' '), '') ELSE r.review_count END AS review_count_text,
        CASE WHEN REGEXP_FULL_MATCH(r.review_count, ' *-?[0-9]{1,18} *') THEN CAST(r.review_count AS BIGINT) END AS review_count,
        CASE WHEN r.stock_quantity < '!' OR SUFFIX(r.stock_quantity, ' ') THEN NULLIF(TRIM(r.stock_quantity, ' '), '') ELSE r.stock_quantity END AS stock_quantity_text,
        CASE WHEN REGEXP_FULL_MATCH(r.stock_quantity, ' *-?[0-9]{1,18} *') THEN CAST(r.stock_quantity AS BIGINT) END AS stock_quantity,
        CASE WHEN r.warranty_months < '!' OR SUFFIX(r.warranty_months, ' ') THEN NULLIF(TRIM(r.warranty_months, ' '), '') ELSE r.warranty_months END AS warranty_months_text,
        CASE WHEN REGEXP_FULL_MATCH(r.warranty_months, ' *-?[0-9]{1,18} *') THEN CAST(r.warranty_months AS BIGINT) END AS warranty_months,
        CASE WHEN r.weight_grams < '!' OR SUFFIX(r.weight_grams, ' ') THEN NULLIF(TRIM(r.weight_grams, ' '), '') ELSE r.weight_grams END AS weight_grams_text,
        CASE WHEN REGEXP_FULL_MATCH(r.weight_grams, ' *-?[0-9]{1,18} *') THEN CAST(r.weight_grams AS BIGINT) END AS weight_grams,
        CASE WHEN STRLEN(r.is_active) = LENGTH(r.is_active) THEN LOWER(CASE WHEN r.is_active < '!' OR SUFFIX(r.is_active, ' ') THEN NULLIF(TRIM(r.is_active, ' '), '') ELSE r.is_active END) ELSE TRANSLATE(CASE WHEN r.is_active < '!' OR SUFFIX(r.is_active, ' ') THEN NULLIF(TRIM(r.is_active, ' '), '') ELSE r.is_active END, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') END AS is_active_text,
        CASE WHEN r.updated_at < '!' OR SUFFIX(r.updated_at, ' ') THEN NULLIF(TRIM(r.updated_at, ' '), '') ELSE r.updated_at END AS updated_text,
        CASE WHEN REGEXP_FULL_MATCH(r.updated_at, ' *20[0-9]{2}-[0-9]{2}-[0-9]{2}(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?Z| ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?) *') THEN TRY_CAST(r.updated_at AS TIMESTAMP) WHEN REGEXP_FULL_MATCH(r.updated_at, ' *[0-9]{12,13} *') AND TRY_CAST(r.updated_at AS BIGINT) BETWEEN 946684800000 AND 4102444799999 THEN MAKE_TIMESTAMP(TRY_CAST(r.updated_at AS BIGINT) * 1000) END AS updated_at,
        r.is_malformed,
        r.raw_text,
        r.source_file,
        r.ds
      FROM raw.products AS r
      CROSS JOIN ref.shop AS s
    ), timed AS (
      SELECT
        t.*,
        EPOCH_US(t.updated_at) AS updated_us,
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
    LEFT JOIN ref.dates AS d
      ON d.calendar_date = t.ds
    LEFT JOIN ref.enums AS c
      ON c.enum_name = 'currency' AND c.enum_value = t.currency
) AS m
