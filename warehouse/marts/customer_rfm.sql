-- One row per user and currency: recency, frequency and money before as_of, each in quintiles (5 is best), and a segment.
-- Over sold lines with a positive quantity and price; refunds stand apart. Ties are broken by user, so quintiles are exact.
WITH sales AS (
    SELECT
        l.as_of,
        l.user_id,
        l.currency,
        DATEDIFF(l.as_of, MAX(l.order_date)) AS recency_days,
        COUNT(DISTINCT l.transaction_id) AS order_count,
        CAST(SUM(l.line_amount - l.discount_amount) AS DECIMAL(18, 4)) AS monetary_amount
    FROM marts.order_lines AS l
    WHERE l.is_sale AND l.user_id IS NOT NULL AND l.quantity > 0 AND l.unit_price > 0
    GROUP BY l.as_of, l.user_id, l.currency
), scored AS (
    SELECT
        s.*,
        NTILE(5) OVER (PARTITION BY s.currency ORDER BY s.recency_days DESC NULLS LAST, s.user_id NULLS FIRST) AS recency_score,
        NTILE(5) OVER (PARTITION BY s.currency ORDER BY s.order_count NULLS FIRST, s.user_id NULLS FIRST) AS frequency_score,
        NTILE(5) OVER (PARTITION BY s.currency ORDER BY s.monetary_amount NULLS FIRST, s.user_id NULLS FIRST) AS monetary_score
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
        WHEN s.recency_score >= 4 AND s.frequency_score >= 4 AND s.monetary_score >= 4 THEN 'champions'
        WHEN s.recency_score >= 3 AND s.frequency_score >= 4 THEN 'loyal'
        WHEN s.recency_score >= 4 AND s.order_count = 1 THEN 'new'
        WHEN s.recency_score >= 4 THEN 'promising'
        WHEN s.recency_score <= 2 AND s.frequency_score >= 4 THEN 'at_risk'
        WHEN s.recency_score <= 1 AND s.frequency_score <= 2 THEN 'lost'
        ELSE 'hibernating'
    END AS rfm_segment
FROM scored AS s
