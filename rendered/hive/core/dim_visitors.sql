-- core.dim_visitors, as hive runs it. Made by `make render` from warehouse/core/dim_visitors.sql: change that.
SELECT
    CAST(m.visitor_id AS STRING) AS visitor_id,
    CAST(m.user_id AS STRING) AS user_id,
    CAST(m.users_seen AS BIGINT) AS users_seen,
    CAST(m.first_seen AS TIMESTAMP) AS first_seen,
    CAST(m.last_seen AS TIMESTAMP) AS last_seen,
    CAST(m.event_count AS BIGINT) AS event_count
FROM (
    SELECT
      f.visitor_id,
      CASE WHEN MIN(f.user_id) = MAX(f.user_id) THEN MIN(f.user_id) END AS user_id,
      COUNT(DISTINCT f.user_id) AS users_seen,
      MIN(f.event_ts) AS first_seen,
      MAX(f.event_ts) AS last_seen,
      COUNT(*) AS event_count
    FROM ecommerce.fact_clickstream AS f
    GROUP BY
      f.visitor_id
) AS m
