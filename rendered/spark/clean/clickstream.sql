-- clean.clickstream, as spark runs it. Made by `make render` from warehouse/clean/clickstream.sql: change that.
SELECT
    CAST(m.event_id AS STRING) AS event_id,
    CAST(m.event_type AS STRING) AS event_type,
    CAST(m.event_ts AS TIMESTAMP_NTZ) AS event_ts,
    CAST(m.event_us AS BIGINT) AS event_us,
    CAST(m.event_date AS DATE) AS event_date,
    CAST(m.event_hour AS BIGINT) AS event_hour,
    CAST(m.visitor_id AS STRING) AS visitor_id,
    CAST(m.user_id AS STRING) AS user_id,
    CAST(m.session_id AS STRING) AS session_id,
    CAST(m.product_id AS STRING) AS product_id,
    CAST(m.quantity AS BIGINT) AS quantity,
    CAST(m.unit_price AS DECIMAL(18,4)) AS unit_price,
    CAST(m.currency AS STRING) AS currency,
    CAST(m.transaction_id AS STRING) AS transaction_id,
    CAST(m.search_query AS STRING) AS search_query,
    CAST(m.page_url AS STRING) AS page_url,
    CAST(m.referrer AS STRING) AS referrer,
    CAST(m.utm_source AS STRING) AS utm_source,
    CAST(m.utm_medium AS STRING) AS utm_medium,
    CAST(m.utm_campaign AS STRING) AS utm_campaign,
    CAST(m.device_type AS STRING) AS device_type,
    CAST(m.user_agent AS STRING) AS user_agent,
    CAST(m.ip_address AS STRING) AS ip_address,
    CAST(m.country AS STRING) AS country,
    CAST(m.ds AS DATE) AS ds,
    m.reject,
    m.nulled_values,
    m.raw_text,
    m.source_file
FROM (
    WITH typed AS (
      SELECT
        NULLIF(TRIM(r.event_id), '') AS event_id,
        TRANSLATE(NULLIF(TRIM(r.event_type), ''), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') AS event_type,
        NULLIF(TRIM(r.event_ts), '') AS event_text,
        CASE WHEN TRIM(r.event_ts) RLIKE '^(20[0-9]{2}-[0-9]{2}-[0-9]{2}(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?Z| ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?))\\z' THEN TRY_CAST(TRIM(r.event_ts) AS TIMESTAMP_NTZ) WHEN TRIM(r.event_ts) RLIKE '^([0-9]{12,13})\\z' AND TRY_CAST(TRIM(r.event_ts) AS BIGINT) BETWEEN 946684800000 AND 4102444799999 THEN CAST(TIMESTAMP_MILLIS(TRY_CAST(TRIM(r.event_ts) AS BIGINT)) AS TIMESTAMP_NTZ) END AS event_ts,
        NULLIF(TRIM(r.visitor_id), '') AS visitor_id,
        NULLIF(TRIM(r.user_id), '') AS user_id,
        NULLIF(TRIM(r.session_id), '') AS session_id,
        NULLIF(TRIM(r.product_id), '') AS product_id,
        NULLIF(TRIM(r.quantity), '') AS quantity_text,
        CASE WHEN TRIM(r.quantity) RLIKE '^(-?[0-9]{1,18})\\z' THEN CAST(TRIM(r.quantity) AS BIGINT) END AS quantity,
        NULLIF(TRIM(r.unit_price), '') AS unit_price_text,
        CASE WHEN TRIM(r.unit_price) RLIKE '^(-?[0-9]{1,14}([.][0-9]{1,4})?)\\z' THEN CAST(TRIM(r.unit_price) AS DECIMAL(18, 4)) END AS unit_price,
        COALESCE(UPPER(NULLIF(TRIM(r.currency), '')), s.shop_currency) AS currency,
        NULLIF(TRIM(r.transaction_id), '') AS transaction_id,
        NULLIF(TRIM(r.search_query), '') AS search_query,
        NULLIF(TRIM(r.page_url), '') AS page_url,
        NULLIF(TRIM(r.referrer), '') AS referrer,
        TRANSLATE(NULLIF(TRIM(r.utm_source), ''), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') AS utm_source,
        TRANSLATE(NULLIF(TRIM(r.utm_medium), ''), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') AS utm_medium,
        NULLIF(TRIM(r.utm_campaign), '') AS utm_campaign,
        TRANSLATE(NULLIF(TRIM(r.device_type), ''), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') AS device_type,
        NULLIF(TRIM(r.user_agent), '') AS user_agent,
        NULLIF(TRIM(r.ip_address), '') AS ip_address,
        UPPER(NULLIF(TRIM(r.country), '')) AS country,
        r.is_malformed,
        r.raw_text,
        r.source_file,
        r.ds
      FROM ecommerce_raw.clickstream AS r
      CROSS JOIN ecommerce_ref.shop AS s
    ), timed AS (
      SELECT
        t.*,
        UNIX_MICROS(CAST(t.event_ts AS TIMESTAMP_LTZ)) AS event_us
      FROM typed AS t
    ), located AS (
      SELECT
        t.*,
        t.event_us + CASE WHEN t.event_us < z.change_us THEN z.before_us ELSE z.after_us END AS local_us
      FROM timed AS t
      LEFT JOIN ecommerce_ref.zone_days AS z
        ON z.utc_day = CAST(FLOOR(t.event_us / 86400000000) AS BIGINT)
    )
    SELECT
      t.event_id,
      t.event_type,
      t.event_ts,
      t.event_us,
      DATE_FROM_UNIX_DATE(CAST(FLOOR(t.local_us / 86400000000) AS INT)) AS event_date,
      CAST(FLOOR(t.local_us / 3600000000) AS BIGINT) - 24 * CAST(FLOOR(t.local_us / 86400000000) AS BIGINT) AS event_hour,
      t.visitor_id,
      t.user_id,
      t.session_id,
      t.product_id,
      t.quantity,
      t.unit_price,
      t.currency,
      t.transaction_id,
      t.search_query,
      t.page_url,
      t.referrer,
      t.utm_source,
      t.utm_medium,
      t.utm_campaign,
      t.device_type,
      t.user_agent,
      t.ip_address,
      t.country,
      CASE
        WHEN t.is_malformed
        THEN 'malformed'
        WHEN t.event_id IS NULL
        THEN 'missing_required:event_id'
        WHEN t.event_text IS NULL
        THEN 'missing_required:event_ts'
        WHEN t.event_type IS NULL
        THEN 'missing_required:event_type'
        WHEN t.visitor_id IS NULL
        THEN 'missing_required:visitor_id'
        WHEN t.event_ts IS NULL
        THEN 'bad_timestamp:event_ts'
        WHEN t.event_us > d.day_end_us + 600000000
        THEN 'future_timestamp:event_ts'
        WHEN t.quantity IS NULL AND NOT t.quantity_text IS NULL
        THEN 'bad_number:quantity'
        WHEN t.unit_price IS NULL AND NOT t.unit_price_text IS NULL
        THEN 'bad_number:unit_price'
        WHEN t.quantity <= 0 OR t.quantity > 1000000000
        THEN 'bad_amount:quantity'
        WHEN t.unit_price < 0
        THEN 'bad_amount:unit_price'
        WHEN CAST(t.quantity AS DECIMAL(19, 0)) * t.unit_price > 100000000000
        THEN 'bad_amount:unit_price'
        WHEN e.enum_value IS NULL
        THEN 'unknown_event_type:event_type'
        WHEN c.enum_value IS NULL
        THEN 'unknown_currency:currency'
        WHEN a.is_bot
        THEN 'bot:user_agent'
      END AS reject,
      0 AS nulled_values,
      t.raw_text,
      t.source_file,
      t.ds
    FROM located AS t
    LEFT JOIN ecommerce_ref.dates AS d
      ON d.calendar_date = t.ds
    LEFT JOIN ecommerce_ref.enums AS e
      ON e.enum_name = 'event_type' AND e.enum_value = t.event_type
    LEFT JOIN ecommerce_ref.enums AS c
      ON c.enum_name = 'currency' AND c.enum_value = t.currency
    LEFT JOIN ecommerce_ref.user_agents AS a
      ON a.user_agent = t.user_agent
) AS m
