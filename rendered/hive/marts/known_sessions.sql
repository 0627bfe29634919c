-- marts.known_sessions, as hive runs it. Made by `make render` from warehouse/marts/known_sessions.sql: change that.
SELECT
    CAST(m.as_of AS DATE) AS as_of,
    CAST(m.session_key AS STRING) AS session_key,
    CAST(m.session_date AS DATE) AS session_date,
    CAST(m.visitor_id AS STRING) AS visitor_id,
    CAST(m.user_id AS STRING) AS user_id,
    CAST(m.ended_at AS TIMESTAMP) AS ended_at,
    CAST(m.ended_us AS BIGINT) AS ended_us,
    CAST(m.channel AS STRING) AS channel,
    CAST(m.device_type AS STRING) AS device_type,
    CAST(m.event_count AS BIGINT) AS event_count,
    CAST(m.view_count AS BIGINT) AS view_count,
    CAST(m.cart_count AS BIGINT) AS cart_count,
    CAST(m.checkout_count AS BIGINT) AS checkout_count,
    CAST(m.purchase_count AS BIGINT) AS purchase_count,
    CAST(m.is_suspected_bot AS BOOLEAN) AS is_suspected_bot
FROM (
    WITH running AS (
      SELECT
        s.session_key,
        r.as_of_us
      FROM ecommerce.fact_sessions AS s
      CROSS JOIN ecommerce_ref.run AS r
      WHERE
        s.started_us < r.as_of_us AND s.ended_us >= r.as_of_us
    ), begun AS (
      SELECT
        f.session_key,
        CASE WHEN MIN(f.user_id) = MAX(f.user_id) THEN MIN(f.user_id) END AS user_id,
        MAX(f.event_ts) AS ended_at,
        MAX(f.event_us) AS ended_us,
        COUNT(*) AS event_count,
        SUM(CASE WHEN f.event_type = 'view' THEN 1 ELSE 0 END) AS view_count,
        SUM(CASE WHEN f.event_type = 'add_to_cart' THEN 1 ELSE 0 END) AS cart_count,
        SUM(CASE WHEN f.event_type = 'begin_checkout' THEN 1 ELSE 0 END) AS checkout_count,
        SUM(CASE WHEN f.event_type = 'purchase' THEN 1 ELSE 0 END) AS purchase_count
      FROM ecommerce.fact_clickstream AS f
      INNER JOIN running AS g
        ON g.session_key = f.session_key
      WHERE
        f.event_us < g.as_of_us
      GROUP BY
        f.session_key
    )
    SELECT
      r.as_of,
      s.session_key,
      s.session_date,
      s.visitor_id,
      CASE WHEN b.session_key IS NULL THEN s.user_id ELSE b.user_id END AS user_id,
      COALESCE(b.ended_at, s.ended_at) AS ended_at,
      COALESCE(b.ended_us, s.ended_us) AS ended_us,
      s.channel,
      s.device_type,
      COALESCE(b.event_count, s.event_count) AS event_count,
      COALESCE(b.view_count, s.view_count) AS view_count,
      COALESCE(b.cart_count, s.cart_count) AS cart_count,
      COALESCE(b.checkout_count, s.checkout_count) AS checkout_count,
      COALESCE(b.purchase_count, s.purchase_count) AS purchase_count,
      s.is_suspected_bot
    FROM ecommerce.fact_sessions AS s
    CROSS JOIN ecommerce_ref.run AS r
    LEFT JOIN begun AS b
      ON b.session_key = s.session_key
    WHERE
      s.started_us < r.as_of_us
) AS m
