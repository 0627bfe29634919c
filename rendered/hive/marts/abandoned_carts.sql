-- marts.abandoned_carts, as hive runs it. Made by `make render` from warehouse/marts/abandoned_carts.sql: change that.
SELECT
    CAST(m.as_of AS DATE) AS as_of,
    CAST(m.session_key AS STRING) AS session_key,
    CAST(m.currency AS STRING) AS currency,
    CAST(m.visitor_id AS STRING) AS visitor_id,
    CAST(m.user_id AS STRING) AS user_id,
    CAST(m.cart_date AS DATE) AS cart_date,
    CAST(m.ended_at AS TIMESTAMP) AS ended_at,
    CAST(m.device_type AS STRING) AS device_type,
    CAST(m.left_product_count AS BIGINT) AS left_product_count,
    CAST(m.left_unit_count AS BIGINT) AS left_unit_count,
    CAST(m.left_amount AS DECIMAL(18,4)) AS left_amount,
    CAST(m.recovered_amount AS DECIMAL(18,4)) AS recovered_amount,
    CAST(m.is_recovered AS BOOLEAN) AS is_recovered
FROM (
    WITH clicks AS (
      SELECT
        f.session_key,
        f.visitor_id,
        COALESCE(f.user_id, v.user_id) AS user_id,
        f.product_id,
        f.currency,
        f.event_type,
        f.event_us,
        COALESCE(f.quantity, 1) AS quantity,
        f.unit_price
      FROM ecommerce.fact_clickstream AS f
      CROSS JOIN ecommerce_ref.run AS r
      LEFT JOIN ecommerce.visitor_users AS v
        ON v.visitor_id = f.visitor_id
      WHERE
        f.event_date < r.as_of
        AND NOT f.product_id IS NULL
        AND f.event_type IN ('add_to_cart', 'remove_from_cart', 'purchase')
    ), carts AS (
      SELECT
        c.session_key,
        c.visitor_id,
        c.product_id,
        c.currency,
        SUM(
          CASE c.event_type
            WHEN 'add_to_cart'
            THEN c.quantity
            WHEN 'remove_from_cart'
            THEN -c.quantity
            ELSE 0
          END
        ) AS left_units,
        MAX(MAX(CASE WHEN c.event_type = 'purchase' THEN 1 ELSE 0 END)) OVER (PARTITION BY c.session_key, c.product_id) AS was_bought,
        MAX(CASE WHEN c.event_type <> 'purchase' THEN c.unit_price END) AS unit_price
      FROM clicks AS c
      GROUP BY
        c.session_key,
        c.visitor_id,
        c.product_id,
        c.currency
    ), leftovers AS (
      SELECT
        c.session_key,
        c.visitor_id,
        COALESCE(s.user_id, v.user_id) AS user_id,
        c.product_id,
        c.currency,
        c.left_units,
        CAST(CAST(c.left_units AS DECIMAL(19, 0)) * COALESCE(c.unit_price, 0) AS DECIMAL(38, 4)) AS left_amount,
        s.session_date,
        s.ended_at,
        s.ended_us,
        s.device_type
      FROM carts AS c
      INNER JOIN ecommerce.known_sessions AS s
        ON s.session_key = c.session_key
      LEFT JOIN ecommerce.visitor_users AS v
        ON v.visitor_id = c.visitor_id
      WHERE
        c.left_units > 0 AND c.was_bought = 0 AND NOT s.is_suspected_bot
    ), recovered AS (
      SELECT
        l.session_key,
        l.product_id,
        l.currency
      FROM leftovers AS l
      INNER JOIN clicks AS c
        ON c.visitor_id = l.visitor_id AND c.product_id = l.product_id
      WHERE
        c.event_type = 'purchase'
        AND c.event_us > l.ended_us
        AND c.event_us - l.ended_us <= 604800000000
      UNION
      SELECT
        l.session_key,
        l.product_id,
        l.currency
      FROM leftovers AS l
      INNER JOIN clicks AS c
        ON c.user_id = l.user_id AND c.product_id = l.product_id
      WHERE
        c.event_type = 'purchase'
        AND c.event_us > l.ended_us
        AND c.event_us - l.ended_us <= 604800000000
    )
    SELECT
      MAX(r.as_of) AS as_of,
      l.session_key,
      COALESCE(l.currency, 'unknown') AS currency,
      MAX(l.visitor_id) AS visitor_id,
      MAX(l.user_id) AS user_id,
      MAX(l.session_date) AS cart_date,
      MAX(l.ended_at) AS ended_at,
      MAX(l.device_type) AS device_type,
      COUNT(*) AS left_product_count,
      SUM(l.left_units) AS left_unit_count,
      CASE WHEN SUM(l.left_amount) < 100000000000000 THEN SUM(l.left_amount) END AS left_amount,
      CASE
        WHEN SUM(l.left_amount) < 100000000000000
        THEN SUM(CASE WHEN NOT w.session_key IS NULL THEN l.left_amount ELSE 0 END)
      END AS recovered_amount,
      MAX(CASE WHEN NOT w.session_key IS NULL THEN 1 ELSE 0 END) = 1 AS is_recovered
    FROM leftovers AS l
    CROSS JOIN ecommerce_ref.run AS r
    LEFT JOIN recovered AS w
      ON w.session_key = l.session_key
      AND w.product_id = l.product_id
      AND w.currency IS NOT DISTINCT FROM l.currency
    GROUP BY
      l.session_key,
      COALESCE(l.currency, 'unknown')
) AS m
