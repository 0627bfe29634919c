-- One row per visitor (cookie). user_id only when exactly one user was ever seen on it: a shared device is never given to
-- one of its users.
SELECT
    f.visitor_id,
    CASE WHEN MIN(f.user_id) = MAX(f.user_id) THEN MIN(f.user_id) END AS user_id,
    COUNT(DISTINCT f.user_id) AS users_seen,
    MIN(f.event_ts) AS first_seen,
    MAX(f.event_ts) AS last_seen,
    COUNT(*) AS event_count
FROM core.fact_clickstream AS f
GROUP BY f.visitor_id
