-- core.dim_products, as spark runs it. Made by `make render` from warehouse/core/dim_products.sql: change that.
SELECT
    CAST(m.product_key AS STRING) AS product_key,
    CAST(m.product_id AS STRING) AS product_id,
    CAST(m.valid_from AS TIMESTAMP_NTZ) AS valid_from,
    CAST(m.valid_to AS TIMESTAMP_NTZ) AS valid_to,
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
      FROM ecommerce_spark_clean.products AS p
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
          THEN CAST('1970-01-01 00:00:00' AS TIMESTAMP_NTZ)
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
      NULL
) AS m
