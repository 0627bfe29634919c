-- Marts, from the facts and dimensions.
-- Made by `make render` from contracts/ and warehouse/: change those, not this.
--
-- beeline -u ... -f hive_marts.sql
-- As of the day in ref.run, whole each time.
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

-- marts.visitor_users, whole: a visitor on which exactly one user was seen before as_of.
INSERT OVERWRITE TABLE ecommerce.visitor_users
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
) AS m;

-- marts.order_lines, whole: an order line as known on as_of.
INSERT OVERWRITE TABLE ecommerce.order_lines
SELECT
    CAST(m.as_of AS DATE) AS as_of,
    CAST(m.transaction_id AS STRING) AS transaction_id,
    CAST(m.line_number AS BIGINT) AS line_number,
    CAST(m.line_type AS STRING) AS line_type,
    CAST(m.user_id AS STRING) AS user_id,
    CAST(m.visitor_id AS STRING) AS visitor_id,
    CAST(m.product_id AS STRING) AS product_id,
    CAST(m.category AS STRING) AS category,
    CAST(m.quantity AS BIGINT) AS quantity,
    CAST(m.unit_price AS DECIMAL(18,4)) AS unit_price,
    CAST(m.line_amount AS DECIMAL(18,4)) AS line_amount,
    CAST(m.gross_amount AS DECIMAL(18,4)) AS gross_amount,
    CAST(m.discount_amount AS DECIMAL(18,4)) AS discount_amount,
    CAST(m.tax_amount AS DECIMAL(18,4)) AS tax_amount,
    CAST(m.shipping_amount AS DECIMAL(18,4)) AS shipping_amount,
    CAST(m.net_amount AS DECIMAL(18,4)) AS net_amount,
    CAST(m.cost_amount AS DECIMAL(18,4)) AS cost_amount,
    CAST(m.profit_amount AS DECIMAL(18,4)) AS profit_amount,
    CAST(m.currency AS STRING) AS currency,
    CAST(m.status AS STRING) AS status,
    CAST(m.is_sale AS BOOLEAN) AS is_sale,
    CAST(m.order_source AS STRING) AS order_source,
    CAST(m.ship_country AS STRING) AS ship_country,
    CAST(m.ordered_us AS BIGINT) AS ordered_us,
    CAST(m.order_date AS DATE) AS order_date,
    CAST(m.order_hour AS BIGINT) AS order_hour
FROM (
    SELECT
      r.as_of,
      s.transaction_id,
      s.line_number,
      s.line_type,
      s.user_id,
      s.visitor_id,
      s.product_id,
      p.category,
      s.quantity,
      s.unit_price,
      s.line_amount,
      s.gross_amount,
      s.discount_amount,
      s.tax_amount,
      s.shipping_amount,
      s.net_amount,
      s.cost_amount,
      s.profit_amount,
      s.currency,
      s.status,
      s.is_sale,
      s.order_source,
      s.ship_country,
      s.ordered_us,
      s.order_date,
      s.order_hour
    FROM ecommerce.fact_transaction_states AS s
    CROSS JOIN ecommerce_ref.run AS r
    LEFT JOIN ecommerce.dim_products AS p
      ON p.product_key = s.product_key
    WHERE
      s.order_date < r.as_of
      AND s.valid_from_us < r.as_of_us
      AND (
        s.valid_to_us IS NULL OR s.valid_to_us >= r.as_of_us
      )
) AS m;

-- marts.known_sessions, whole: a session as known on as_of.
INSERT OVERWRITE TABLE ecommerce.known_sessions
SELECT
    CAST(m.as_of AS DATE) AS as_of,
    CAST(m.session_key AS STRING) AS session_key,
    CAST(m.session_date AS DATE) AS session_date,
    CAST(m.visitor_id AS STRING) AS visitor_id,
    CAST(m.user_id AS STRING) AS user_id,
    CAST(m.ended_at AS TIMESTAMP) AS ended_at,
    CAST(m.ended_us AS BIGINT) AS ended_us,
    CAST(m.channel AS STRING) AS channel,
    CAST(m.device_type AS STRING) AS device_type,
    CAST(m.event_count AS BIGINT) AS event_count,
    CAST(m.view_count AS BIGINT) AS view_count,
    CAST(m.cart_count AS BIGINT) AS cart_count,
    CAST(m.checkout_count AS BIGINT) AS checkout_count,
    CAST(m.purchase_count AS BIGINT) AS purchase_count,
    CAST(m.is_suspected_bot AS BOOLEAN) AS is_suspected_bot
FROM (
    WITH running AS (
      SELECT
        s.session_key,
        r.as_of_us
      FROM ecommerce.fact_sessions AS s
      CROSS JOIN ecommerce_ref.run AS r
      WHERE
        s.started_us < r.as_of_us AND s.ended_us >= r.as_of_us
    ), begun AS (
      SELECT
        f.session_key,
        CASE WHEN MIN(f.user_id) = MAX(f.user_id) THEN MIN(f.user_id) END AS user_id,
        MAX(f.event_ts) AS ended_at,
        MAX(f.event_us) AS ended_us,
        COUNT(*) AS event_count,
        SUM(CASE WHEN f.event_type = 'view' THEN 1 ELSE 0 END) AS view_count,
        SUM(CASE WHEN f.event_type = 'add_to_cart' THEN 1 ELSE 0 END) AS cart_count,
        SUM(CASE WHEN f.event_type = 'begin_checkout' THEN 1 ELSE 0 END) AS checkout_count,
        SUM(CASE WHEN f.event_type = 'purchase' THEN 1 ELSE 0 END) AS purchase_count
      FROM ecommerce.fact_clickstream AS f
      INNER JOIN running AS g
        ON g.session_key = f.session_key
      WHERE
        f.event_us < g.as_of_us
      GROUP BY
        f.session_key
    )
    SELECT
      r.as_of,
      s.session_key,
      s.session_date,
      s.visitor_id,
      CASE WHEN b.session_key IS NULL THEN s.user_id ELSE b.user_id END AS user_id,
      COALESCE(b.ended_at, s.ended_at) AS ended_at,
      COALESCE(b.ended_us, s.ended_us) AS ended_us,
      s.channel,
      s.device_type,
      COALESCE(b.event_count, s.event_count) AS event_count,
      COALESCE(b.view_count, s.view_count) AS view_count,
      COALESCE(b.cart_count, s.cart_count) AS cart_count,
      COALESCE(b.checkout_count, s.checkout_count) AS checkout_count,
      COALESCE(b.purchase_count, s.purchase_count) AS purchase_count,
      s.is_suspected_bot
    FROM ecommerce.fact_sessions AS s
    CROSS JOIN ecommerce_ref.run AS r
    LEFT JOIN begun AS b
      ON b.session_key = s.session_key
    WHERE
      s.started_us < r.as_of_us
) AS m;

-- marts.agg_daily_sales, whole: a day x currency.
INSERT OVERWRITE TABLE ecommerce.agg_daily_sales
SELECT
    CAST(m.as_of AS DATE) AS as_of,
    CAST(m.order_date AS DATE) AS order_date,
    CAST(m.currency AS STRING) AS currency,
    CAST(m.order_count AS BIGINT) AS order_count,
    CAST(m.unit_count AS BIGINT) AS unit_count,
    CAST(m.gross_amount AS DECIMAL(18,4)) AS gross_amount,
    CAST(m.discount_amount AS DECIMAL(18,4)) AS discount_amount,
    CAST(m.net_amount AS DECIMAL(18,4)) AS net_amount,
    CAST(m.tax_amount AS DECIMAL(18,4)) AS tax_amount,
    CAST(m.shipping_amount AS DECIMAL(18,4)) AS shipping_amount,
    CAST(m.fee_amount AS DECIMAL(18,4)) AS fee_amount,
    CAST(m.adjustment_amount AS DECIMAL(18,4)) AS adjustment_amount,
    CAST(m.refund_count AS BIGINT) AS refund_count,
    CAST(m.refund_amount AS DECIMAL(18,4)) AS refund_amount,
    CAST(m.cancelled_order_count AS BIGINT) AS cancelled_order_count,
    CAST(m.cancelled_amount AS DECIMAL(18,4)) AS cancelled_amount
FROM (
    WITH sales AS (
      SELECT
        l.order_date,
        l.currency,
        COUNT(DISTINCT CASE WHEN l.is_sale THEN l.transaction_id END) AS order_count,
        SUM(CASE WHEN l.is_sale AND l.line_type = 'product' THEN l.quantity ELSE 0 END) AS unit_count,
        SUM(CASE WHEN l.is_sale THEN l.gross_amount ELSE 0 END) AS gross_amount,
        SUM(
          CASE
            WHEN NOT l.is_sale
            THEN 0
            WHEN l.line_type = 'discount'
            THEN l.discount_amount - l.line_amount
            ELSE l.discount_amount
          END
        ) AS discount_amount,
        SUM(CASE WHEN l.is_sale THEN l.tax_amount ELSE 0 END) AS tax_amount,
        SUM(
          CASE
            WHEN NOT l.is_sale
            THEN 0
            WHEN l.line_type = 'shipping'
            THEN l.shipping_amount + l.line_amount
            ELSE l.shipping_amount
          END
        ) AS shipping_amount,
        SUM(CASE WHEN l.is_sale AND l.line_type = 'fee' THEN l.line_amount ELSE 0 END) AS fee_amount,
        SUM(CASE WHEN l.is_sale AND l.line_type = 'adjustment' THEN l.line_amount ELSE 0 END) AS adjustment_amount,
        COUNT(DISTINCT CASE WHEN l.status = 'cancelled' THEN l.transaction_id END) AS cancelled_order_count,
        SUM(CASE WHEN l.status = 'cancelled' THEN l.gross_amount ELSE 0 END) AS cancelled_amount
      FROM ecommerce.order_lines AS l
      WHERE
        l.line_type <> 'stock_adjustment'
      GROUP BY
        l.order_date,
        l.currency
    ), refunds AS (
      SELECT
        f.refund_date,
        f.currency,
        COUNT(DISTINCT f.refund_id) AS refund_count,
        SUM(f.amount) AS refund_amount
      FROM ecommerce.fact_refund_states AS f
      CROSS JOIN ecommerce_ref.run AS r
      WHERE
        f.refund_date < r.as_of
        AND f.valid_from_us < r.as_of_us
        AND (
          f.valid_to_us IS NULL OR f.valid_to_us >= r.as_of_us
        )
      GROUP BY
        f.refund_date,
        f.currency
    ), days AS (
      SELECT
        s.order_date,
        s.currency
      FROM sales AS s
      UNION
      SELECT
        f.refund_date,
        f.currency
      FROM refunds AS f
    )
    SELECT
      r.as_of,
      d.order_date,
      d.currency,
      COALESCE(s.order_count, 0) AS order_count,
      COALESCE(s.unit_count, 0) AS unit_count,
      COALESCE(s.gross_amount, 0) AS gross_amount,
      COALESCE(s.discount_amount, 0) AS discount_amount,
      COALESCE(s.gross_amount, 0) - COALESCE(s.discount_amount, 0) AS net_amount,
      COALESCE(s.tax_amount, 0) AS tax_amount,
      COALESCE(s.shipping_amount, 0) AS shipping_amount,
      COALESCE(s.fee_amount, 0) AS fee_amount,
      COALESCE(s.adjustment_amount, 0) AS adjustment_amount,
      COALESCE(f.refund_count, 0) AS refund_count,
      COALESCE(f.refund_amount, 0) AS refund_amount,
      COALESCE(s.cancelled_order_count, 0) AS cancelled_order_count,
      COALESCE(s.cancelled_amount, 0) AS cancelled_amount
    FROM days AS d
    CROSS JOIN ecommerce_ref.run AS r
    LEFT JOIN sales AS s
      ON s.order_date = d.order_date AND s.currency = d.currency
    LEFT JOIN refunds AS f
      ON f.refund_date = d.order_date AND f.currency = d.currency
) AS m;

-- marts.agg_user_metrics, whole: a user x currency.
INSERT OVERWRITE TABLE ecommerce.agg_user_metrics
SELECT
    CAST(m.as_of AS DATE) AS as_of,
    CAST(m.user_id AS STRING) AS user_id,
    CAST(m.currency AS STRING) AS currency,
    CAST(m.first_order_date AS DATE) AS first_order_date,
    CAST(m.last_order_date AS DATE) AS last_order_date,
    CAST(m.recency_days AS BIGINT) AS recency_days,
    CAST(m.order_count AS BIGINT) AS order_count,
    CAST(m.unit_count AS BIGINT) AS unit_count,
    CAST(m.gross_amount AS DECIMAL(18,4)) AS gross_amount,
    CAST(m.discount_amount AS DECIMAL(18,4)) AS discount_amount,
    CAST(m.net_amount AS DECIMAL(18,4)) AS net_amount,
    CAST(m.refund_amount AS DECIMAL(18,4)) AS refund_amount,
    CAST(m.average_order_amount AS DECIMAL(18,4)) AS average_order_amount,
    CAST(m.lifetime_value_computed AS DECIMAL(18,4)) AS lifetime_value_computed
FROM (
    WITH sales AS (
      SELECT
        l.user_id,
        l.currency,
        MIN(l.order_date) AS first_order_date,
        MAX(l.order_date) AS last_order_date,
        COUNT(DISTINCT l.transaction_id) AS order_count,
        SUM(CASE WHEN l.line_type = 'product' THEN l.quantity ELSE 0 END) AS unit_count,
        CAST(SUM(l.gross_amount) AS DECIMAL(18, 4)) AS gross_amount,
        CAST(SUM(
          CASE
            WHEN l.line_type = 'discount'
            THEN l.discount_amount - l.line_amount
            ELSE l.discount_amount
          END
        ) AS DECIMAL(18, 4)) AS discount_amount,
        CAST(SUM(CASE WHEN l.line_type = 'discount' THEN l.line_amount ELSE 0 END + l.net_amount) AS DECIMAL(18, 4)) AS net_amount
      FROM ecommerce.order_lines AS l
      WHERE
        l.is_sale AND NOT l.user_id IS NULL AND l.line_type <> 'stock_adjustment'
      GROUP BY
        l.user_id,
        l.currency
    ), refunds AS (
      SELECT
        f.user_id,
        f.currency,
        CAST(SUM(f.amount) AS DECIMAL(18, 4)) AS refund_amount
      FROM ecommerce.fact_refund_states AS f
      CROSS JOIN ecommerce_ref.run AS r
      WHERE
        f.refund_date < r.as_of
        AND f.valid_from_us < r.as_of_us
        AND (
          f.valid_to_us IS NULL OR f.valid_to_us >= r.as_of_us
        )
        AND NOT f.user_id IS NULL
      GROUP BY
        f.user_id,
        f.currency
    )
    SELECT
      r.as_of,
      s.user_id,
      s.currency,
      s.first_order_date,
      s.last_order_date,
      DATEDIFF(r.as_of, s.last_order_date) AS recency_days,
      s.order_count,
      s.unit_count,
      s.gross_amount,
      s.discount_amount,
      s.net_amount,
      COALESCE(f.refund_amount, 0) AS refund_amount,
      CAST(CASE WHEN (s.net_amount < 0) = (s.order_count < 0) THEN CAST(1 AS DECIMAL(1, 0)) ELSE CAST(-1 AS DECIMAL(1, 0)) END * CAST((CAST(ABS(CAST(CAST(s.net_amount AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(20000 AS DECIMAL(5, 0)) + ABS(CAST(CAST(s.order_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) - CAST(ABS(CAST(CAST(s.net_amount AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(20000 AS DECIMAL(5, 0)) + ABS(CAST(CAST(s.order_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) % NULLIF(CAST(ABS(CAST(CAST(s.order_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0)) / NULLIF(CAST(ABS(CAST(CAST(s.order_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0) AS DECIMAL(24, 0)) * CAST('0.0001' AS DECIMAL(5, 4)) AS DECIMAL(18, 4)) AS average_order_amount,
      s.net_amount - COALESCE(f.refund_amount, 0) AS lifetime_value_computed
    FROM sales AS s
    CROSS JOIN ecommerce_ref.run AS r
    LEFT JOIN refunds AS f
      ON f.user_id = s.user_id AND f.currency = s.currency
) AS m;

-- marts.customer_rfm, whole: a user x currency with a sale.
INSERT OVERWRITE TABLE ecommerce.customer_rfm
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
) AS m;

-- marts.interactions, whole: a user x product.
INSERT OVERWRITE TABLE ecommerce.interactions
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
) AS m;

-- marts.mv_daily_revenue_by_category, anew: a day x category x currency, product lines only.
ALTER MATERIALIZED VIEW ecommerce.mv_daily_revenue_by_category REBUILD;

-- marts.product_leaderboard, whole: a product x currency, over the 30 days before as_of.
INSERT OVERWRITE TABLE ecommerce.product_leaderboard
SELECT
    CAST(m.as_of AS DATE) AS as_of,
    CAST(m.period_days AS BIGINT) AS period_days,
    CAST(m.product_id AS STRING) AS product_id,
    CAST(m.currency AS STRING) AS currency,
    CAST(m.revenue_rank AS BIGINT) AS revenue_rank,
    CAST(m.name AS STRING) AS name,
    CAST(m.category AS STRING) AS category,
    CAST(m.order_count AS BIGINT) AS order_count,
    CAST(m.unit_count AS BIGINT) AS unit_count,
    CAST(m.gross_amount AS DECIMAL(18,4)) AS gross_amount,
    CAST(m.net_amount AS DECIMAL(18,4)) AS net_amount,
    CAST(m.profit_amount AS DECIMAL(18,4)) AS profit_amount,
    CAST(m.view_count AS BIGINT) AS view_count,
    CAST(m.cart_count AS BIGINT) AS cart_count,
    CAST(m.click_purchase_count AS BIGINT) AS click_purchase_count,
    CAST(m.view_to_purchase_ratio AS DECIMAL(18,6)) AS view_to_purchase_ratio
FROM (
    WITH sales AS (
      SELECT
        l.product_id,
        l.currency,
        COUNT(DISTINCT l.transaction_id) AS order_count,
        SUM(l.quantity) AS unit_count,
        CAST(SUM(l.gross_amount) AS DECIMAL(18, 4)) AS gross_amount,
        CAST(SUM(l.net_amount) AS DECIMAL(18, 4)) AS net_amount,
        CAST(SUM(l.profit_amount) AS DECIMAL(18, 4)) AS profit_amount
      FROM ecommerce.order_lines AS l
      WHERE
        l.is_sale
        AND l.line_type = 'product'
        AND NOT l.product_id IS NULL
        AND DATEDIFF(l.as_of, l.order_date) <= 30
      GROUP BY
        l.product_id,
        l.currency
    ), clicks AS (
      SELECT
        f.product_id,
        SUM(CASE WHEN f.event_type = 'view' THEN 1 ELSE 0 END) AS view_count,
        SUM(CASE WHEN f.event_type = 'add_to_cart' THEN 1 ELSE 0 END) AS cart_count,
        SUM(CASE WHEN f.event_type = 'purchase' THEN 1 ELSE 0 END) AS click_purchase_count
      FROM ecommerce.fact_clickstream AS f
      CROSS JOIN ecommerce_ref.run AS r
      INNER JOIN ecommerce.fact_sessions AS s
        ON s.session_key = f.session_key
      WHERE
        f.event_date < r.as_of
        AND DATEDIFF(r.as_of, f.event_date) <= 30
        AND NOT s.is_suspected_bot
      GROUP BY
        f.product_id
    )
    SELECT
      r.as_of,
      30 AS period_days,
      s.product_id,
      s.currency,
      ROW_NUMBER() OVER (
        PARTITION BY s.currency
        ORDER BY s.net_amount DESC NULLS LAST, s.product_id NULLS FIRST
      ) AS revenue_rank,
      p.name,
      p.category,
      s.order_count,
      s.unit_count,
      s.gross_amount,
      s.net_amount,
      s.profit_amount,
      COALESCE(c.view_count, 0) AS view_count,
      COALESCE(c.cart_count, 0) AS cart_count,
      COALESCE(c.click_purchase_count, 0) AS click_purchase_count,
      CAST(CASE WHEN (c.click_purchase_count < 0) = (c.view_count < 0) THEN CAST(1 AS DECIMAL(1, 0)) ELSE CAST(-1 AS DECIMAL(1, 0)) END * CAST((CAST(ABS(CAST(CAST(c.click_purchase_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(c.view_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) - CAST(ABS(CAST(CAST(c.click_purchase_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(c.view_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) % NULLIF(CAST(ABS(CAST(CAST(c.view_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0)) / NULLIF(CAST(ABS(CAST(CAST(c.view_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0) AS DECIMAL(24, 0)) * CAST('0.000001' AS DECIMAL(7, 6)) AS DECIMAL(18, 6)) AS view_to_purchase_ratio
    FROM sales AS s
    CROSS JOIN ecommerce_ref.run AS r
    LEFT JOIN clicks AS c
      ON c.product_id = s.product_id
    LEFT JOIN ecommerce.dim_products AS p
      ON p.product_id = s.product_id
      AND ((CAST(DATEDIFF(p.valid_from, '1970-01-01') AS BIGINT) * 86400 + HOUR(p.valid_from) * 3600 + MINUTE(p.valid_from) * 60 + SECOND(p.valid_from)) * 1000000 + CAST(RPAD(SUBSTR(CAST(p.valid_from AS STRING), 21, 6), 6, '0') AS BIGINT)) < r.as_of_us
      AND (
        p.valid_to IS NULL
        OR ((CAST(DATEDIFF(p.valid_to, '1970-01-01') AS BIGINT) * 86400 + HOUR(p.valid_to) * 3600 + MINUTE(p.valid_to) * 60 + SECOND(p.valid_to)) * 1000000 + CAST(RPAD(SUBSTR(CAST(p.valid_to AS STRING), 21, 6), 6, '0') AS BIGINT)) >= r.as_of_us
      )
) AS m;

-- marts.revenue_hourly, whole: an hour of a day x currency.
INSERT OVERWRITE TABLE ecommerce.revenue_hourly
SELECT
    CAST(m.as_of AS DATE) AS as_of,
    CAST(m.order_date AS DATE) AS order_date,
    CAST(m.order_hour AS BIGINT) AS order_hour,
    CAST(m.currency AS STRING) AS currency,
    CAST(m.order_count AS BIGINT) AS order_count,
    CAST(m.unit_count AS BIGINT) AS unit_count,
    CAST(m.gross_amount AS DECIMAL(18,4)) AS gross_amount,
    CAST(m.net_amount AS DECIMAL(18,4)) AS net_amount
FROM (
    SELECT
      MAX(l.as_of) AS as_of,
      l.order_date,
      l.order_hour,
      l.currency,
      COUNT(DISTINCT l.transaction_id) AS order_count,
      SUM(CASE WHEN l.line_type = 'product' THEN l.quantity ELSE 0 END) AS unit_count,
      SUM(l.gross_amount) AS gross_amount,
      SUM(CASE WHEN l.line_type = 'discount' THEN l.line_amount ELSE 0 END + l.net_amount) AS net_amount
    FROM ecommerce.order_lines AS l
    WHERE
      l.is_sale AND l.line_type <> 'stock_adjustment'
    GROUP BY
      l.order_date,
      l.order_hour,
      l.currency
) AS m;

-- marts.abandoned_carts, whole: a session that left something in the cart x currency.
INSERT OVERWRITE TABLE ecommerce.abandoned_carts
SELECT
    CAST(m.as_of AS DATE) AS as_of,
    CAST(m.session_key AS STRING) AS session_key,
    CAST(m.currency AS STRING) AS currency,
    CAST(m.visitor_id AS STRING) AS visitor_id,
    CAST(m.user_id AS STRING) AS user_id,
    CAST(m.cart_date AS DATE) AS cart_date,
    CAST(m.ended_at AS TIMESTAMP) AS ended_at,
    CAST(m.device_type AS STRING) AS device_type,
    CAST(m.left_product_count AS BIGINT) AS left_product_count,
    CAST(m.left_unit_count AS BIGINT) AS left_unit_count,
    CAST(m.left_amount AS DECIMAL(18,4)) AS left_amount,
    CAST(m.recovered_amount AS DECIMAL(18,4)) AS recovered_amount,
    CAST(m.is_recovered AS BOOLEAN) AS is_recovered
FROM (
    WITH clicks AS (
      SELECT
        f.session_key,
        f.visitor_id,
        COALESCE(f.user_id, v.user_id) AS user_id,
        f.product_id,
        f.currency,
        f.event_type,
        f.event_us,
        COALESCE(f.quantity, 1) AS quantity,
        f.unit_price
      FROM ecommerce.fact_clickstream AS f
      CROSS JOIN ecommerce_ref.run AS r
      LEFT JOIN ecommerce.visitor_users AS v
        ON v.visitor_id = f.visitor_id
      WHERE
        f.event_date < r.as_of
        AND NOT f.product_id IS NULL
        AND f.event_type IN ('add_to_cart', 'remove_from_cart', 'purchase')
    ), carts AS (
      SELECT
        c.session_key,
        c.visitor_id,
        c.product_id,
        c.currency,
        SUM(
          CASE c.event_type
            WHEN 'add_to_cart'
            THEN c.quantity
            WHEN 'remove_from_cart'
            THEN -c.quantity
            ELSE 0
          END
        ) AS left_units,
        MAX(MAX(CASE WHEN c.event_type = 'purchase' THEN 1 ELSE 0 END)) OVER (PARTITION BY c.session_key, c.product_id) AS was_bought,
        MAX(CASE WHEN c.event_type <> 'purchase' THEN c.unit_price END) AS unit_price
      FROM clicks AS c
      GROUP BY
        c.session_key,
        c.visitor_id,
        c.product_id,
        c.currency
    ), leftovers AS (
      SELECT
        c.session_key,
        c.visitor_id,
        COALESCE(s.user_id, v.user_id) AS user_id,
        c.product_id,
        c.currency,
        c.left_units,
        CAST(CAST(c.left_units AS DECIMAL(19, 0)) * COALESCE(c.unit_price, 0) AS DECIMAL(38, 4)) AS left_amount,
        s.session_date,
        s.ended_at,
        s.ended_us,
        s.device_type
      FROM carts AS c
      INNER JOIN ecommerce.known_sessions AS s
        ON s.session_key = c.session_key
      LEFT JOIN ecommerce.visitor_users AS v
        ON v.visitor_id = c.visitor_id
      WHERE
        c.left_units > 0 AND c.was_bought = 0 AND NOT s.is_suspected_bot
    ), recovered AS (
      SELECT
        l.session_key,
        l.product_id,
        l.currency
      FROM leftovers AS l
      INNER JOIN clicks AS c
        ON c.visitor_id = l.visitor_id AND c.product_id = l.product_id
      WHERE
        c.event_type = 'purchase'
        AND c.event_us > l.ended_us
        AND c.event_us - l.ended_us <= 604800000000
      UNION
      SELECT
        l.session_key,
        l.product_id,
        l.currency
      FROM leftovers AS l
      INNER JOIN clicks AS c
        ON c.user_id = l.user_id AND c.product_id = l.product_id
      WHERE
        c.event_type = 'purchase'
        AND c.event_us > l.ended_us
        AND c.event_us - l.ended_us <= 604800000000
    )
    SELECT
      MAX(r.as_of) AS as_of,
      l.session_key,
      COALESCE(l.currency, 'unknown') AS currency,
      MAX(l.visitor_id) AS visitor_id,
      MAX(l.user_id) AS user_id,
      MAX(l.session_date) AS cart_date,
      MAX(l.ended_at) AS ended_at,
      MAX(l.device_type) AS device_type,
      COUNT(*) AS left_product_count,
      SUM(l.left_units) AS left_unit_count,
      CASE WHEN SUM(l.left_amount) < 100000000000000 THEN SUM(l.left_amount) END AS left_amount,
      CASE
        WHEN SUM(l.left_amount) < 100000000000000
        THEN SUM(CASE WHEN NOT w.session_key IS NULL THEN l.left_amount ELSE 0 END)
      END AS recovered_amount,
      MAX(CASE WHEN NOT w.session_key IS NULL THEN 1 ELSE 0 END) = 1 AS is_recovered
    FROM leftovers AS l
    CROSS JOIN ecommerce_ref.run AS r
    LEFT JOIN recovered AS w
      ON w.session_key = l.session_key
      AND w.product_id = l.product_id
      AND w.currency IS NOT DISTINCT FROM l.currency
    GROUP BY
      l.session_key,
      COALESCE(l.currency, 'unknown')
) AS m;

-- marts.conversion_funnel, whole: a day x channel x device type.
INSERT OVERWRITE TABLE ecommerce.conversion_funnel
SELECT
    CAST(m.as_of AS DATE) AS as_of,
    CAST(m.session_date AS DATE) AS session_date,
    CAST(m.channel AS STRING) AS channel,
    CAST(m.device_type AS STRING) AS device_type,
    CAST(m.session_count AS BIGINT) AS session_count,
    CAST(m.viewed_count AS BIGINT) AS viewed_count,
    CAST(m.carted_count AS BIGINT) AS carted_count,
    CAST(m.checked_out_count AS BIGINT) AS checked_out_count,
    CAST(m.purchased_count AS BIGINT) AS purchased_count,
    CAST(m.buy_now_count AS BIGINT) AS buy_now_count,
    CAST(m.conversion_ratio AS DECIMAL(18,6)) AS conversion_ratio
FROM (
    WITH sessions AS (
      SELECT
        s.as_of,
        s.session_date,
        s.channel,
        COALESCE(s.device_type, 'unknown') AS device_type,
        CASE WHEN s.view_count > 0 THEN 1 ELSE 0 END AS viewed,
        CASE
          WHEN s.cart_count > 0 OR s.checkout_count > 0 OR s.purchase_count > 0
          THEN 1
          ELSE 0
        END AS carted,
        CASE WHEN s.checkout_count > 0 OR s.purchase_count > 0 THEN 1 ELSE 0 END AS checked_out,
        CASE WHEN s.purchase_count > 0 THEN 1 ELSE 0 END AS purchased,
        CASE WHEN s.purchase_count > 0 AND s.cart_count = 0 THEN 1 ELSE 0 END AS bought_now
      FROM ecommerce.known_sessions AS s
      WHERE
        NOT s.is_suspected_bot
    )
    SELECT
      MAX(s.as_of) AS as_of,
      s.session_date,
      s.channel,
      s.device_type,
      COUNT(*) AS session_count,
      SUM(s.viewed) AS viewed_count,
      SUM(s.carted) AS carted_count,
      SUM(s.checked_out) AS checked_out_count,
      SUM(s.purchased) AS purchased_count,
      SUM(s.bought_now) AS buy_now_count,
      CAST(CASE WHEN (SUM(s.purchased) < 0) = (COUNT(*) < 0) THEN CAST(1 AS DECIMAL(1, 0)) ELSE CAST(-1 AS DECIMAL(1, 0)) END * CAST((CAST(ABS(CAST(CAST(SUM(s.purchased) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(COUNT(*) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) - CAST(ABS(CAST(CAST(SUM(s.purchased) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(COUNT(*) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) % NULLIF(CAST(ABS(CAST(CAST(COUNT(*) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0)) / NULLIF(CAST(ABS(CAST(CAST(COUNT(*) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0) AS DECIMAL(24, 0)) * CAST('0.000001' AS DECIMAL(7, 6)) AS DECIMAL(18, 6)) AS conversion_ratio
    FROM sessions AS s
    GROUP BY
      s.session_date,
      s.channel,
      s.device_type
) AS m;

-- marts.churn_features, whole: a user with a sale before as_of.
INSERT OVERWRITE TABLE ecommerce.churn_features
SELECT
    CAST(m.as_of AS DATE) AS as_of,
    CAST(m.user_id AS STRING) AS user_id,
    CAST(m.currency AS STRING) AS currency,
    CAST(m.recency_days AS BIGINT) AS recency_days,
    CAST(m.order_count AS BIGINT) AS order_count,
    CAST(m.net_amount AS DECIMAL(18,4)) AS net_amount,
    CAST(m.tenure_days AS BIGINT) AS tenure_days,
    CAST(m.mean_gap_days AS DECIMAL(18,6)) AS mean_gap_days,
    CAST(m.gap_trend AS DECIMAL(18,6)) AS gap_trend,
    CAST(m.average_order_amount AS DECIMAL(18,4)) AS average_order_amount,
    CAST(m.units_per_order AS DECIMAL(18,6)) AS units_per_order,
    CAST(m.category_count AS BIGINT) AS category_count,
    CAST(m.discount_share AS DECIMAL(18,6)) AS discount_share,
    CAST(m.refund_share AS DECIMAL(18,6)) AS refund_share,
    CAST(m.session_count AS BIGINT) AS session_count,
    CAST(m.active_days AS BIGINT) AS active_days,
    CAST(m.views_per_session AS DECIMAL(18,6)) AS views_per_session,
    CAST(m.cart_count AS BIGINT) AS cart_count,
    CAST(m.abandoned_cart_share AS DECIMAL(18,6)) AS abandoned_cart_share,
    CAST(m.mobile_share AS DECIMAL(18,6)) AS mobile_share,
    CAST(m.weekend_or_night_share AS DECIMAL(18,6)) AS weekend_or_night_share
FROM (
    WITH homes AS (
      SELECT
        m.*,
        ROW_NUMBER() OVER (
          PARTITION BY m.user_id
          ORDER BY m.order_count DESC NULLS LAST, m.currency NULLS FIRST
        ) AS home_number
      FROM ecommerce.agg_user_metrics AS m
    ), orders AS (
      SELECT
        l.user_id,
        l.transaction_id,
        MAX(
          CASE WHEN l.order_hour >= 22 OR l.order_hour < 6 OR d.is_weekend THEN 1 ELSE 0 END
        ) AS at_weekend_or_night
      FROM ecommerce.order_lines AS l
      INNER JOIN ecommerce.dim_date AS d
        ON d.calendar_date = l.order_date
      WHERE
        l.is_sale AND NOT l.user_id IS NULL AND l.line_type <> 'stock_adjustment'
      GROUP BY
        l.user_id,
        l.transaction_id
    ), days AS (
      SELECT
        o.user_id,
        o.order_date,
        LAG(o.order_date) OVER (PARTITION BY o.user_id ORDER BY o.order_date NULLS FIRST) AS previous_date,
        ROW_NUMBER() OVER (PARTITION BY o.user_id ORDER BY o.order_date DESC NULLS LAST) AS newest
      FROM (
        SELECT DISTINCT
          l.user_id,
          l.order_date
        FROM ecommerce.order_lines AS l
        WHERE
          l.is_sale AND NOT l.user_id IS NULL AND l.line_type <> 'stock_adjustment'
      ) AS o
    ), rhythm AS (
      SELECT
        d.user_id,
        MIN(d.order_date) AS first_date,
        MAX(d.order_date) AS last_date,
        COUNT(*) AS day_count,
        MAX(CASE WHEN d.newest = 1 THEN DATEDIFF(d.order_date, d.previous_date) END) AS last_gap
      FROM days AS d
      GROUP BY
        d.user_id
    ), habits AS (
      SELECT
        o.user_id,
        COUNT(*) AS order_count,
        SUM(o.at_weekend_or_night) AS weekend_or_night_count
      FROM orders AS o
      GROUP BY
        o.user_id
    ), bought AS (
      SELECT
        l.user_id,
        COUNT(DISTINCT l.category) AS category_count,
        SUM(l.quantity) AS unit_count
      FROM ecommerce.order_lines AS l
      WHERE
        l.is_sale AND NOT l.user_id IS NULL AND l.line_type = 'product'
      GROUP BY
        l.user_id
    ), sessions AS (
      SELECT
        COALESCE(s.user_id, v.user_id) AS user_id,
        CASE WHEN DATEDIFF(s.as_of, s.session_date) <= 60 THEN 1 ELSE 0 END AS is_recent,
        s.session_date,
        s.view_count,
        s.cart_count,
        CASE WHEN s.cart_count > 0 THEN 1 ELSE 0 END AS carted,
        CASE WHEN s.cart_count > 0 AND s.purchase_count = 0 THEN 1 ELSE 0 END AS abandoned,
        CASE WHEN s.device_type = 'mobile' THEN 1 ELSE 0 END AS on_mobile
      FROM ecommerce.known_sessions AS s
      LEFT JOIN ecommerce.visitor_users AS v
        ON v.visitor_id = s.visitor_id
      WHERE
        NOT s.is_suspected_bot
    ), clicks AS (
      SELECT
        s.user_id,
        SUM(s.is_recent) AS session_count,
        COUNT(DISTINCT CASE WHEN s.is_recent = 1 THEN s.session_date END) AS active_days,
        SUM(s.is_recent * s.view_count) AS view_count,
        SUM(s.is_recent * s.cart_count) AS cart_count,
        SUM(s.is_recent * s.carted) AS carted_count,
        SUM(s.is_recent * s.abandoned) AS abandoned_count,
        SUM(s.is_recent * s.on_mobile) AS mobile_count
      FROM sessions AS s
      WHERE
        NOT s.user_id IS NULL
      GROUP BY
        s.user_id
    )
    SELECT
      h.as_of,
      h.user_id,
      h.currency,
      DATEDIFF(h.as_of, y.last_date) AS recency_days,
      b.order_count,
      h.net_amount,
      DATEDIFF(h.as_of, y.first_date) AS tenure_days,
      CAST(CASE WHEN (DATEDIFF(y.last_date, y.first_date) < 0) = (y.day_count - 1 < 0) THEN CAST(1 AS DECIMAL(1, 0)) ELSE CAST(-1 AS DECIMAL(1, 0)) END * CAST((CAST(ABS(CAST(CAST(DATEDIFF(y.last_date, y.first_date) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(y.day_count - 1 AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) - CAST(ABS(CAST(CAST(DATEDIFF(y.last_date, y.first_date) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(y.day_count - 1 AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) % NULLIF(CAST(ABS(CAST(CAST(y.day_count - 1 AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0)) / NULLIF(CAST(ABS(CAST(CAST(y.day_count - 1 AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0) AS DECIMAL(24, 0)) * CAST('0.000001' AS DECIMAL(7, 6)) AS DECIMAL(18, 6)) AS mean_gap_days,
      CAST(CASE WHEN (y.last_gap * (
        y.day_count - 1
      ) < 0) = (DATEDIFF(y.last_date, y.first_date) < 0) THEN CAST(1 AS DECIMAL(1, 0)) ELSE CAST(-1 AS DECIMAL(1, 0)) END * CAST((CAST(ABS(CAST(CAST(y.last_gap * (
        y.day_count - 1
      ) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(DATEDIFF(y.last_date, y.first_date) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) - CAST(ABS(CAST(CAST(y.last_gap * (
        y.day_count - 1
      ) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(DATEDIFF(y.last_date, y.first_date) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) % NULLIF(CAST(ABS(CAST(CAST(DATEDIFF(y.last_date, y.first_date) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0)) / NULLIF(CAST(ABS(CAST(CAST(DATEDIFF(y.last_date, y.first_date) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0) AS DECIMAL(24, 0)) * CAST('0.000001' AS DECIMAL(7, 6)) AS DECIMAL(18, 6)) AS gap_trend,
      h.average_order_amount,
      CAST(CASE WHEN (COALESCE(g.unit_count, 0) < 0) = (b.order_count < 0) THEN CAST(1 AS DECIMAL(1, 0)) ELSE CAST(-1 AS DECIMAL(1, 0)) END * CAST((CAST(ABS(CAST(CAST(COALESCE(g.unit_count, 0) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(b.order_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) - CAST(ABS(CAST(CAST(COALESCE(g.unit_count, 0) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(b.order_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) % NULLIF(CAST(ABS(CAST(CAST(b.order_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0)) / NULLIF(CAST(ABS(CAST(CAST(b.order_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0) AS DECIMAL(24, 0)) * CAST('0.000001' AS DECIMAL(7, 6)) AS DECIMAL(18, 6)) AS units_per_order,
      COALESCE(g.category_count, 0) AS category_count,
      CAST(CASE WHEN (h.discount_amount < 0) = (h.gross_amount < 0) THEN CAST(1 AS DECIMAL(1, 0)) ELSE CAST(-1 AS DECIMAL(1, 0)) END * CAST((CAST(ABS(CAST(CAST(h.discount_amount AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(h.gross_amount AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) - CAST(ABS(CAST(CAST(h.discount_amount AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(h.gross_amount AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) % NULLIF(CAST(ABS(CAST(CAST(h.gross_amount AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0)) / NULLIF(CAST(ABS(CAST(CAST(h.gross_amount AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0) AS DECIMAL(24, 0)) * CAST('0.000001' AS DECIMAL(7, 6)) AS DECIMAL(18, 6)) AS discount_share,
      CAST(CASE WHEN (h.refund_amount < 0) = (h.net_amount < 0) THEN CAST(1 AS DECIMAL(1, 0)) ELSE CAST(-1 AS DECIMAL(1, 0)) END * CAST((CAST(ABS(CAST(CAST(h.refund_amount AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(h.net_amount AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) - CAST(ABS(CAST(CAST(h.refund_amount AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(h.net_amount AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) % NULLIF(CAST(ABS(CAST(CAST(h.net_amount AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0)) / NULLIF(CAST(ABS(CAST(CAST(h.net_amount AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0) AS DECIMAL(24, 0)) * CAST('0.000001' AS DECIMAL(7, 6)) AS DECIMAL(18, 6)) AS refund_share,
      c.session_count,
      c.active_days,
      CAST(CASE WHEN (c.view_count < 0) = (c.session_count < 0) THEN CAST(1 AS DECIMAL(1, 0)) ELSE CAST(-1 AS DECIMAL(1, 0)) END * CAST((CAST(ABS(CAST(CAST(c.view_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(c.session_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) - CAST(ABS(CAST(CAST(c.view_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(c.session_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) % NULLIF(CAST(ABS(CAST(CAST(c.session_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0)) / NULLIF(CAST(ABS(CAST(CAST(c.session_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0) AS DECIMAL(24, 0)) * CAST('0.000001' AS DECIMAL(7, 6)) AS DECIMAL(18, 6)) AS views_per_session,
      c.cart_count,
      CAST(CASE WHEN (c.abandoned_count < 0) = (c.carted_count < 0) THEN CAST(1 AS DECIMAL(1, 0)) ELSE CAST(-1 AS DECIMAL(1, 0)) END * CAST((CAST(ABS(CAST(CAST(c.abandoned_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(c.carted_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) - CAST(ABS(CAST(CAST(c.abandoned_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(c.carted_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) % NULLIF(CAST(ABS(CAST(CAST(c.carted_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0)) / NULLIF(CAST(ABS(CAST(CAST(c.carted_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0) AS DECIMAL(24, 0)) * CAST('0.000001' AS DECIMAL(7, 6)) AS DECIMAL(18, 6)) AS abandoned_cart_share,
      CAST(CASE WHEN (c.mobile_count < 0) = (c.session_count < 0) THEN CAST(1 AS DECIMAL(1, 0)) ELSE CAST(-1 AS DECIMAL(1, 0)) END * CAST((CAST(ABS(CAST(CAST(c.mobile_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(c.session_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) - CAST(ABS(CAST(CAST(c.mobile_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(c.session_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) % NULLIF(CAST(ABS(CAST(CAST(c.session_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0)) / NULLIF(CAST(ABS(CAST(CAST(c.session_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0) AS DECIMAL(24, 0)) * CAST('0.000001' AS DECIMAL(7, 6)) AS DECIMAL(18, 6)) AS mobile_share,
      CAST(CASE WHEN (b.weekend_or_night_count < 0) = (b.order_count < 0) THEN CAST(1 AS DECIMAL(1, 0)) ELSE CAST(-1 AS DECIMAL(1, 0)) END * CAST((CAST(ABS(CAST(CAST(b.weekend_or_night_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(b.order_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) - CAST(ABS(CAST(CAST(b.weekend_or_night_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(b.order_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) % NULLIF(CAST(ABS(CAST(CAST(b.order_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0)) / NULLIF(CAST(ABS(CAST(CAST(b.order_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0) AS DECIMAL(24, 0)) * CAST('0.000001' AS DECIMAL(7, 6)) AS DECIMAL(18, 6)) AS weekend_or_night_share
    FROM homes AS h
    INNER JOIN rhythm AS y
      ON y.user_id = h.user_id
    INNER JOIN habits AS b
      ON b.user_id = h.user_id
    LEFT JOIN bought AS g
      ON g.user_id = h.user_id
    LEFT JOIN clicks AS c
      ON c.user_id = h.user_id
    WHERE
      h.home_number = 1
) AS m;
