-- Dimensions, from clean and ref.
-- Made by `make render` from contracts/ and warehouse/: change those, not this.
--
-- beeline -u ... -f hive_etl_load_dimensions.sql
-- Whole each time: history is computed from the change feed, never patched.
--
-- INSERT OVERWRITE replaces a table or a day while others may be reading: they may see it empty or half loaded, and a load
-- that is cut off leaves it so until it is run again. Publishing at once, and safely, is what `shoplake build` does.

-- What these statements need of a session.
SET hive.exec.dynamic.partition.mode=nonstrict;
SET hive.exec.max.dynamic.partitions=20000;
SET hive.exec.max.dynamic.partitions.pernode=20000;
SET hive.optimize.sort.dynamic.partition.threshold=1;
SET hive.stats.column.autogather=false;
SET hive.groupby.position.alias=true;
SET hive.local.time.zone=UTC;
SET tez.counters.max=10000;
SET hive.compute.query.using.stats=false;

-- clean.products: the days that lie in the lake now; those that went are forgotten.
MSCK REPAIR TABLE ecommerce_clean.products SYNC PARTITIONS;

-- clean.users: the days that lie in the lake now; those that went are forgotten.
MSCK REPAIR TABLE ecommerce_clean.users SYNC PARTITIONS;

-- core.dim_date, whole: a day.
INSERT OVERWRITE TABLE ecommerce.dim_date
SELECT
    CAST(m.calendar_date AS DATE) AS calendar_date,
    CAST(m.year AS BIGINT) AS year,
    CAST(m.quarter AS BIGINT) AS quarter,
    CAST(m.month AS BIGINT) AS month,
    CAST(m.day_of_month AS BIGINT) AS day_of_month,
    CAST(m.month_start AS DATE) AS month_start,
    CAST(m.iso_year AS BIGINT) AS iso_year,
    CAST(m.iso_week AS BIGINT) AS iso_week,
    CAST(m.weekday AS BIGINT) AS weekday,
    CAST(m.is_weekend AS BOOLEAN) AS is_weekend,
    CAST(m.is_holiday AS BOOLEAN) AS is_holiday,
    CAST(m.holiday_name AS STRING) AS holiday_name
FROM (
    SELECT
      d.calendar_date,
      d.year,
      d.quarter,
      d.month,
      d.day_of_month,
      d.month_start,
      d.iso_year,
      d.iso_week,
      d.weekday,
      d.is_weekend,
      d.is_holiday,
      d.holiday_name
    FROM ecommerce_ref.dates AS d
) AS m;

-- core.dim_user_agents, whole: a distinct user agent.
INSERT OVERWRITE TABLE ecommerce.dim_user_agents
SELECT
    CAST(m.user_agent AS STRING) AS user_agent,
    CAST(m.is_bot AS BOOLEAN) AS is_bot,
    CAST(m.bot_reason AS STRING) AS bot_reason,
    CAST(m.browser AS STRING) AS browser,
    CAST(m.os AS STRING) AS os,
    CAST(m.device_family AS STRING) AS device_family
FROM (
    SELECT
      a.user_agent,
      a.is_bot,
      a.bot_reason,
      a.browser,
      a.os,
      a.device_family
    FROM ecommerce_ref.user_agents AS a
) AS m;

-- core.dim_products, whole: a version of a product (SCD type 2).
INSERT OVERWRITE TABLE ecommerce.dim_products
SELECT
    CAST(m.product_key AS STRING) AS product_key,
    CAST(m.product_id AS STRING) AS product_id,
    CAST(m.valid_from AS TIMESTAMP) AS valid_from,
    CAST(m.valid_to AS TIMESTAMP) AS valid_to,
    CAST(m.is_current AS BOOLEAN) AS is_current,
    CAST(m.name AS STRING) AS name,
    CAST(m.category AS STRING) AS category,
    CAST(m.list_price AS DECIMAL(18,4)) AS list_price,
    CAST(m.cost_price AS DECIMAL(18,4)) AS cost_price,
    CAST(m.is_active AS BOOLEAN) AS is_active,
    CAST(m.subcategory AS STRING) AS subcategory,
    CAST(m.brand AS STRING) AS brand,
    CAST(m.currency AS STRING) AS currency,
    CAST(m.rating AS DECIMAL(18,4)) AS rating,
    CAST(m.review_count AS BIGINT) AS review_count,
    CAST(m.stock_quantity AS BIGINT) AS stock_quantity,
    CAST(m.warranty_months AS BIGINT) AS warranty_months,
    CAST(m.weight_grams AS BIGINT) AS weight_grams
FROM (
    WITH copies AS (
      SELECT
        p.*,
        ROW_NUMBER() OVER (
          PARTITION BY p.product_id, p.updated_us
          ORDER BY p.ds DESC NULLS LAST, p.name DESC NULLS LAST, p.category DESC NULLS LAST, p.list_price DESC NULLS LAST, p.cost_price DESC NULLS LAST, p.is_active DESC NULLS LAST, p.subcategory DESC NULLS LAST, p.brand DESC NULLS LAST, p.currency DESC NULLS LAST, p.rating DESC NULLS LAST, p.review_count DESC NULLS LAST, p.stock_quantity DESC NULLS LAST, p.warranty_months DESC NULLS LAST, p.weight_grams DESC NULLS LAST
        ) AS copy_number
      FROM ecommerce_clean.products AS p
    ), entries AS (
      SELECT
        c.*,
        LAG(c.updated_us) OVER (PARTITION BY c.product_id ORDER BY c.updated_us NULLS FIRST) AS previous_us,
        LAG(c.list_price) OVER (PARTITION BY c.product_id ORDER BY c.updated_us NULLS FIRST) AS previous_list_price,
        LAG(c.cost_price) OVER (PARTITION BY c.product_id ORDER BY c.updated_us NULLS FIRST) AS previous_cost_price,
        LAG(c.category) OVER (PARTITION BY c.product_id ORDER BY c.updated_us NULLS FIRST) AS previous_category,
        LAG(c.name) OVER (PARTITION BY c.product_id ORDER BY c.updated_us NULLS FIRST) AS previous_name,
        LAG(c.is_active) OVER (PARTITION BY c.product_id ORDER BY c.updated_us NULLS FIRST) AS previous_is_active,
        ROW_NUMBER() OVER (PARTITION BY c.product_id ORDER BY c.updated_us DESC NULLS LAST) AS newest
      FROM copies AS c
      WHERE
        c.copy_number = 1
    ), versions AS (
      SELECT
        e.*,
        CASE WHEN e.previous_us IS NULL THEN 0 ELSE e.updated_us END AS from_us,
        CASE
          WHEN e.previous_us IS NULL
          THEN CAST('1970-01-01 00:00:00' AS TIMESTAMP)
          ELSE e.updated_at
        END AS valid_from
      FROM entries AS e
      WHERE
        e.previous_us IS NULL
        OR NOT e.list_price IS NOT DISTINCT FROM e.previous_list_price
        OR NOT e.cost_price IS NOT DISTINCT FROM e.previous_cost_price
        OR NOT e.category IS NOT DISTINCT FROM e.previous_category
        OR NOT e.name IS NOT DISTINCT FROM e.previous_name
        OR NOT e.is_active IS NOT DISTINCT FROM e.previous_is_active
    ), bounded AS (
      SELECT
        v.*,
        LEAD(v.valid_from) OVER (PARTITION BY v.product_id ORDER BY v.from_us NULLS FIRST) AS valid_to
      FROM versions AS v
    )
    SELECT
      v.product_id || '@' || CAST(v.from_us AS STRING) AS product_key,
      v.product_id,
      v.valid_from,
      v.valid_to,
      v.valid_to IS NULL AS is_current,
      v.name,
      v.category,
      v.list_price,
      v.cost_price,
      v.is_active,
      n.subcategory,
      n.brand,
      n.currency,
      n.rating,
      n.review_count,
      n.stock_quantity,
      n.warranty_months,
      n.weight_grams
    FROM bounded AS v
    INNER JOIN entries AS n
      ON n.product_id = v.product_id AND n.newest = 1
    UNION ALL
    SELECT
      '@unknown',
      NULL,
      CAST('1970-01-01 00:00:00' AS TIMESTAMP),
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
      NULL
) AS m;

-- core.dim_users, whole: a version of a user (SCD type 2).
INSERT OVERWRITE TABLE ecommerce.dim_users
SELECT
    CAST(m.user_key AS STRING) AS user_key,
    CAST(m.user_id AS STRING) AS user_id,
    CAST(m.valid_from AS TIMESTAMP) AS valid_from,
    CAST(m.valid_to AS TIMESTAMP) AS valid_to,
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
    CAST(m.registered_at AS TIMESTAMP) AS registered_at,
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
      FROM ecommerce_clean.users AS u
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
          THEN CAST('1970-01-01 00:00:00' AS TIMESTAMP)
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
      CAST('1970-01-01 00:00:00' AS TIMESTAMP),
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
) AS m;
