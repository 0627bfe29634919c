-- core.dim_users, as spark runs it. Made by `make render` from warehouse/core/dim_users.sql: change that.
SELECT
    CAST(m.user_key AS STRING) AS user_key,
    CAST(m.user_id AS STRING) AS user_id,
    CAST(m.valid_from AS TIMESTAMP_NTZ) AS valid_from,
    CAST(m.valid_to AS TIMESTAMP_NTZ) AS valid_to,
    CAST(m.is_current AS BOOLEAN) AS is_current,
    CAST(m.email AS STRING) AS email,
    CAST(m.customer_segment AS STRING) AS customer_segment,
    CAST(m.street AS STRING) AS street,
    CAST(m.city AS STRING) AS city,
    CAST(m.region AS STRING) AS region,
    CAST(m.postal_code AS STRING) AS postal_code,
    CAST(m.country AS STRING) AS country,
    CAST(m.accepts_marketing AS BOOLEAN) AS accepts_marketing,
    CAST(m.phone AS STRING) AS phone,
    CAST(m.first_name AS STRING) AS first_name,
    CAST(m.last_name AS STRING) AS last_name,
    CAST(m.gender AS STRING) AS gender,
    CAST(m.birth_date AS DATE) AS birth_date,
    CAST(m.registered_at AS TIMESTAMP_NTZ) AS registered_at,
    CAST(m.acquisition_channel AS STRING) AS acquisition_channel,
    CAST(m.lifetime_value AS DECIMAL(18,4)) AS lifetime_value,
    CAST(m.currency AS STRING) AS currency
FROM (
    WITH copies AS (
      SELECT
        u.*,
        ROW_NUMBER() OVER (
          PARTITION BY u.user_id, u.updated_us
          ORDER BY u.ds DESC NULLS LAST, u.email DESC NULLS LAST, u.customer_segment DESC NULLS LAST, u.street DESC NULLS LAST, u.city DESC NULLS LAST, u.region DESC NULLS LAST, u.postal_code DESC NULLS LAST, u.country DESC NULLS LAST, u.accepts_marketing DESC NULLS LAST, u.phone DESC NULLS LAST, u.first_name DESC NULLS LAST, u.last_name DESC NULLS LAST, u.gender DESC NULLS LAST, u.birth_date DESC NULLS LAST, u.registered_at DESC NULLS LAST, u.acquisition_channel DESC NULLS LAST, u.lifetime_value DESC NULLS LAST, u.currency DESC NULLS LAST
        ) AS copy_number
      FROM ecommerce_spark_clean.users AS u
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
      WHERE
        c.copy_number = 1
    ), versions AS (
      SELECT
        p.*,
        CASE WHEN p.previous_us IS NULL THEN 0 ELSE p.updated_us END AS from_us,
        CASE
          WHEN p.previous_us IS NULL
          THEN CAST('1970-01-01 00:00:00' AS TIMESTAMP_NTZ)
          ELSE p.updated_at
        END AS valid_from
      FROM profiles AS p
      WHERE
        p.previous_us IS NULL
        OR NOT p.customer_segment IS NOT DISTINCT FROM p.previous_segment
        OR NOT p.email IS NOT DISTINCT FROM p.previous_email
        OR NOT p.street IS NOT DISTINCT FROM p.previous_street
        OR NOT p.city IS NOT DISTINCT FROM p.previous_city
        OR NOT p.region IS NOT DISTINCT FROM p.previous_region
        OR NOT p.postal_code IS NOT DISTINCT FROM p.previous_postal_code
        OR NOT p.country IS NOT DISTINCT FROM p.previous_country
        OR NOT p.accepts_marketing IS NOT DISTINCT FROM p.previous_marketing
    ), bounded AS (
      SELECT
        v.*,
        LEAD(v.valid_from) OVER (PARTITION BY v.user_id ORDER BY v.from_us NULLS FIRST) AS valid_to
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
    INNER JOIN profiles AS n
      ON n.user_id = v.user_id AND n.newest = 1
    UNION ALL
    SELECT
      '@unknown',
      NULL,
      CAST('1970-01-01 00:00:00' AS TIMESTAMP_NTZ),
      NULL,
      TRUE,
      NULL,
      NULL,
      NULL,
      NULL,
      NULL,
      NULL,
      NULL,
      NULL,
      NULL,
      NULL,
      NULL,
      NULL,
      NULL,
      NULL,
      NULL,
      NULL,
      NULL
) AS m
