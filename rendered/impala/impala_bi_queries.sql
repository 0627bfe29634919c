-- The five dashboards, and the marts they read.
-- Made by `make render`; do not edit. Parsed by two Impala grammars, not executed here.
--
-- impala-shell -d ecommerce --var=as_of=2026-01-01 -f impala_bi_queries.sql
--
-- as_of: the day the marts look back from, exclusive; each mart has it in a column.
-- The queries name no database. -d ecommerce asks the marts that the last build wrote; -d ecommerce_live asks the views of part 2,
-- which compute the same from the facts at the time of asking.
-- Money is DECIMAL, and each currency stands alone. They read:
-- abandoned_carts, agg_daily_sales, conversion_funnel, customer_rfm, product_leaderboard, revenue_hourly.

-- Part 1. The dashboards.

-- 1. Revenue: the last day, hour by hour, and the 30 days before

-- The currencies, the one with most orders first: two are never added.
SELECT
  currency,
  SUM(order_count) AS orders
FROM agg_daily_sales
GROUP BY
  currency
ORDER BY
  orders DESC NULLS LAST,
  currency NULLS FIRST;

-- Two months, so that the last one has a month to be compared with.
SELECT
  currency,
  order_date,
  order_count,
  net_amount,
  refund_count,
  refund_amount,
  cancelled_order_count
FROM agg_daily_sales
WHERE
  order_date >= CAST('${var:as_of}' AS DATE) - INTERVAL 60 DAYS
  AND order_date < CAST('${var:as_of}' AS DATE);

-- The last day, hour by hour.
SELECT
  currency,
  order_hour,
  order_count,
  net_amount
FROM revenue_hourly
WHERE
  order_date = CAST('${var:as_of}' AS DATE) - INTERVAL 1 DAYS;

-- 2. Products: the 30 days before, by net amount

-- All products, for shares.
SELECT
  currency,
  COUNT(*) AS products,
  SUM(unit_count) AS units,
  SUM(net_amount) AS net,
  SUM(profit_amount) AS profit,
  SUM(view_count) AS `views`,
  SUM(click_purchase_count) AS click_purchases
FROM product_leaderboard
GROUP BY
  currency;

-- The best by net amount.
SELECT
  currency,
  revenue_rank,
  product_id,
  name,
  category,
  order_count,
  unit_count,
  net_amount,
  view_count,
  view_to_purchase_ratio
FROM product_leaderboard
WHERE
  revenue_rank <= 10
ORDER BY
  currency NULLS FIRST,
  revenue_rank NULLS FIRST;

-- 3. Customers: by recency, frequency and money

-- Customers and their money by segment; the mean recency is recency_days / customers.
SELECT
  currency,
  rfm_segment,
  COUNT(*) AS customers,
  SUM(order_count) AS orders,
  SUM(monetary_amount) AS amount,
  SUM(recency_days) AS recency_days
FROM customer_rfm
GROUP BY
  currency,
  rfm_segment
ORDER BY
  currency NULLS FIRST,
  amount DESC NULLS LAST,
  rfm_segment NULLS FIRST;

-- 4. Funnel: from session to purchase, 30 days

-- A month of sessions by day, channel and device, to be added up as one likes.
SELECT
  session_date,
  channel,
  device_type,
  session_count,
  viewed_count,
  carted_count,
  checked_out_count,
  purchased_count,
  buy_now_count
FROM conversion_funnel
WHERE
  session_date >= CAST('${var:as_of}' AS DATE) - INTERVAL 30 DAYS
  AND session_date < CAST('${var:as_of}' AS DATE);

-- 5. Abandoned carts: 30 days

-- A month of carts left, by day.
SELECT
  currency,
  cart_date,
  COUNT(*) AS carts,
  SUM(left_unit_count) AS units,
  SUM(left_amount) AS left_amount,
  SUM(recovered_amount) AS recovered_amount,
  SUM(CASE WHEN is_recovered THEN 1 ELSE 0 END) AS recovered_carts
FROM abandoned_carts
WHERE
  cart_date >= CAST('${var:as_of}' AS DATE) - INTERVAL 30 DAYS
  AND cart_date < CAST('${var:as_of}' AS DATE)
GROUP BY
  currency,
  cart_date;

-- The largest of them.
SELECT
  c.currency,
  c.cart_date,
  c.device_type,
  c.left_product_count,
  c.left_unit_count,
  c.left_amount,
  c.is_recovered
FROM (
  SELECT
    a.*,
    ROW_NUMBER() OVER (
      PARTITION BY a.currency
      ORDER BY a.left_amount DESC NULLS LAST, a.session_key NULLS FIRST
    ) AS place
  FROM abandoned_carts AS a
  WHERE
    a.cart_date >= CAST('${var:as_of}' AS DATE) - INTERVAL 30 DAYS
    AND a.cart_date < CAST('${var:as_of}' AS DATE)
) AS c
WHERE
  c.place <= 5
ORDER BY
  c.currency NULLS FIRST,
  c.place NULLS FIRST;

-- Part 2. The marts they read, as views that Impala computes from the facts (database ecommerce_live).
-- For figures between two builds, and to compare with what Hive wrote. A view is no faster than its query: over more than some
-- months of clicks, read the marts.

-- a visitor on which exactly one user was seen before as_of
CREATE VIEW IF NOT EXISTS ecommerce_live.visitor_users AS
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

-- an order line as known on as_of
CREATE VIEW IF NOT EXISTS ecommerce_live.order_lines AS
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

-- a session as known on as_of
CREATE VIEW IF NOT EXISTS ecommerce_live.known_sessions AS
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
    WITH `running` AS (
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
      INNER JOIN `running` AS g
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

-- a day x currency
CREATE VIEW IF NOT EXISTS ecommerce_live.agg_daily_sales AS
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
      FROM ecommerce_live.order_lines AS l
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

-- a user x currency with a sale
CREATE VIEW IF NOT EXISTS ecommerce_live.customer_rfm AS
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
      FROM ecommerce_live.order_lines AS l
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

-- a product x currency, over the 30 days before as_of
CREATE VIEW IF NOT EXISTS ecommerce_live.product_leaderboard AS
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
      FROM ecommerce_live.order_lines AS l
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
      CASE WHEN ((CAST(ABS(CAST(CAST(c.click_purchase_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(c.view_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) - CAST(ABS(CAST(CAST(c.click_purchase_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(c.view_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) % NULLIF(CAST(ABS(CAST(CAST(c.view_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0)) / NULLIF(CAST(ABS(CAST(CAST(c.view_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0)) < 1000000000000000000 THEN CAST(CASE WHEN (c.click_purchase_count < 0) = (c.view_count < 0) THEN CAST(1 AS DECIMAL(1, 0)) ELSE CAST(-1 AS DECIMAL(1, 0)) END * CAST(((CAST(ABS(CAST(CAST(c.click_purchase_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(c.view_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) - CAST(ABS(CAST(CAST(c.click_purchase_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(c.view_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) % NULLIF(CAST(ABS(CAST(CAST(c.view_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0)) / NULLIF(CAST(ABS(CAST(CAST(c.view_count AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0)) AS DECIMAL(18, 0)) * CAST('0.000001' AS DECIMAL(7, 6)) AS DECIMAL(18, 6)) END AS view_to_purchase_ratio
    FROM sales AS s
    CROSS JOIN ecommerce_ref.run AS r
    LEFT JOIN clicks AS c
      ON c.product_id = s.product_id
    LEFT JOIN ecommerce.dim_products AS p
      ON p.product_id = s.product_id
      AND UTC_TO_UNIX_MICROS(p.valid_from) < r.as_of_us
      AND (
        p.valid_to IS NULL OR UTC_TO_UNIX_MICROS(p.valid_to) >= r.as_of_us
      )
) AS m;

-- an hour of a day x currency
CREATE VIEW IF NOT EXISTS ecommerce_live.revenue_hourly AS
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
    FROM ecommerce_live.order_lines AS l
    WHERE
      l.is_sale AND l.line_type <> 'stock_adjustment'
    GROUP BY
      l.order_date,
      l.order_hour,
      l.currency
) AS m;

-- a session that left something in the cart x currency
CREATE VIEW IF NOT EXISTS ecommerce_live.abandoned_carts AS
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
      LEFT JOIN ecommerce_live.visitor_users AS v
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
      INNER JOIN ecommerce_live.known_sessions AS s
        ON s.session_key = c.session_key
      LEFT JOIN ecommerce_live.visitor_users AS v
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

-- a day x channel x device type
CREATE VIEW IF NOT EXISTS ecommerce_live.conversion_funnel AS
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
      FROM ecommerce_live.known_sessions AS s
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
      CASE WHEN ((CAST(ABS(CAST(CAST(SUM(s.purchased) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(COUNT(*) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) - CAST(ABS(CAST(CAST(SUM(s.purchased) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(COUNT(*) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) % NULLIF(CAST(ABS(CAST(CAST(COUNT(*) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0)) / NULLIF(CAST(ABS(CAST(CAST(COUNT(*) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0)) < 1000000000000000000 THEN CAST(CASE WHEN (SUM(s.purchased) < 0) = (COUNT(*) < 0) THEN CAST(1 AS DECIMAL(1, 0)) ELSE CAST(-1 AS DECIMAL(1, 0)) END * CAST(((CAST(ABS(CAST(CAST(SUM(s.purchased) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(COUNT(*) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) - CAST(ABS(CAST(CAST(SUM(s.purchased) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2000000 AS DECIMAL(7, 0)) + ABS(CAST(CAST(COUNT(*) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) AS DECIMAL(38, 0)) % NULLIF(CAST(ABS(CAST(CAST(COUNT(*) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0)) / NULLIF(CAST(ABS(CAST(CAST(COUNT(*) AS DECIMAL(24, 4)) * CAST(10000 AS DECIMAL(5, 0)) AS DECIMAL(24, 0))) * CAST(2 AS DECIMAL(1, 0)) AS DECIMAL(25, 0)), 0)) AS DECIMAL(18, 0)) * CAST('0.000001' AS DECIMAL(7, 6)) AS DECIMAL(18, 6)) END AS conversion_ratio
    FROM sessions AS s
    GROUP BY
      s.session_date,
      s.channel,
      s.device_type
) AS m;
