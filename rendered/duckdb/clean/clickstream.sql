-- clean.clickstream, as duckdb runs it. Made by `make render` from warehouse/clean/clickstream.sql: change that.
SELECT
    CAST(m.event_id AS VARCHAR) AS event_id,
    CAST(m.event_type AS VARCHAR) AS event_type,
    CAST(m.event_ts AS TIMESTAMP) AS event_ts,
    CAST(m.event_us AS BIGINT) AS event_us,
    CAST(m.event_date AS DATE) AS event_date,
    CAST(m.event_hour AS BIGINT) AS event_hour,
    CAST(m.visitor_id AS VARCHAR) AS visitor_id,
    CAST(m.user_id AS VARCHAR) AS user_id,
    CAST(m.session_id AS VARCHAR) AS session_id,
    CAST(m.product_id AS VARCHAR) AS product_id,
    CAST(m.quantity AS BIGINT) AS quantity,
    CAST(m.unit_price AS DECIMAL(18,4)) AS unit_price,
    CAST(m.currency AS VARCHAR) AS currency,
    CAST(m.transaction_id AS VARCHAR) AS transaction_id,
    CAST(m.search_query AS VARCHAR) AS search_query,
    CAST(m.page_url AS VARCHAR) AS page_url,
    CAST(m.referrer AS VARCHAR) AS referrer,
    CAST(m.utm_source AS VARCHAR) AS utm_source,
    CAST(m.utm_medium AS VARCHAR) AS utm_medium,
    CAST(m.utm_campaign AS VARCHAR) AS utm_campaign,
    CAST(m.device_type AS VARCHAR) AS device_type,
    CAST(m.user_agent AS VARCHAR) AS user_agent,
    CAST(m.ip_address AS VARCHAR) AS ip_address,
    CAST(m.country AS VARCHAR) AS country,
    CAST(m.ds AS DATE) AS ds,
    m.reject,
    m.nulled_values,
    m.raw_text,
    m.source_file
FROM (
    WITH typed AS (
      SELECT
        CASE WHEN r.event_id < '!' OR SUFFIX(r.event_id, ' ') THEN NULLIF(TRIM(r.event_id, ' '), '') ELSE r.event_id END AS event_id,
        CASE WHEN STRLEN(r.event_type) = LENGTH(r.event_type) THEN LOWER(CASE WHEN r.event_type < '!' OR SUFFIX(r.event_type, ' ') THEN NULLIF(TRIM(r.event_type, ' '), '') ELSE r.event_type END) ELSE TRANSLATE(CASE WHEN r.event_type < '!' OR SUFFIX(r.event_type, ' ') THEN NULLIF(TRIM(r.event_type, ' '), '') ELSE r.event_type END, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') END AS event_type,
        CASE WHEN r.event_ts < '!' OR SUFFIX(r.event_ts, ' ') THEN NULLIF(TRIM(r.event_ts, ' '), '') ELSE r.event_ts END AS event_text,
        CASE WHEN REGEXP_FULL_MATCH(r.event_ts, ' *20[0-9]{2}-[0-9]{2}-[0-9]{2}(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?Z| ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?) *') THEN TRY_CAST(r.event_ts AS TIMESTAMP) WHEN REGEXP_FULL_MATCH(r.event_ts, ' *[0-9]{12,13} *') AND TRY_CAST(r.event_ts AS BIGINT) BETWEEN 946684800000 AND 4102444799999 THEN MAKE_TIMESTAMP(TRY_CAST(r.event_ts AS BIGINT) * 1000) END AS event_ts,
        CASE WHEN r.visitor_id < '!' OR SUFFIX(r.visitor_id, ' ') THEN NULLIF(TRIM(r.visitor_id, ' '), '') ELSE r.visitor_id END AS visitor_id,
        CASE WHEN r.user_id < '!' OR SUFFIX(r.user_id, ' ') THEN NULLIF(TRIM(r.user_id, ' '), '') ELSE r.user_id END AS user_id,
        CASE WHEN r.session_id < '!' OR SUFFIX(r.session_id, ' ') THEN NULLIF(TRIM(r.session_id, ' '), '') ELSE r.session_id END AS session_id,
        CASE WHEN r.product_id < '!' OR SUFFIX(r.product_id, ' ') THEN NULLIF(TRIM(r.product_id, ' '), '') ELSE r.product_id END AS product_id,
        CASE WHEN r.quantity < '!' OR SUFFIX(r.quantity, ' ') THEN NULLIF(TRIM(r.quantity, ' '), '') ELSE r.quantity END AS quantity_text,
        CASE WHEN REGEXP_FULL_MATCH(r.quantity, ' *-?[0-9]{1,18} *') THEN CAST(r.quantity AS BIGINT) END AS quantity,
        CASE WHEN r.unit_price < '!' OR SUFFIX(r.unit_price, ' ') THEN NULLIF(TRIM(r.unit_price, ' '), '') ELSE r.unit_price END AS unit_price_text,
        CASE WHEN REGEXP_FULL_MATCH(r.unit_price, ' *-?[0-9]{1,14}([.][0-9]{1,4})? *') THEN CAST(r.unit_price AS DECIMAL(18, 4)) END AS unit_price,
        COALESCE(
          UPPER(
            CASE WHEN r.currency < '!' OR SUFFIX(r.currency, ' ') THEN NULLIF(TRIM(r.currency, ' '), '') ELSE r.currency END
          ),
          s.shop_currency
        ) AS currency,
        CASE WHEN r.transaction_id < '!' OR SUFFIX(r.transaction_id, ' ') THEN NULLIF(TRIM(r.transaction_id, ' '), '') ELSE r.transaction_id END AS transaction_id,
        CASE WHEN r.search_query < '!' OR SUFFIX(r.search_query, ' ') THEN NULLIF(TRIM(r.search_query, ' '), '') ELSE r.search_query END AS search_query,
        CASE WHEN r.page_url < '!' OR SUFFIX(r.page_url, ' ') THEN NULLIF(TRIM(r.page_url, ' '), '') ELSE r.page_url END AS page_url,
        CASE WHEN r.referrer < '!' OR SUFFIX(r.referrer, ' ') THEN NULLIF(TRIM(r.referrer, ' '), '') ELSE r.referrer END AS referrer,
        CASE WHEN STRLEN(r.utm_source) = LENGTH(r.utm_source) THEN LOWER(CASE WHEN r.utm_source < '!' OR SUFFIX(r.utm_source, ' ') THEN NULLIF(TRIM(r.utm_source, ' '), '') ELSE r.utm_source END) ELSE TRANSLATE(CASE WHEN r.utm_source < '!' OR SUFFIX(r.utm_source, ' ') THEN NULLIF(TRIM(r.utm_source, ' '), '') ELSE r.utm_source END, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') END AS utm_source,
        CASE WHEN STRLEN(r.utm_medium) = LENGTH(r.utm_medium) THEN LOWER(CASE WHEN r.utm_medium < '!' OR SUFFIX(r.utm_medium, ' ') THEN NULLIF(TRIM(r.utm_medium, ' '), '') ELSE r.utm_medium END) ELSE TRANSLATE(CASE WHEN r.utm_medium < '!' OR SUFFIX(r.utm_medium, ' ') THEN NULLIF(TRIM(r.utm_medium, ' '), '') ELSE r.utm_medium END, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') END AS utm_medium,
        CASE WHEN r.utm_campaign < '!' OR SUFFIX(r.utm_campaign, ' ') THEN NULLIF(TRIM(r.utm_campaign, ' '), '') ELSE r.utm_campaign END AS utm_campaign,
        CASE WHEN STRLEN(r.device_type) = LENGTH(r.device_type) THEN LOWER(CASE WHEN r.device_type < '!' OR SUFFIX(r.device_type, ' ') THEN NULLIF(TRIM(r.device_type, ' '), '') ELSE r.device_type END) ELSE TRANSLATE(CASE WHEN r.device_type < '!' OR SUFFIX(r.device_type, ' ') THEN NULLIF(TRIM(r.device_type, ' '), '') ELSE r.device_type END, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') END AS device_type,
        CASE WHEN r.user_agent < '!' OR SUFFIX(r.user_agent, ' ') THEN NULLIF(TRIM(r.user_agent, ' '), '') ELSE r.user_agent END AS user_agent,
        CASE WHEN r.ip_address < '!' OR SUFFIX(r.ip_address, ' ') THEN NULLIF(TRIM(r.ip_address, ' '), '') ELSE r.ip_address END AS ip_address,
        UPPER(
          CASE WHEN r.country < '!' OR SUFFIX(r.country, ' ') THEN NULLIF(TRIM(r.country, ' '), '') ELSE r.country END
        ) AS country,
        r.is_malformed,
        r.raw_text,
        r.source_file,
        r.ds
      FROM raw.clickstream AS r
      CROSS JOIN ref.shop AS s
    ), timed AS (
      SELECT
        t.*,
        EPOCH_US(t.event_ts) AS event_us
      FROM typed AS t
    ), located AS (
      SELECT
        t.*,
        t.event_us + CASE WHEN t.event_us < z.change_us THEN z.before_us ELSE z.after_us END AS local_us
      FROM timed AS t
      LEFT JOIN ref.zone_days AS z
        ON z.utc_day = CAST(FLOOR(t.event_us / NULLIF(86400000000, 0)) AS BIGINT)
    )
    SELECT
      t.event_id,
      t.event_type,
      t.event_ts,
      t.event_us,
      CAST(MAKE_TIMESTAMP(t.local_us) AS DATE) AS event_date,
      CAST(FLOOR(t.local_us / NULLIF(3600000000, 0)) AS BIGINT) - 24 * CAST(FLOOR(t.local_us / NULLIF(86400000000, 0)) AS BIGINT) AS event_hour,
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
    LEFT JOIN ref.dates AS d
      ON d.calendar_date = t.ds
    LEFT JOIN ref.enums AS e
      ON e.enum_name = 'event_type' AND e.enum_value = t.event_type
    LEFT JOIN ref.enums AS c
      ON c.enum_name = 'currency' AND c.enum_value = t.currency
    LEFT JOIN ref.user_agents AS a
      ON a.user_agent = t.user_agent
) AS m
