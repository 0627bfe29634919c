-- marts.conversion_funnel, as hive runs it. Made by `make render` from warehouse/marts/conversion_funnel.sql: change that.
SELECT
    CAST(m.as_of AS DATE) AS as_of,
    CAST(m.session_date AS DATE) AS session_date,
    CAST(m.channel AS STRING) AS channel,
    CAST(m.device_type AS STRING) AS device_type,
    CAST(m.session_count AS BIGINT) AS session_count,
    CAST(m.viewed_count AS BIGINT) AS viewed_count,
    CAST(m.carted_count AS BIGINT) AS carted_count,
    CAST(m.checked_out_count AS BIGINT) AS checked_out_count,
    CAST(m.purchased_count AS BIGINT) AS purchased_count,
    CAST(m.buy_now_count AS BIGINT) AS buy_now_count,
    CAST(m.conversion_ratio AS DECIMAL(18,6)) AS conversion_ratio
FROM (
    WITH sessions AS (
      SELECT
        s.as_of,
        s.session_date,
        s.channel,
        COALESCE(s.device_type, 'unknown') AS device_type,
        CASE WHEN s.view_count > 0 THEN 1 ELSE 0 END AS viewed,
        CASE
          WHEN s.cart_count > 0 OR s.checkout_count > 0 OR s.purchase_count > 0
          THEN 1
          ELSE 0
        END AS carted,
        CASE WHEN s.checkout_count > 0 OR s.purchase_count > 0 THEN 1 ELSE 0 END AS checked_out,
        CASE WHEN s.purchase_count > 0 THEN 1 ELSE 0 END AS purchased,
        CASE WHEN s.purchase_count > 0 AND s.cart_count = 0 THEN 1 ELSE 0 END AS bought_now
      FROM ecommerce.known_sessions AS s
      WHERE
        NOT s.is_suspected_bot
    )
    SELECT
      MAX(s.as_of) AS as_of,
      s.session_date,
      s.channel,
      s.device_type,
      COUNT(*) AS session_count,
      SUM(s.viewed) AS viewed_count,
      SUM(s.carted) AS carted_count,
      SUM(s.checked_out) AS checked_out_count,
      SUM(s.purchased) AS purchased_count,
      SUM(s.bought_now) AS buy_now_count,
      CAST(CASE WHEN (SUM(s.purchased) < 0) = (COUNT(*) < 0) THEN CAST(1 AS DECIMAL(1, 0)) ELSE CAST(-1 AS DECIMAL(1, 0)) END * CAST((CAST(ABS(CAST(CAST(SUM(s.purchased) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(COUNT(*) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) - CAST(ABS(CAST(CAST(SUM(s.purchased) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(COUNT(*) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) % NULLIF(CAST(ABS(CAST(CAST(COUNT(*) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0)) / NULLIF(CAST(ABS(CAST(CAST(COUNT(*) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0) AS DECIMAL(24, 0)) * CAST('0.000001' AS DECIMAL(7, 6)) AS DECIMAL(18, 6)) AS conversion_ratio
    FROM sessions AS s
    GROUP BY
      s.session_date,
      s.channel,
      s.device_type
) AS m
