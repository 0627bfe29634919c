-- clean.users, as duckdb runs it. Made by `make render` from warehouse/clean/users.sql: change that.
SELECT
    CAST(m.user_id AS VARCHAR) AS user_id,
    CAST(m.email AS VARCHAR) AS email,
    CAST(m.phone AS VARCHAR) AS phone,
    CAST(m.first_name AS VARCHAR) AS first_name,
    CAST(m.last_name AS VARCHAR) AS last_name,
    CAST(m.gender AS VARCHAR) AS gender,
    CAST(m.birth_date AS DATE) AS birth_date,
    CAST(m.street AS VARCHAR) AS street,
    CAST(m.city AS VARCHAR) AS city,
    CAST(m.region AS VARCHAR) AS region,
    CAST(m.postal_code AS VARCHAR) AS postal_code,
    CAST(m.country AS VARCHAR) AS country,
    CAST(m.registered_at AS TIMESTAMP) AS registered_at,
    CAST(m.accepts_marketing AS BOOLEAN) AS accepts_marketing,
    CAST(m.acquisition_channel AS VARCHAR) AS acquisition_channel,
    CAST(m.customer_segment AS VARCHAR) AS customer_segment,
    CAST(m.lifetime_value AS DECIMAL(18,4)) AS lifetime_value,
    CAST(m.currency AS VARCHAR) AS currency,
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
        CASE WHEN r.user_id < '!' OR SUFFIX(r.user_id, ' ') THEN NULLIF(TRIM(r.user_id, ' '), '') ELSE r.user_id END AS user_id,
        CASE WHEN STRLEN(r.email) = LENGTH(r.email) THEN LOWER(CASE WHEN r.email < '!' OR SUFFIX(r.email, ' ') THEN NULLIF(TRIM(r.email, ' '), '') ELSE r.email END) ELSE TRANSLATE(CASE WHEN r.email < '!' OR SUFFIX(r.email, ' ') THEN NULLIF(TRIM(r.email, ' '), '') ELSE r.email END, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') END AS email,
        CASE WHEN r.phone < '!' OR SUFFIX(r.phone, ' ') THEN NULLIF(TRIM(r.phone, ' '), '') ELSE r.phone END AS phone,
        CASE WHEN r.first_name < '!' OR SUFFIX(r.first_name, ' ') THEN NULLIF(TRIM(r.first_name, ' '), '') ELSE r.first_name END AS first_name,
        CASE WHEN r.last_name < '!' OR SUFFIX(r.last_name, ' ') THEN NULLIF(TRIM(r.last_name, ' '), '') ELSE r.last_name END AS last_name,
        CASE WHEN STRLEN(r.gender) = LENGTH(r.gender) THEN LOWER(CASE WHEN r.gender < '!' OR SUFFIX(r.gender, ' ') THEN NULLIF(TRIM(r.gender, ' '), '') ELSE r.gender END) ELSE TRANSLATE(CASE WHEN r.gender < '!' OR SUFFIX(r.gender, ' ') THEN NULLIF(TRIM(r.gender, ' '), '') ELSE r.gender END, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') END AS gender,
        CASE WHEN r.birth_date < '!' OR SUFFIX(r.birth_date, ' ') THEN NULLIF(TRIM(r.birth_date, ' '), '') ELSE r.birth_date END AS birth_date_text,
        CASE WHEN REGEXP_FULL_MATCH(r.birth_date, ' *(19|20)[0-9]{2}-[0-9]{2}-[0-9]{2} *') THEN TRY_CAST(r.birth_date AS DATE) END AS birth_date,
        CASE WHEN r.street < '!' OR SUFFIX(r.street, ' ') THEN NULLIF(TRIM(r.street, ' '), '') ELSE r.street END AS street,
        CASE WHEN r.city < '!' OR SUFFIX(r.city, ' ') THEN NULLIF(TRIM(r.city, ' '), '') ELSE r.city END AS city,
        CASE WHEN r.region < '!' OR SUFFIX(r.region, ' ') THEN NULLIF(TRIM(r.region, ' '), '') ELSE r.region END AS region,
        CASE WHEN r.postal_code < '!' OR SUFFIX(r.postal_code, ' ') THEN NULLIF(TRIM(r.postal_code, ' '), '') ELSE r.postal_code END AS postal_code,
        CASE WHEN r.country < '!' OR SUFFIX(r.country, ' ') THEN NULLIF(TRIM(r.country, ' '), '') ELSE r.country END AS country,
        CASE WHEN r.registered_at < '!' OR SUFFIX(r.registered_at, ' ') THEN NULLIF(TRIM(r.registered_at, ' '), '') ELSE r.registered_at END AS registered_text,
        CASE WHEN REGEXP_FULL_MATCH(r.registered_at, ' *20[0-9]{2}-[0-9]{2}-[0-9]{2}(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?Z| ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?) *') THEN TRY_CAST(r.registered_at AS TIMESTAMP) WHEN REGEXP_FULL_MATCH(r.registered_at, ' *[0-9]{12,13} *') AND TRY_CAST(r.registered_at AS BIGINT) BETWEEN 946684800000 AND 4102444799999 THEN MAKE_TIMESTAMP(TRY_CAST(r.registered_at AS BIGINT) * 1000) END AS registered_at,
        CASE WHEN STRLEN(r.accepts_marketing) = LENGTH(r.accepts_marketing) THEN LOWER(CASE WHEN r.accepts_marketing < '!' OR SUFFIX(r.accepts_marketing, ' ') THEN NULLIF(TRIM(r.accepts_marketing, ' '), '') ELSE r.accepts_marketing END) ELSE TRANSLATE(CASE WHEN r.accepts_marketing < '!' OR SUFFIX(r.accepts_marketing, ' ') THEN NULLIF(TRIM(r.accepts_marketing, ' '), '') ELSE r.accepts_marketing END, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') END AS accepts_marketing_text,
        CASE WHEN STRLEN(r.acquisition_channel) = LENGTH(r.acquisition_channel) THEN LOWER(CASE WHEN r.acquisition_channel < '!' OR SUFFIX(r.acquisition_channel, ' ') THEN NULLIF(TRIM(r.acquisition_channel, ' '), '') ELSE r.acquisition_channel END) ELSE TRANSLATE(CASE WHEN r.acquisition_channel < '!' OR SUFFIX(r.acquisition_channel, ' ') THEN NULLIF(TRIM(r.acquisition_channel, ' '), '') ELSE r.acquisition_channel END, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') END AS acquisition_channel,
        CASE WHEN STRLEN(r.customer_segment) = LENGTH(r.customer_segment) THEN LOWER(CASE WHEN r.customer_segment < '!' OR SUFFIX(r.customer_segment, ' ') THEN NULLIF(TRIM(r.customer_segment, ' '), '') ELSE r.customer_segment END) ELSE TRANSLATE(CASE WHEN r.customer_segment < '!' OR SUFFIX(r.customer_segment, ' ') THEN NULLIF(TRIM(r.customer_segment, ' '), '') ELSE r.customer_segment END, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') END AS customer_segment_text,
        CASE WHEN r.lifetime_value < '!' OR SUFFIX(r.lifetime_value, ' ') THEN NULLIF(TRIM(r.lifetime_value, ' '), '') ELSE r.lifetime_value END AS lifetime_value_text,
        CASE WHEN REGEXP_FULL_MATCH(r.lifetime_value, ' *-?[0-9]{1,14}([.][0-9]{1,4})? *') THEN CAST(r.lifetime_value AS DECIMAL(18, 4)) END AS lifetime_value,
        COALESCE(
          UPPER(
            CASE WHEN r.currency < '!' OR SUFFIX(r.currency, ' ') THEN NULLIF(TRIM(r.currency, ' '), '') ELSE r.currency END
          ),
          s.shop_currency
        ) AS currency,
        CASE WHEN r.updated_at < '!' OR SUFFIX(r.updated_at, ' ') THEN NULLIF(TRIM(r.updated_at, ' '), '') ELSE r.updated_at END AS updated_text,
        CASE WHEN REGEXP_FULL_MATCH(r.updated_at, ' *20[0-9]{2}-[0-9]{2}-[0-9]{2}(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?Z| ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?) *') THEN TRY_CAST(r.updated_at AS TIMESTAMP) WHEN REGEXP_FULL_MATCH(r.updated_at, ' *[0-9]{12,13} *') AND TRY_CAST(r.updated_at AS BIGINT) BETWEEN 946684800000 AND 4102444799999 THEN MAKE_TIMESTAMP(TRY_CAST(r.updated_at AS BIGINT) * 1000) END AS updated_at,
        r.is_malformed,
        r.raw_text,
        r.source_file,
        r.ds
      FROM raw.users AS r
      CROSS JOIN ref.shop AS s
    ), timed AS (
      SELECT
        t.*,
        EPOCH_US(t.updated_at) AS updated_us,
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
    LEFT JOIN ref.dates AS d
      ON d.calendar_date = t.ds
    LEFT JOIN ref.enums AS g
      ON g.enum_name = 'customer_segment' AND g.enum_value = t.customer_segment_text
    LEFT JOIN ref.enums AS c
      ON c.enum_name = 'currency' AND c.enum_value = t.currency
) AS m
