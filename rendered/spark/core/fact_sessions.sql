-- core.fact_sessions, as spark runs it. Made by `make render` from warehouse/core/fact_sessions.sql: change that.
SELECT
    CAST(m.session_key AS STRING) AS session_key,
    CAST(m.session_date AS DATE) AS session_date,
    CAST(m.visitor_id AS STRING) AS visitor_id,
    CAST(m.user_id AS STRING) AS user_id,
    CAST(m.started_at AS TIMESTAMP_NTZ) AS started_at,
    CAST(m.ended_at AS TIMESTAMP_NTZ) AS ended_at,
    CAST(m.started_us AS BIGINT) AS started_us,
    CAST(m.ended_us AS BIGINT) AS ended_us,
    CAST(m.duration_seconds AS BIGINT) AS duration_seconds,
    CAST(m.channel AS STRING) AS channel,
    CAST(m.utm_source AS STRING) AS utm_source,
    CAST(m.utm_campaign AS STRING) AS utm_campaign,
    CAST(m.device_type AS STRING) AS device_type,
    CAST(m.country AS STRING) AS country,
    CAST(m.landing_page AS STRING) AS landing_page,
    CAST(m.event_count AS BIGINT) AS event_count,
    CAST(m.view_count AS BIGINT) AS view_count,
    CAST(m.search_count AS BIGINT) AS search_count,
    CAST(m.cart_count AS BIGINT) AS cart_count,
    CAST(m.checkout_count AS BIGINT) AS checkout_count,
    CAST(m.purchase_count AS BIGINT) AS purchase_count,
    CAST(m.purchase_amount AS DECIMAL(18,4)) AS purchase_amount,
    CAST(m.currency AS STRING) AS currency,
    CAST(m.is_bounce AS BOOLEAN) AS is_bounce,
    CAST(m.is_suspected_bot AS BOOLEAN) AS is_suspected_bot
FROM (
    WITH numbered AS (
      SELECT
        f.*,
        ROW_NUMBER() OVER (
          PARTITION BY f.session_key
          ORDER BY f.event_us NULLS FIRST, f.event_id NULLS FIRST
        ) AS event_number
      FROM ecommerce_spark.fact_clickstream AS f
    ), sessions AS (
      SELECT
        n.session_key,
        n.visitor_id,
        MAX(CASE WHEN n.event_number = 1 THEN n.event_date END) AS session_date,
        CASE WHEN MIN(n.user_id) = MAX(n.user_id) THEN MIN(n.user_id) END AS user_id,
        MIN(n.event_ts) AS started_at,
        MAX(n.event_ts) AS ended_at,
        MIN(n.event_us) AS started_us,
        MAX(n.event_us) AS ended_us,
        MAX(CASE WHEN n.event_number = 1 THEN n.utm_source END) AS utm_source,
        MAX(CASE WHEN n.event_number = 1 THEN n.utm_medium END) AS utm_medium,
        MAX(CASE WHEN n.event_number = 1 THEN n.utm_campaign END) AS utm_campaign,
        MAX(CASE WHEN n.event_number = 1 THEN n.referrer END) AS referrer,
        MAX(CASE WHEN n.event_number = 1 THEN n.device_type END) AS device_type,
        MAX(CASE WHEN n.event_number = 1 THEN n.country END) AS country,
        MAX(CASE WHEN n.event_number = 1 THEN n.page_url END) AS landing_page,
        COUNT(*) AS event_count,
        SUM(CASE WHEN n.event_type = 'view' THEN 1 ELSE 0 END) AS view_count,
        SUM(CASE WHEN n.event_type = 'search' THEN 1 ELSE 0 END) AS search_count,
        SUM(CASE WHEN n.event_type = 'add_to_cart' THEN 1 ELSE 0 END) AS cart_count,
        SUM(CASE WHEN n.event_type = 'begin_checkout' THEN 1 ELSE 0 END) AS checkout_count,
        SUM(CASE WHEN n.event_type = 'purchase' THEN 1 ELSE 0 END) AS purchase_count,
        SUM(
          CASE
            WHEN n.event_type = 'purchase'
            THEN CAST(CAST(n.quantity AS DECIMAL(18, 0)) * n.unit_price AS DECIMAL(38, 4))
          END
        ) AS purchase_amount,
        MIN(CASE WHEN n.event_type = 'purchase' THEN n.currency END) AS least_currency,
        MAX(CASE WHEN n.event_type = 'purchase' THEN n.currency END) AS greatest_currency
      FROM numbered AS n
      GROUP BY
        n.session_key,
        n.visitor_id
    ), days AS (
      SELECT
        f.visitor_id,
        f.event_date,
        COUNT(*) AS event_count,
        MAX(f.event_us) - MIN(f.event_us) AS span_us,
        SUM(CASE WHEN f.event_type = 'view' THEN 1 ELSE 0 END) AS view_count,
        SUM(CASE WHEN f.event_type IN ('add_to_cart', 'purchase') THEN 1 ELSE 0 END) AS buying_count
      FROM ecommerce_spark.fact_clickstream AS f
      GROUP BY
        f.visitor_id,
        f.event_date
    ), suspects AS (
      SELECT
        d.visitor_id,
        d.event_date
      FROM days AS d
      WHERE
        (
          d.view_count >= 60 AND d.buying_count = 0
        )
        OR (
          d.event_count >= 20 AND d.span_us <= (
            d.event_count - 1
          ) * 3000000
        )
    )
    SELECT
      s.session_key,
      s.session_date,
      s.visitor_id,
      s.user_id,
      s.started_at,
      s.ended_at,
      s.started_us,
      s.ended_us,
      CAST(FLOOR((
        s.ended_us - s.started_us
      ) / 1000000) AS BIGINT) AS duration_seconds,
      CASE
        WHEN s.utm_medium IN ('cpc', 'ppc', 'paid', 'display', 'banner', 'cpm')
        THEN 'paid'
        WHEN s.utm_medium IN ('email', 'newsletter')
        THEN 'email'
        WHEN s.utm_medium IN ('social', 'paid_social', 'social-media')
        THEN 'social'
        WHEN s.utm_medium IN ('affiliate', 'affiliates', 'partner')
        THEN 'affiliate'
        WHEN s.utm_medium IN ('organic', 'seo')
        THEN 'organic'
        WHEN NOT s.utm_medium IS NULL
        THEN 'referral'
        WHEN s.referrer IS NULL
        THEN 'direct'
        WHEN s.referrer LIKE '%://www.google.%'
        OR s.referrer LIKE '%://www.bing.%'
        OR s.referrer LIKE '%://duckduckgo.%'
        THEN 'organic'
        WHEN s.referrer LIKE '%facebook.%'
        OR s.referrer LIKE '%instagram.%'
        OR s.referrer LIKE '%tiktok.%'
        THEN 'social'
        ELSE 'referral'
      END AS channel,
      s.utm_source,
      s.utm_campaign,
      s.device_type,
      s.country,
      s.landing_page,
      s.event_count,
      s.view_count,
      s.search_count,
      s.cart_count,
      s.checkout_count,
      s.purchase_count,
      CASE
        WHEN s.least_currency = s.greatest_currency AND s.purchase_amount < 100000000000000
        THEN s.purchase_amount
      END AS purchase_amount,
      CASE WHEN s.least_currency = s.greatest_currency THEN s.least_currency END AS currency,
      s.event_count = 1 AS is_bounce,
      NOT b.visitor_id IS NULL AS is_suspected_bot
    FROM sessions AS s
    LEFT JOIN suspects AS b
      ON b.visitor_id = s.visitor_id AND b.event_date = s.session_date
) AS m
