-- One row per version of a user. valid_to is NULL on the current one.
-- Rebuilt from the change feed: history is computed, never patched, so a late change takes its place in time by itself.
-- Two rows with the same updated_at: the one that arrived last wins, then the greater by all columns.
WITH copies AS (
    SELECT
        u.*,
        ROW_NUMBER() OVER (
            PARTITION BY u.user_id, u.updated_us
            ORDER BY
                u.ds DESC NULLS LAST, u.email DESC NULLS LAST, u.customer_segment DESC NULLS LAST, u.street DESC NULLS LAST,
                u.city DESC NULLS LAST, u.region DESC NULLS LAST, u.postal_code DESC NULLS LAST, u.country DESC NULLS LAST,
                u.accepts_marketing DESC NULLS LAST, u.phone DESC NULLS LAST, u.first_name DESC NULLS LAST,
                u.last_name DESC NULLS LAST, u.gender DESC NULLS LAST, u.birth_date DESC NULLS LAST,
                u.registered_at DESC NULLS LAST, u.acquisition_channel DESC NULLS LAST, u.lifetime_value DESC NULLS LAST,
                u.currency DESC NULLS LAST
        ) AS copy_number
    FROM clean.users AS u
), profiles AS (
    SELECT
        c.*,
        LAG(c.updated_us) OVER (PARTITION BY c.user_id ORDER BY c.updated_us NULLS FIRST) AS previous_us,
        LAG(c.customer_segment) OVER (PARTITION BY c.user_id ORDER BY c.updated_us NULLS FIRST) AS previous_segment,
        LAG(c.email) OVER (PARTITION BY c.user_id ORDER BY c.updated_us NULLS FIRST) AS previous_email,
        LAG(c.street) OVER (PARTITION BY c.user_id ORDER BY c.updated_us NULLS FIRST) AS previous_street,
        LAG(c.city) OVER (PARTITION BY c.user_id ORDER BY c.updated_us NULLS FIRST) AS previous_city,
        LAG(c.region) OVER (PARTITION BY c.user_id ORDER BY c.updated_us NULLS FIRST) AS previous_region,
        LAG(c.postal_code) OVER (PARTITION BY c.user_id ORDER BY c.updated_us NULLS FIRST) AS previous_postal_code,
        LAG(c.country) OVER (PARTITION BY c.user_id ORDER BY c.updated_us NULLS FIRST) AS previous_country,
        LAG(c.accepts_marketing) OVER (PARTITION BY c.user_id ORDER BY c.updated_us NULLS FIRST) AS previous_marketing,
        ROW_NUMBER() OVER (PARTITION BY c.user_id ORDER BY c.updated_us DESC NULLS LAST) AS newest
    FROM copies AS c
    WHERE c.copy_number = 1
), versions AS (
    SELECT
        p.*,
        CASE WHEN p.previous_us IS NULL THEN 0 ELSE p.updated_us END AS from_us,
        CASE WHEN p.previous_us IS NULL THEN CAST('1970-01-01 00:00:00' AS TIMESTAMP_NTZ) ELSE p.updated_at END AS valid_from
    FROM profiles AS p
    WHERE p.previous_us IS NULL
        OR NOT p.customer_segment <=> p.previous_segment
        OR NOT p.email <=> p.previous_email
        OR NOT p.street <=> p.previous_street
        OR NOT p.city <=> p.previous_city
        OR NOT p.region <=> p.previous_region
        OR NOT p.postal_code <=> p.previous_postal_code
        OR NOT p.country <=> p.previous_country
        OR NOT p.accepts_marketing <=> p.previous_marketing
), bounded AS (
    SELECT v.*, LEAD(v.valid_from) OVER (PARTITION BY v.user_id ORDER BY v.from_us NULLS FIRST) AS valid_to
    FROM versions AS v
)
SELECT
    v.user_id || '@' || CAST(v.from_us AS STRING) AS user_key,
    v.user_id,
    v.valid_from,
    v.valid_to,
    v.valid_to IS NULL AS is_current,
    v.email,
    v.customer_segment,
    v.street,
    v.city,
    v.region,
    v.postal_code,
    v.country,
    v.accepts_marketing,
    n.phone,
    n.first_name,
    n.last_name,
    n.gender,
    n.birth_date,
    n.registered_at,
    n.acquisition_channel,
    n.lifetime_value,
    n.currency
FROM bounded AS v
INNER JOIN profiles AS n ON n.user_id = v.user_id AND n.newest = 1
UNION ALL
SELECT
    '@unknown', NULL, CAST('1970-01-01 00:00:00' AS TIMESTAMP_NTZ), NULL, TRUE, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
