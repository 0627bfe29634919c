-- core.fact_clickstream, as spark runs it. Made by `make render` from warehouse/core/fact_clickstream.sql: change that.
SELECT
    CAST(m.event_id AS STRING) AS event_id,
    CAST(m.event_type AS STRING) AS event_type,
    CAST(m.event_ts AS TIMESTAMP_NTZ) AS event_ts,
    CAST(m.event_us AS BIGINT) AS event_us,
    CAST(m.event_date AS DATE) AS event_date,
    CAST(m.event_hour AS BIGINT) AS event_hour,
    CAST(m.visitor_id AS STRING) AS visitor_id,
    CAST(m.user_id AS STRING) AS user_id,
    CAST(m.user_key AS STRING) AS user_key,
    CAST(m.session_key AS STRING) AS session_key,
    CAST(m.product_id AS STRING) AS product_id,
    CAST(m.product_key AS STRING) AS product_key,
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
    CAST(m.country AS STRING) AS country
FROM (
    WITH repeated AS (
      SELECT
        c.event_id
      FROM ecommerce_spark_clean.clickstream AS c
      GROUP BY
        c.event_id
      HAVING
        COUNT(*) > 1
    ), copies AS (
      SELECT
        c.*,
        ROW_NUMBER() OVER (
          PARTITION BY c.event_id
          ORDER BY c.event_us NULLS FIRST, c.event_type NULLS FIRST, c.visitor_id NULLS FIRST, c.user_id NULLS FIRST, c.session_id NULLS FIRST, c.product_id NULLS FIRST, c.quantity NULLS FIRST, c.unit_price NULLS FIRST, c.currency NULLS FIRST, c.transaction_id NULLS FIRST, c.search_query NULLS FIRST, c.page_url NULLS FIRST, c.referrer NULLS FIRST, c.utm_source NULLS FIRST, c.utm_medium NULLS FIRST, c.utm_campaign NULLS FIRST, c.device_type NULLS FIRST, c.user_agent NULLS FIRST, c.ip_address NULLS FIRST, c.country NULLS FIRST
        ) AS copy_number
      FROM ecommerce_spark_clean.clickstream AS c
      WHERE
        EXISTS(
          SELECT
            1
          FROM repeated AS r
          WHERE
            r.event_id = c.event_id
        )
    ), events AS (
      SELECT
        c.event_id,
        c.event_type,
        c.event_ts,
        c.event_us,
        c.event_date,
        c.event_hour,
        c.visitor_id,
        c.user_id,
        c.session_id,
        c.product_id,
        c.quantity,
        c.unit_price,
        c.currency,
        c.transaction_id,
        c.search_query,
        c.page_url,
        c.referrer,
        c.utm_source,
        c.utm_medium,
        c.utm_campaign,
        c.device_type,
        c.user_agent,
        c.ip_address,
        c.country
      FROM ecommerce_spark_clean.clickstream AS c
      WHERE
        NOT EXISTS(
          SELECT
            1
          FROM repeated AS r
          WHERE
            r.event_id = c.event_id
        )
      UNION ALL
      SELECT
        c.event_id,
        c.event_type,
        c.event_ts,
        c.event_us,
        c.event_date,
        c.event_hour,
        c.visitor_id,
        c.user_id,
        c.session_id,
        c.product_id,
        c.quantity,
        c.unit_price,
        c.currency,
        c.transaction_id,
        c.search_query,
        c.page_url,
        c.referrer,
        c.utm_source,
        c.utm_medium,
        c.utm_campaign,
        c.device_type,
        c.user_agent,
        c.ip_address,
        c.country
      FROM copies AS c
      WHERE
        c.copy_number = 1
    ), unsessioned AS (
      SELECT
        e.event_id,
        e.visitor_id,
        e.event_us,
        LAG(e.event_us) OVER (PARTITION BY e.visitor_id ORDER BY e.event_us NULLS FIRST, e.event_id NULLS FIRST) AS previous_us
      FROM events AS e
      WHERE
        e.session_id IS NULL
    ), derived AS (
      SELECT
        u.event_id,
        u.visitor_id || '@' || CAST(MAX(
          CASE
            WHEN u.previous_us IS NULL OR u.event_us - u.previous_us > 1800000000
            THEN u.event_us
          END
        ) OVER (
          PARTITION BY u.visitor_id
          ORDER BY u.event_us NULLS FIRST, u.event_id NULLS FIRST
          ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS STRING) AS session_key
      FROM unsessioned AS u
    )
    SELECT
      e.event_id,
      e.event_type,
      e.event_ts,
      e.event_us,
      e.event_date,
      e.event_hour,
      e.visitor_id,
      e.user_id,
      COALESCE(u.user_key, '@unknown') AS user_key,
      CASE
        WHEN NOT s.session_key IS NULL
        THEN s.session_key
        WHEN e.visitor_id LIKE '%/%' OR e.session_id LIKE '%/%'
        THEN e.visitor_id || '\t' || e.session_id
        ELSE e.visitor_id || '/' || e.session_id
      END AS session_key,
      e.product_id,
      COALESCE(p.product_key, '@unknown') AS product_key,
      e.quantity,
      e.unit_price,
      e.currency,
      e.transaction_id,
      e.search_query,
      e.page_url,
      e.referrer,
      e.utm_source,
      e.utm_medium,
      e.utm_campaign,
      e.device_type,
      e.user_agent,
      e.ip_address,
      e.country
    FROM events AS e
    LEFT JOIN derived AS s
      ON s.event_id = e.event_id
    LEFT JOIN ecommerce_spark.dim_users AS u
      ON u.user_id = e.user_id
      AND u.valid_from <= e.event_ts
      AND (
        u.valid_to IS NULL OR u.valid_to > e.event_ts
      )
    LEFT JOIN ecommerce_spark.dim_products AS p
      ON p.product_id = e.product_id
      AND p.valid_from <= e.event_ts
      AND (
        p.valid_to IS NULL OR p.valid_to > e.event_ts
      )
) AS m
