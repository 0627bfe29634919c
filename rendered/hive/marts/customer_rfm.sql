-- marts.customer_rfm, as hive runs it. Made by `make render` from warehouse/marts/customer_rfm.sql: change that.
SELECT
    CAST(m.as_of AS DATE) AS as_of,
    CAST(m.user_id AS STRING) AS user_id,
    CAST(m.currency AS STRING) AS currency,
    CAST(m.recency_days AS BIGINT) AS recency_days,
    CAST(m.order_count AS BIGINT) AS order_count,
    CAST(m.monetary_amount AS DECIMAL(18,4)) AS monetary_amount,
    CAST(m.recency_score AS BIGINT) AS recency_score,
    CAST(m.frequency_score AS BIGINT) AS frequency_score,
    CAST(m.monetary_score AS BIGINT) AS monetary_score,
    CAST(m.rfm_segment AS STRING) AS rfm_segment
FROM (
    WITH sales AS (
      SELECT
        l.as_of,
        l.user_id,
        l.currency,
        DATEDIFF(l.as_of, MAX(l.order_date)) AS recency_days,
        COUNT(DISTINCT l.transaction_id) AS order_count,
        CAST(SUM(l.line_amount - l.discount_amount) AS DECIMAL(18, 4)) AS monetary_amount
      FROM ecommerce.order_lines AS l
      WHERE
        l.is_sale AND NOT l.user_id IS NULL AND l.quantity > 0 AND l.unit_price > 0
      GROUP BY
        l.as_of,
        l.user_id,
        l.currency
    ), scored AS (
      SELECT
        s.*,
        NTILE(5) OVER (
          PARTITION BY s.currency
          ORDER BY s.recency_days DESC NULLS LAST, s.user_id NULLS FIRST
        ) AS recency_score,
        NTILE(5) OVER (PARTITION BY s.currency ORDER BY s.order_count NULLS FIRST, s.user_id NULLS FIRST) AS frequency_score,
        NTILE(5) OVER (
          PARTITION BY s.currency
          ORDER BY s.monetary_amount NULLS FIRST, s.user_id NULLS FIRST
        ) AS monetary_score
      FROM sales AS s
    )
    SELECT
      s.as_of,
      s.user_id,
      s.currency,
      s.recency_days,
      s.order_count,
      s.monetary_amount,
      s.recency_score,
      s.frequency_score,
      s.monetary_score,
      CASE
        WHEN s.recency_score >= 4 AND s.frequency_score >= 4 AND s.monetary_score >= 4
        THEN 'champions'
        WHEN s.recency_score >= 3 AND s.frequency_score >= 4
        THEN 'loyal'
        WHEN s.recency_score >= 4 AND s.order_count = 1
        THEN 'new'
        WHEN s.recency_score >= 4
        THEN 'promising'
        WHEN s.recency_score <= 2 AND s.frequency_score >= 4
        THEN 'at_risk'
        WHEN s.recency_score <= 1 AND s.frequency_score <= 2
        THEN 'lost'
        ELSE 'hibernating'
      END AS rfm_segment
    FROM scored AS s
) AS m
