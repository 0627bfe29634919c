-- marts.visitor_users, as hive runs it. Made by `make render` from warehouse/marts/visitor_users.sql: change that.
SELECT
    CAST(m.as_of AS DATE) AS as_of,
    CAST(m.visitor_id AS STRING) AS visitor_id,
    CAST(m.user_id AS STRING) AS user_id
FROM (
    SELECT
      MAX(r.as_of) AS as_of,
      s.visitor_id,
      MIN(s.user_id) AS user_id
    FROM ecommerce.fact_clickstream AS s
    CROSS JOIN ecommerce_ref.run AS r
    WHERE
      s.event_us < r.as_of_us AND NOT s.user_id IS NULL
    GROUP BY
      s.visitor_id
    HAVING
      MIN(s.user_id) = MAX(s.user_id)
) AS m
