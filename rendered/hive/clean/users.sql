-- clean.users, as hive runs it. Made by `make render` from warehouse/clean/users.sql: change that.
SELECT
    CAST(m.user_id AS STRING) AS user_id,
    CAST(m.email AS STRING) AS email,
    CAST(m.phone AS STRING) AS phone,
    CAST(m.first_name AS STRING) AS first_name,
    CAST(m.last_name AS STRING) AS last_name,
    CAST(m.gender AS STRING) AS gender,
    CAST(m.birth_date AS DATE) AS birth_date,
    CAST(m.street AS STRING) AS street,
    CAST(m.city AS STRING) AS city,
    CAST(m.region AS STRING) AS region,
    CAST(m.postal_code AS STRING) AS postal_code,
    CAST(m.country AS STRING) AS country,
    CAST(m.registered_at AS TIMESTAMP) AS registered_at,
    CAST(m.accepts_marketing AS BOOLEAN) AS accepts_marketing,
    CAST(m.acquisition_channel AS STRING) AS acquisition_channel,
    CAST(m.customer_segment AS STRING) AS customer_segment,
    CAST(m.lifetime_value AS DECIMAL(18,4)) AS lifetime_value,
    CAST(m.currency AS STRING) AS currency,
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
        NULLIF(TRIM(r.user_id), '') AS user_id,
        TRANSLATE(NULLIF(TRIM(r.email), ''), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') AS email,
        NULLIF(TRIM(r.phone), '') AS phone,
        NULLIF(TRIM(r.first_name), '') AS first_name,
        NULLIF(TRIM(r.last_name), '') AS last_name,
        TRANSLATE(NULLIF(TRIM(r.gender), ''), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') AS gender,
        NULLIF(TRIM(r.birth_date), '') AS birth_date_text,
        CASE WHEN TRIM(r.birth_date) RLIKE '^((19|20)[0-9]{2}-[0-9]{2}-[0-9]{2})\\z' THEN CAST(TRIM(r.birth_date) AS DATE) END AS birth_date,
        NULLIF(TRIM(r.street), '') AS street,
        NULLIF(TRIM(r.city), '') AS city,
        NULLIF(TRIM(r.region), '') AS region,
        NULLIF(TRIM(r.postal_code), '') AS postal_code,
        NULLIF(TRIM(r.country), '') AS country,
        NULLIF(TRIM(r.registered_at), '') AS registered_text,
        CASE WHEN TRIM(r.registered_at) RLIKE '^(20[0-9]{2}-[0-9]{2}-[0-9]{2}(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?Z| ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?))\\z' THEN CAST(TRANSLATE(TRIM(r.registered_at), 'TZ', ' ') AS TIMESTAMP) WHEN TRIM(r.registered_at) RLIKE '^([0-9]{12,13})\\z' AND CAST(TRIM(r.registered_at) AS BIGINT) BETWEEN 946684800000 AND 4102444799999 THEN FROM_UTC_TIMESTAMP(CAST(TRIM(r.registered_at) AS BIGINT), 'UTC') END AS registered_at,
        TRANSLATE(NULLIF(TRIM(r.accepts_marketing), ''), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') AS accepts_marketing_text,
        TRANSLATE(NULLIF(TRIM(r.acquisition_channel), ''), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') AS acquisition_channel,
        TRANSLATE(NULLIF(TRIM(r.customer_segment), ''), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') AS customer_segment_text,
        NULLIF(TRIM(r.lifetime_value), '') AS lifetime_value_text,
        CASE WHEN TRIM(r.lifetime_value) RLIKE '^(-?[0-9]{1,14}([.][0-9]{1,4})?)\\z' THEN CAST(TRIM(r.lifetime_value) AS DECIMAL(18, 4)) END AS lifetime_value,
        COALESCE(UPPER(NULLIF(TRIM(r.currency), '')), s.shop_currency) AS currency,
        NULLIF(TRIM(r.updated_at), '') AS updated_text,
        CASE WHEN TRIM(r.updated_at) RLIKE '^(20[0-9]{2}-[0-9]{2}-[0-9]{2}(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?Z| ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?))\\z' THEN CAST(TRANSLATE(TRIM(r.updated_at), 'TZ', ' ') AS TIMESTAMP) WHEN TRIM(r.updated_at) RLIKE '^([0-9]{12,13})\\z' AND CAST(TRIM(r.updated_at) AS BIGINT) BETWEEN 946684800000 AND 4102444799999 THEN FROM_UTC_TIMESTAMP(CAST(TRIM(r.updated_at) AS BIGINT), 'UTC') END AS updated_at,
        r.is_malformed,
        r.raw_text,
        r.source_file,
        r.ds
      FROM ecommerce_raw.users AS r
      CROSS JOIN ecommerce_ref.shop AS s
    ), timed AS (
      SELECT
        t.*,
        ((CAST(DATEDIFF(t.updated_at, '1970-01-01') AS BIGINT) * 86400 + HOUR(t.updated_at) * 3600 + MINUTE(t.updated_at) * 60 + SECOND(t.updated_at)) * 1000000 + CAST(RPAD(SUBSTR(CAST(t.updated_at AS STRING), 21, 6), 6, '0') AS BIGINT)) AS updated_us,
        CASE
          WHEN t.accepts_marketing_text IN ('true', 't', 'yes', 'y', '1')
          THEN TRUE
          WHEN t.accepts_marketing_text IN ('false', 'f', 'no', 'n', '0')
          THEN FALSE
        END AS accepts_marketing
      FROM typed AS t
    )
    SELECT
      t.user_id,
      t.email,
      t.phone,
      t.first_name,
      t.last_name,
      t.gender,
      t.birth_date,
      t.street,
      t.city,
      t.region,
      t.postal_code,
      t.country,
      t.registered_at,
      t.accepts_marketing,
      t.acquisition_channel,
      g.enum_value AS customer_segment,
      t.lifetime_value,
      t.currency,
      t.updated_at,
      t.updated_us,
      CASE
        WHEN t.is_malformed
        THEN 'malformed'
        WHEN t.user_id IS NULL
        THEN 'missing_required:user_id'
        WHEN t.updated_text IS NULL
        THEN 'missing_required:updated_at'
        WHEN t.updated_at IS NULL
        THEN 'bad_timestamp:updated_at'
        WHEN t.updated_us > d.day_end_us + 600000000
        THEN 'future_timestamp:updated_at'
        WHEN t.lifetime_value IS NULL AND NOT t.lifetime_value_text IS NULL
        THEN 'bad_number:lifetime_value'
        WHEN c.enum_value IS NULL
        THEN 'unknown_currency:currency'
      END AS reject,
      CASE WHEN t.birth_date IS NULL AND NOT t.birth_date_text IS NULL THEN 1 ELSE 0 END + CASE
        WHEN t.registered_at IS NULL AND NOT t.registered_text IS NULL
        THEN 1
        ELSE 0
      END + CASE
        WHEN t.accepts_marketing IS NULL AND NOT t.accepts_marketing_text IS NULL
        THEN 1
        ELSE 0
      END + CASE
        WHEN g.enum_value IS NULL AND NOT t.customer_segment_text IS NULL
        THEN 1
        ELSE 0
      END AS nulled_values,
      t.raw_text,
      t.source_file,
      t.ds
    FROM timed AS t
    LEFT JOIN ecommerce_ref.dates AS d
      ON d.calendar_date = t.ds
    LEFT JOIN ecommerce_ref.enums AS g
      ON g.enum_name = 'customer_segment' AND g.enum_value = t.customer_segment_text
    LEFT JOIN ecommerce_ref.enums AS c
      ON c.enum_name = 'currency' AND c.enum_value = t.currency
) AS m
