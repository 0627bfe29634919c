-- marts.interactions, as hive runs it. Made by `make render` from warehouse/marts/interactions.sql: change that.
SELECT
    CAST(m.as_of AS DATE) AS as_of,
    CAST(m.user_id AS STRING) AS user_id,
    CAST(m.product_id AS STRING) AS product_id,
    CAST(m.view_count AS BIGINT) AS view_count,
    CAST(m.cart_count AS BIGINT) AS cart_count,
    CAST(m.purchase_count AS BIGINT) AS purchase_count,
    CAST(m.unit_count AS BIGINT) AS unit_count,
    CAST(m.last_interaction_us AS BIGINT) AS last_interaction_us
FROM (
    WITH clicked AS (
      SELECT
        COALESCE(f.user_id, v.user_id) AS user_id,
        f.product_id,
        CASE WHEN f.event_type = 'view' THEN 1 ELSE 0 END AS viewed,
        CASE WHEN f.event_type = 'add_to_cart' THEN 1 ELSE 0 END AS carted,
        0 AS purchased,
        0 AS units,
        f.event_us AS interaction_us
      FROM ecommerce.fact_clickstream AS f
      CROSS JOIN ecommerce_ref.run AS r
      INNER JOIN ecommerce.fact_sessions AS s
        ON s.session_key = f.session_key
      LEFT JOIN ecommerce.visitor_users AS v
        ON v.visitor_id = f.visitor_id
      WHERE
        f.event_us < r.as_of_us
        AND NOT f.product_id IS NULL
        AND f.event_type IN ('view', 'add_to_cart')
        AND NOT s.is_suspected_bot
    ), bought AS (
      SELECT
        l.user_id,
        l.product_id,
        0 AS viewed,
        0 AS carted,
        1 AS purchased,
        l.quantity AS units,
        l.ordered_us AS interaction_us
      FROM ecommerce.order_lines AS l
      WHERE
        l.is_sale AND l.line_type = 'product' AND NOT l.product_id IS NULL
    ), both_kinds AS (
      SELECT
        c.user_id,
        c.product_id,
        c.viewed,
        c.carted,
        c.purchased,
        c.units,
        c.interaction_us
      FROM clicked AS c
      UNION ALL
      SELECT
        b.user_id,
        b.product_id,
        b.viewed,
        b.carted,
        b.purchased,
        b.units,
        b.interaction_us
      FROM bought AS b
    )
    SELECT
      MAX(r.as_of) AS as_of,
      i.user_id,
      i.product_id,
      SUM(i.viewed) AS view_count,
      SUM(i.carted) AS cart_count,
      SUM(i.purchased) AS purchase_count,
      SUM(i.units) AS unit_count,
      MAX(i.interaction_us) AS last_interaction_us
    FROM both_kinds AS i
    CROSS JOIN ecommerce_ref.run AS r
    WHERE
      NOT i.user_id IS NULL
    GROUP BY
      i.user_id,
      i.product_id
) AS m
