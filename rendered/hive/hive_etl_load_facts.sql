-- Facts, from clean and the dimensions, a day a partition.
-- Made by `make render` from contracts/ and warehouse/: change those, not this.
--
-- beeline -u ... --hivevar from=2026-01-01 --hivevar to=2026-01-31 -f hive_etl_load_facts.sql
-- from, to: the days to write, both included; all of them the first time. Days outside stay as they are, file by file.
-- What came late may touch more days than its own: a session runs over midnight, a change of a user's or product's
-- history reaches every later day. Begin a day early, or at the change, or load all days: that is always right.
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

-- clean.clickstream: the days that lie in the lake now; those that went are forgotten.
MSCK REPAIR TABLE ecommerce_clean.clickstream SYNC PARTITIONS;

-- clean.refunds: the days that lie in the lake now; those that went are forgotten.
MSCK REPAIR TABLE ecommerce_clean.refunds SYNC PARTITIONS;

-- clean.transactions: the days that lie in the lake now; those that went are forgotten.
MSCK REPAIR TABLE ecommerce_clean.transactions SYNC PARTITIONS;

-- core.fact_clickstream: a day that has no rows any more must not keep its old ones.
ALTER TABLE ecommerce.fact_clickstream DROP IF EXISTS PARTITION (event_date >= '${hivevar:from}', event_date <= '${hivevar:to}');

-- core.fact_clickstream, these days: an event.
INSERT OVERWRITE TABLE ecommerce.fact_clickstream PARTITION (event_date)
SELECT
    f.event_id,
    f.event_type,
    f.event_ts,
    f.event_us,
    f.event_hour,
    f.visitor_id,
    f.user_id,
    f.user_key,
    f.session_key,
    f.product_id,
    f.product_key,
    f.quantity,
    f.unit_price,
    f.currency,
    f.transaction_id,
    f.search_query,
    f.page_url,
    f.referrer,
    f.utm_source,
    f.utm_medium,
    f.utm_campaign,
    f.device_type,
    f.user_agent,
    f.ip_address,
    f.country,
    f.event_date
FROM (
    SELECT
        CAST(m.event_id AS STRING) AS event_id,
        CAST(m.event_type AS STRING) AS event_type,
        CAST(m.event_ts AS TIMESTAMP) AS event_ts,
        CAST(m.event_us AS BIGINT) AS event_us,
        CAST(m.event_date AS DATE) AS event_date,
        CAST(m.event_hour AS BIGINT) AS event_hour,
        CAST(m.visitor_id AS STRING) AS visitor_id,
        CAST(m.user_id AS STRING) AS user_id,
        CAST(m.user_key AS STRING) AS user_key,
        CAST(m.session_key AS STRING) AS session_key,
        CAST(m.product_id AS STRING) AS product_id,
        CAST(m.product_key AS STRING) AS product_key,
        CAST(m.quantity AS BIGINT) AS quantity,
        CAST(m.unit_price AS DECIMAL(18,4)) AS unit_price,
        CAST(m.currency AS STRING) AS currency,
        CAST(m.transaction_id AS STRING) AS transaction_id,
        CAST(m.search_query AS STRING) AS search_query,
        CAST(m.page_url AS STRING) AS page_url,
        CAST(m.referrer AS STRING) AS referrer,
        CAST(m.utm_source AS STRING) AS utm_source,
        CAST(m.utm_medium AS STRING) AS utm_medium,
        CAST(m.utm_campaign AS STRING) AS utm_campaign,
        CAST(m.device_type AS STRING) AS device_type,
        CAST(m.user_agent AS STRING) AS user_agent,
        CAST(m.ip_address AS STRING) AS ip_address,
        CAST(m.country AS STRING) AS country
    FROM (
        WITH repeated AS (
          SELECT
            c.event_id
          FROM ecommerce_clean.clickstream AS c
          GROUP BY
            c.event_id
          HAVING
            COUNT(*) > 1
        ), copies AS (
          SELECT
            c.*,
            ROW_NUMBER() OVER (
              PARTITION BY c.event_id
              ORDER BY c.event_us NULLS FIRST, c.event_type NULLS FIRST, c.visitor_id NULLS FIRST, c.user_id NULLS FIRST, c.session_id NULLS FIRST, c.product_id NULLS FIRST, c.quantity NULLS FIRST, c.unit_price NULLS FIRST, c.currency NULLS FIRST, c.transaction_id NULLS FIRST, c.search_query NULLS FIRST, c.page_url NULLS FIRST, c.referrer NULLS FIRST, c.utm_source NULLS FIRST, c.utm_medium NULLS FIRST, c.utm_campaign NULLS FIRST, c.device_type NULLS FIRST, c.user_agent NULLS FIRST, c.ip_address NULLS FIRST, c.country NULLS FIRST
            ) AS copy_number
          FROM ecommerce_clean.clickstream AS c
          WHERE
            EXISTS(
              SELECT
                1
              FROM repeated AS r
              WHERE
                r.event_id = c.event_id
            )
        ), events AS (
          SELECT
            c.event_id,
            c.event_type,
            c.event_ts,
            c.event_us,
            c.event_date,
            c.event_hour,
            c.visitor_id,
            c.user_id,
            c.session_id,
            c.product_id,
            c.quantity,
            c.unit_price,
            c.currency,
            c.transaction_id,
            c.search_query,
            c.page_url,
            c.referrer,
            c.utm_source,
            c.utm_medium,
            c.utm_campaign,
            c.device_type,
            c.user_agent,
            c.ip_address,
            c.country
          FROM ecommerce_clean.clickstream AS c
          WHERE
            NOT EXISTS(
              SELECT
                1
              FROM repeated AS r
              WHERE
                r.event_id = c.event_id
            )
          UNION ALL
          SELECT
            c.event_id,
            c.event_type,
            c.event_ts,
            c.event_us,
            c.event_date,
            c.event_hour,
            c.visitor_id,
            c.user_id,
            c.session_id,
            c.product_id,
            c.quantity,
            c.unit_price,
            c.currency,
            c.transaction_id,
            c.search_query,
            c.page_url,
            c.referrer,
            c.utm_source,
            c.utm_medium,
            c.utm_campaign,
            c.device_type,
            c.user_agent,
            c.ip_address,
            c.country
          FROM copies AS c
          WHERE
            c.copy_number = 1
        ), unsessioned AS (
          SELECT
            e.event_id,
            e.visitor_id,
            e.event_us,
            LAG(e.event_us) OVER (PARTITION BY e.visitor_id ORDER BY e.event_us NULLS FIRST, e.event_id NULLS FIRST) AS previous_us
          FROM events AS e
          WHERE
            e.session_id IS NULL
        ), derived AS (
          SELECT
            u.event_id,
            u.visitor_id || '@' || CAST(MAX(
              CASE
                WHEN u.previous_us IS NULL OR u.event_us - u.previous_us > 1800000000
                THEN u.event_us
              END
            ) OVER (
              PARTITION BY u.visitor_id
              ORDER BY u.event_us NULLS FIRST, u.event_id NULLS FIRST
              ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
            ) AS STRING) AS session_key
          FROM unsessioned AS u
        )
        SELECT
          e.event_id,
          e.event_type,
          e.event_ts,
          e.event_us,
          e.event_date,
          e.event_hour,
          e.visitor_id,
          e.user_id,
          COALESCE(u.user_key, '@unknown') AS user_key,
          CASE
            WHEN NOT s.session_key IS NULL
            THEN s.session_key
            WHEN e.visitor_id LIKE '%/%' OR e.session_id LIKE '%/%'
            THEN e.visitor_id || '\t' || e.session_id
            ELSE e.visitor_id || '/' || e.session_id
          END AS session_key,
          e.product_id,
          COALESCE(p.product_key, '@unknown') AS product_key,
          e.quantity,
          e.unit_price,
          e.currency,
          e.transaction_id,
          e.search_query,
          e.page_url,
          e.referrer,
          e.utm_source,
          e.utm_medium,
          e.utm_campaign,
          e.device_type,
          e.user_agent,
          e.ip_address,
          e.country
        FROM events AS e
        LEFT JOIN derived AS s
          ON s.event_id = e.event_id
        LEFT JOIN ecommerce.dim_users AS u
          ON u.user_id = e.user_id
          AND u.valid_from <= e.event_ts
          AND (
            u.valid_to IS NULL OR u.valid_to > e.event_ts
          )
        LEFT JOIN ecommerce.dim_products AS p
          ON p.product_id = e.product_id
          AND p.valid_from <= e.event_ts
          AND (
            p.valid_to IS NULL OR p.valid_to > e.event_ts
          )
    ) AS m
) AS f
WHERE f.event_date BETWEEN DATE '${hivevar:from}' AND DATE '${hivevar:to}';

-- core.fact_refund_states: a day that has no rows any more must not keep its old ones.
ALTER TABLE ecommerce.fact_refund_states DROP IF EXISTS PARTITION (refund_date >= '${hivevar:from}', refund_date <= '${hivevar:to}');

-- core.fact_refund_states, these days: a state of a refund line, from updated_at.
INSERT OVERWRITE TABLE ecommerce.fact_refund_states PARTITION (refund_date)
SELECT
    f.refund_id,
    f.line_number,
    f.line_type,
    f.transaction_id,
    f.transaction_line_number,
    f.user_id,
    f.user_key,
    f.product_id,
    f.product_key,
    f.quantity,
    f.unit_price,
    f.amount,
    f.tax_amount,
    f.currency,
    f.reason,
    f.payment_method,
    f.ship_country,
    f.refunded_at,
    f.refunded_us,
    f.updated_at,
    f.valid_from_us,
    f.valid_to_us,
    f.is_current,
    f.refund_date
FROM (
    SELECT
        CAST(m.refund_id AS STRING) AS refund_id,
        CAST(m.line_number AS BIGINT) AS line_number,
        CAST(m.line_type AS STRING) AS line_type,
        CAST(m.transaction_id AS STRING) AS transaction_id,
        CAST(m.transaction_line_number AS BIGINT) AS transaction_line_number,
        CAST(m.user_id AS STRING) AS user_id,
        CAST(m.user_key AS STRING) AS user_key,
        CAST(m.product_id AS STRING) AS product_id,
        CAST(m.product_key AS STRING) AS product_key,
        CAST(m.quantity AS BIGINT) AS quantity,
        CAST(m.unit_price AS DECIMAL(18,4)) AS unit_price,
        CAST(m.amount AS DECIMAL(18,4)) AS amount,
        CAST(m.tax_amount AS DECIMAL(18,4)) AS tax_amount,
        CAST(m.currency AS STRING) AS currency,
        CAST(m.reason AS STRING) AS reason,
        CAST(m.payment_method AS STRING) AS payment_method,
        CAST(m.ship_country AS STRING) AS ship_country,
        CAST(m.refunded_at AS TIMESTAMP) AS refunded_at,
        CAST(m.refunded_us AS BIGINT) AS refunded_us,
        CAST(m.refund_date AS DATE) AS refund_date,
        CAST(m.updated_at AS TIMESTAMP) AS updated_at,
        CAST(m.valid_from_us AS BIGINT) AS valid_from_us,
        CAST(m.valid_to_us AS BIGINT) AS valid_to_us,
        CAST(m.is_current AS BOOLEAN) AS is_current
    FROM (
        WITH copies AS (
          SELECT
            r.*,
            ROW_NUMBER() OVER (
              PARTITION BY r.refund_id, r.line_number, r.updated_us
              ORDER BY r.refunded_us NULLS FIRST, r.line_type NULLS FIRST, r.transaction_id NULLS FIRST, r.transaction_line_number NULLS FIRST, r.user_id NULLS FIRST, r.product_id NULLS FIRST, r.quantity NULLS FIRST, r.unit_price NULLS FIRST, r.amount NULLS FIRST, r.tax_amount NULLS FIRST, r.currency NULLS FIRST, r.reason NULLS FIRST, r.payment_method NULLS FIRST, r.ship_country NULLS FIRST
            ) AS copy_number
          FROM ecommerce_clean.refunds AS r
        ), states AS (
          SELECT
            c.*,
            LEAD(c.updated_us) OVER (PARTITION BY c.refund_id, c.line_number ORDER BY c.updated_us NULLS FIRST) AS valid_to_us
          FROM copies AS c
          WHERE
            c.copy_number = 1
        )
        SELECT
          c.refund_id,
          c.line_number,
          c.line_type,
          c.transaction_id,
          c.transaction_line_number,
          c.user_id,
          COALESCE(u.user_key, '@unknown') AS user_key,
          c.product_id,
          COALESCE(p.product_key, '@unknown') AS product_key,
          c.quantity,
          c.unit_price,
          c.amount,
          c.tax_amount,
          c.currency,
          c.reason,
          c.payment_method,
          c.ship_country,
          c.refunded_at,
          c.refunded_us,
          c.refund_date,
          c.updated_at,
          c.updated_us AS valid_from_us,
          c.valid_to_us,
          c.valid_to_us IS NULL AS is_current
        FROM states AS c
        LEFT JOIN ecommerce.dim_users AS u
          ON u.user_id = c.user_id
          AND u.valid_from <= c.refunded_at
          AND (
            u.valid_to IS NULL OR u.valid_to > c.refunded_at
          )
        LEFT JOIN ecommerce.dim_products AS p
          ON p.product_id = c.product_id
          AND p.valid_from <= c.refunded_at
          AND (
            p.valid_to IS NULL OR p.valid_to > c.refunded_at
          )
    ) AS m
) AS f
WHERE f.refund_date BETWEEN DATE '${hivevar:from}' AND DATE '${hivevar:to}';

-- core.fact_transaction_states: a day that has no rows any more must not keep its old ones.
ALTER TABLE ecommerce.fact_transaction_states DROP IF EXISTS PARTITION (order_date >= '${hivevar:from}', order_date <= '${hivevar:to}');

-- core.fact_transaction_states, these days: a state of an order line, from updated_at.
INSERT OVERWRITE TABLE ecommerce.fact_transaction_states PARTITION (order_date)
SELECT
    f.transaction_id,
    f.line_number,
    f.line_type,
    f.user_id,
    f.user_key,
    f.visitor_id,
    f.product_id,
    f.product_key,
    f.quantity,
    f.unit_price,
    f.line_amount,
    f.gross_amount,
    f.discount_amount,
    f.tax_amount,
    f.shipping_amount,
    f.total_amount,
    f.net_amount,
    f.cost_amount,
    f.profit_amount,
    f.currency,
    f.coupon_code,
    f.payment_method,
    f.card_last4,
    f.status,
    f.is_sale,
    f.order_source,
    f.ship_city,
    f.ship_region,
    f.ship_postal_code,
    f.ship_country,
    f.ordered_at,
    f.ordered_us,
    f.order_hour,
    f.updated_at,
    f.valid_from_us,
    f.valid_to_us,
    f.is_current,
    f.order_date
FROM (
    SELECT
        CAST(m.transaction_id AS STRING) AS transaction_id,
        CAST(m.line_number AS BIGINT) AS line_number,
        CAST(m.line_type AS STRING) AS line_type,
        CAST(m.user_id AS STRING) AS user_id,
        CAST(m.user_key AS STRING) AS user_key,
        CAST(m.visitor_id AS STRING) AS visitor_id,
        CAST(m.product_id AS STRING) AS product_id,
        CAST(m.product_key AS STRING) AS product_key,
        CAST(m.quantity AS BIGINT) AS quantity,
        CAST(m.unit_price AS DECIMAL(18,4)) AS unit_price,
        CAST(m.line_amount AS DECIMAL(18,4)) AS line_amount,
        CAST(m.gross_amount AS DECIMAL(18,4)) AS gross_amount,
        CAST(m.discount_amount AS DECIMAL(18,4)) AS discount_amount,
        CAST(m.tax_amount AS DECIMAL(18,4)) AS tax_amount,
        CAST(m.shipping_amount AS DECIMAL(18,4)) AS shipping_amount,
        CAST(m.total_amount AS DECIMAL(18,4)) AS total_amount,
        CAST(m.net_amount AS DECIMAL(18,4)) AS net_amount,
        CAST(m.cost_amount AS DECIMAL(18,4)) AS cost_amount,
        CAST(m.profit_amount AS DECIMAL(18,4)) AS profit_amount,
        CAST(m.currency AS STRING) AS currency,
        CAST(m.coupon_code AS STRING) AS coupon_code,
        CAST(m.payment_method AS STRING) AS payment_method,
        CAST(m.card_last4 AS STRING) AS card_last4,
        CAST(m.status AS STRING) AS status,
        CAST(m.is_sale AS BOOLEAN) AS is_sale,
        CAST(m.order_source AS STRING) AS order_source,
        CAST(m.ship_city AS STRING) AS ship_city,
        CAST(m.ship_region AS STRING) AS ship_region,
        CAST(m.ship_postal_code AS STRING) AS ship_postal_code,
        CAST(m.ship_country AS STRING) AS ship_country,
        CAST(m.ordered_at AS TIMESTAMP) AS ordered_at,
        CAST(m.ordered_us AS BIGINT) AS ordered_us,
        CAST(m.order_date AS DATE) AS order_date,
        CAST(m.order_hour AS BIGINT) AS order_hour,
        CAST(m.updated_at AS TIMESTAMP) AS updated_at,
        CAST(m.valid_from_us AS BIGINT) AS valid_from_us,
        CAST(m.valid_to_us AS BIGINT) AS valid_to_us,
        CAST(m.is_current AS BOOLEAN) AS is_current
    FROM (
        WITH copies AS (
          SELECT
            t.*,
            ROW_NUMBER() OVER (
              PARTITION BY t.transaction_id, t.line_number, t.updated_us
              ORDER BY t.ordered_us NULLS FIRST, t.line_type NULLS FIRST, t.user_id NULLS FIRST, t.email NULLS FIRST, t.visitor_id NULLS FIRST, t.product_id NULLS FIRST, t.quantity NULLS FIRST, t.unit_price NULLS FIRST, t.discount_amount NULLS FIRST, t.tax_amount NULLS FIRST, t.shipping_amount NULLS FIRST, t.total_amount NULLS FIRST, t.currency NULLS FIRST, t.coupon_code NULLS FIRST, t.payment_method NULLS FIRST, t.card_last4 NULLS FIRST, t.status NULLS FIRST, t.order_source NULLS FIRST, t.ship_city NULLS FIRST, t.ship_region NULLS FIRST, t.ship_postal_code NULLS FIRST, t.ship_country NULLS FIRST
            ) AS copy_number
          FROM ecommerce_clean.transactions AS t
        ), states AS (
          SELECT
            c.*,
            LEAD(c.updated_at) OVER (PARTITION BY c.transaction_id, c.line_number ORDER BY c.updated_us NULLS FIRST) AS valid_to,
            LEAD(c.updated_us) OVER (PARTITION BY c.transaction_id, c.line_number ORDER BY c.updated_us NULLS FIRST) AS valid_to_us,
            CAST(CAST(c.quantity AS DECIMAL(18, 0)) * c.unit_price AS DECIMAL(18, 4)) AS line_amount
          FROM copies AS c
          WHERE
            c.copy_number = 1
        ), priced AS (
          SELECT
            s.*,
            CASE
              WHEN s.line_type IN ('product', 'gift_card', 'donation')
              THEN s.line_amount
              ELSE 0
            END AS gross_amount
          FROM states AS s
        ), joined AS (
          SELECT
            s.*,
            s.gross_amount - s.discount_amount AS net_amount,
            COALESCE(u.user_key, '@unknown') AS user_key,
            COALESCE(p.product_key, '@unknown') AS product_key,
            CASE
              WHEN s.line_type = 'product'
              THEN CAST(s.quantity AS DECIMAL(19, 0)) * p.cost_price
            END AS full_cost
          FROM priced AS s
          LEFT JOIN ecommerce.dim_users AS u
            ON u.user_id = s.user_id
            AND u.valid_from <= s.ordered_at
            AND (
              u.valid_to IS NULL OR u.valid_to > s.ordered_at
            )
          LEFT JOIN ecommerce.dim_products AS p
            ON p.product_id = s.product_id
            AND p.valid_from <= s.ordered_at
            AND (
              p.valid_to IS NULL OR p.valid_to > s.ordered_at
            )
        ), costed AS (
          SELECT
            j.*,
            CASE WHEN j.full_cost < 10000000000000 THEN CAST(j.full_cost AS DECIMAL(18, 4)) END AS cost_amount
          FROM joined AS j
        )
        SELECT
          j.transaction_id,
          j.line_number,
          j.line_type,
          j.user_id,
          j.user_key,
          j.visitor_id,
          j.product_id,
          j.product_key,
          j.quantity,
          j.unit_price,
          j.line_amount,
          j.gross_amount,
          j.discount_amount,
          j.tax_amount,
          j.shipping_amount,
          j.total_amount,
          j.net_amount,
          j.cost_amount,
          j.net_amount - j.cost_amount AS profit_amount,
          j.currency,
          j.coupon_code,
          j.payment_method,
          j.card_last4,
          j.status,
          j.status IN ('paid', 'shipped', 'delivered', 'refunded') AS is_sale,
          j.order_source,
          j.ship_city,
          j.ship_region,
          j.ship_postal_code,
          j.ship_country,
          j.ordered_at,
          j.ordered_us,
          j.order_date,
          j.order_hour,
          j.updated_at,
          j.updated_us AS valid_from_us,
          j.valid_to_us,
          j.valid_to IS NULL AS is_current
        FROM costed AS j
    ) AS m
) AS f
WHERE f.order_date BETWEEN DATE '${hivevar:from}' AND DATE '${hivevar:to}';

-- core.dim_visitors, whole: a visitor (cookie).
INSERT OVERWRITE TABLE ecommerce.dim_visitors
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
) AS m;

-- core.fact_sessions: a day that has no rows any more must not keep its old ones.
ALTER TABLE ecommerce.fact_sessions DROP IF EXISTS PARTITION (session_date >= '${hivevar:from}', session_date <= '${hivevar:to}');

-- core.fact_sessions, these days: a session.
INSERT OVERWRITE TABLE ecommerce.fact_sessions PARTITION (session_date)
SELECT
    f.session_key,
    f.visitor_id,
    f.user_id,
    f.started_at,
    f.ended_at,
    f.started_us,
    f.ended_us,
    f.duration_seconds,
    f.channel,
    f.utm_source,
    f.utm_campaign,
    f.device_type,
    f.country,
    f.landing_page,
    f.event_count,
    f.view_count,
    f.search_count,
    f.cart_count,
    f.checkout_count,
    f.purchase_count,
    f.purchase_amount,
    f.currency,
    f.is_bounce,
    f.is_suspected_bot,
    f.session_date
FROM (
    SELECT
        CAST(m.session_key AS STRING) AS session_key,
        CAST(m.session_date AS DATE) AS session_date,
        CAST(m.visitor_id AS STRING) AS visitor_id,
        CAST(m.user_id AS STRING) AS user_id,
        CAST(m.started_at AS TIMESTAMP) AS started_at,
        CAST(m.ended_at AS TIMESTAMP) AS ended_at,
        CAST(m.started_us AS BIGINT) AS started_us,
        CAST(m.ended_us AS BIGINT) AS ended_us,
        CAST(m.duration_seconds AS BIGINT) AS duration_seconds,
        CAST(m.channel AS STRING) AS channel,
        CAST(m.utm_source AS STRING) AS utm_source,
        CAST(m.utm_campaign AS STRING) AS utm_campaign,
        CAST(m.device_type AS STRING) AS device_type,
        CAST(m.country AS STRING) AS country,
        CAST(m.landing_page AS STRING) AS landing_page,
        CAST(m.event_count AS BIGINT) AS event_count,
        CAST(m.view_count AS BIGINT) AS view_count,
        CAST(m.search_count AS BIGINT) AS search_count,
        CAST(m.cart_count AS BIGINT) AS cart_count,
        CAST(m.checkout_count AS BIGINT) AS checkout_count,
        CAST(m.purchase_count AS BIGINT) AS purchase_count,
        CAST(m.purchase_amount AS DECIMAL(18,4)) AS purchase_amount,
        CAST(m.currency AS STRING) AS currency,
        CAST(m.is_bounce AS BOOLEAN) AS is_bounce,
        CAST(m.is_suspected_bot AS BOOLEAN) AS is_suspected_bot
    FROM (
        WITH numbered AS (
          SELECT
            f.*,
            ROW_NUMBER() OVER (
              PARTITION BY f.session_key
              ORDER BY f.event_us NULLS FIRST, f.event_id NULLS FIRST
            ) AS event_number
          FROM ecommerce.fact_clickstream AS f
        ), sessions AS (
          SELECT
            n.session_key,
            n.visitor_id,
            MAX(CASE WHEN n.event_number = 1 THEN n.event_date END) AS session_date,
            CASE WHEN MIN(n.user_id) = MAX(n.user_id) THEN MIN(n.user_id) END AS user_id,
            MIN(n.event_ts) AS started_at,
            MAX(n.event_ts) AS ended_at,
            MIN(n.event_us) AS started_us,
            MAX(n.event_us) AS ended_us,
            MAX(CASE WHEN n.event_number = 1 THEN n.utm_source END) AS utm_source,
            MAX(CASE WHEN n.event_number = 1 THEN n.utm_medium END) AS utm_medium,
            MAX(CASE WHEN n.event_number = 1 THEN n.utm_campaign END) AS utm_campaign,
            MAX(CASE WHEN n.event_number = 1 THEN n.referrer END) AS referrer,
            MAX(CASE WHEN n.event_number = 1 THEN n.device_type END) AS device_type,
            MAX(CASE WHEN n.event_number = 1 THEN n.country END) AS country,
            MAX(CASE WHEN n.event_number = 1 THEN n.page_url END) AS landing_page,
            COUNT(*) AS event_count,
            SUM(CASE WHEN n.event_type = 'view' THEN 1 ELSE 0 END) AS view_count,
            SUM(CASE WHEN n.event_type = 'search' THEN 1 ELSE 0 END) AS search_count,
            SUM(CASE WHEN n.event_type = 'add_to_cart' THEN 1 ELSE 0 END) AS cart_count,
            SUM(CASE WHEN n.event_type = 'begin_checkout' THEN 1 ELSE 0 END) AS checkout_count,
            SUM(CASE WHEN n.event_type = 'purchase' THEN 1 ELSE 0 END) AS purchase_count,
            SUM(
              CASE
                WHEN n.event_type = 'purchase'
                THEN CAST(CAST(n.quantity AS DECIMAL(18, 0)) * n.unit_price AS DECIMAL(38, 4))
              END
            ) AS purchase_amount,
            MIN(CASE WHEN n.event_type = 'purchase' THEN n.currency END) AS least_currency,
            MAX(CASE WHEN n.event_type = 'purchase' THEN n.currency END) AS greatest_currency
          FROM numbered AS n
          GROUP BY
            n.session_key,
            n.visitor_id
        ), days AS (
          SELECT
            f.visitor_id,
            f.event_date,
            COUNT(*) AS event_count,
            MAX(f.event_us) - MIN(f.event_us) AS span_us,
            SUM(CASE WHEN f.event_type = 'view' THEN 1 ELSE 0 END) AS view_count,
            SUM(CASE WHEN f.event_type IN ('add_to_cart', 'purchase') THEN 1 ELSE 0 END) AS buying_count
          FROM ecommerce.fact_clickstream AS f
          GROUP BY
            f.visitor_id,
            f.event_date
        ), suspects AS (
          SELECT
            d.visitor_id,
            d.event_date
          FROM days AS d
          WHERE
            (
              d.view_count >= 60 AND d.buying_count = 0
            )
            OR (
              d.event_count >= 20 AND d.span_us <= (
                d.event_count - 1
              ) * 3000000
            )
        )
        SELECT
          s.session_key,
          s.session_date,
          s.visitor_id,
          s.user_id,
          s.started_at,
          s.ended_at,
          s.started_us,
          s.ended_us,
          CAST(FLOOR((
            s.ended_us - s.started_us
          ) / 1000000) AS BIGINT) AS duration_seconds,
          CASE
            WHEN s.utm_medium IN ('cpc', 'ppc', 'paid', 'display', 'banner', 'cpm')
            THEN 'paid'
            WHEN s.utm_medium IN ('email', 'newsletter')
            THEN 'email'
            WHEN s.utm_medium IN ('social', 'paid_social', 'social-media')
            THEN 'social'
            WHEN s.utm_medium IN ('affiliate', 'affiliates', 'partner')
            THEN 'affiliate'
            WHEN s.utm_medium IN ('organic', 'seo')
            THEN 'organic'
            WHEN NOT s.utm_medium IS NULL
            THEN 'referral'
            WHEN s.referrer IS NULL
            THEN 'direct'
            WHEN s.referrer LIKE '%://www.google.%'
            OR s.referrer LIKE '%://www.bing.%'
            OR s.referrer LIKE '%://duckduckgo.%'
            THEN 'organic'
            WHEN s.referrer LIKE '%facebook.%'
            OR s.referrer LIKE '%instagram.%'
            OR s.referrer LIKE '%tiktok.%'
            THEN 'social'
            ELSE 'referral'
          END AS channel,
          s.utm_source,
          s.utm_campaign,
          s.device_type,
          s.country,
          s.landing_page,
          s.event_count,
          s.view_count,
          s.search_count,
          s.cart_count,
          s.checkout_count,
          s.purchase_count,
          CASE
            WHEN s.least_currency = s.greatest_currency AND s.purchase_amount < 100000000000000
            THEN s.purchase_amount
          END AS purchase_amount,
          CASE WHEN s.least_currency = s.greatest_currency THEN s.least_currency END AS currency,
          s.event_count = 1 AS is_bounce,
          NOT b.visitor_id IS NULL AS is_suspected_bot
        FROM sessions AS s
        LEFT JOIN suspects AS b
          ON b.visitor_id = s.visitor_id AND b.event_date = s.session_date
    ) AS m
) AS f
WHERE f.session_date BETWEEN DATE '${hivevar:from}' AND DATE '${hivevar:to}';

-- core.fact_refunds: a day that has no rows any more must not keep its old ones.
ALTER TABLE ecommerce.fact_refunds DROP IF EXISTS PARTITION (refund_date >= '${hivevar:from}', refund_date <= '${hivevar:to}');

-- core.fact_refunds, these days: a refund line.
INSERT OVERWRITE TABLE ecommerce.fact_refunds PARTITION (refund_date)
SELECT
    f.refund_id,
    f.line_number,
    f.line_type,
    f.transaction_id,
    f.transaction_line_number,
    f.user_id,
    f.user_key,
    f.product_id,
    f.product_key,
    f.quantity,
    f.unit_price,
    f.amount,
    f.tax_amount,
    f.currency,
    f.reason,
    f.payment_method,
    f.ship_country,
    f.refunded_at,
    f.refunded_us,
    f.updated_at,
    f.refund_date
FROM (
    SELECT
        CAST(m.refund_id AS STRING) AS refund_id,
        CAST(m.line_number AS BIGINT) AS line_number,
        CAST(m.line_type AS STRING) AS line_type,
        CAST(m.transaction_id AS STRING) AS transaction_id,
        CAST(m.transaction_line_number AS BIGINT) AS transaction_line_number,
        CAST(m.user_id AS STRING) AS user_id,
        CAST(m.user_key AS STRING) AS user_key,
        CAST(m.product_id AS STRING) AS product_id,
        CAST(m.product_key AS STRING) AS product_key,
        CAST(m.quantity AS BIGINT) AS quantity,
        CAST(m.unit_price AS DECIMAL(18,4)) AS unit_price,
        CAST(m.amount AS DECIMAL(18,4)) AS amount,
        CAST(m.tax_amount AS DECIMAL(18,4)) AS tax_amount,
        CAST(m.currency AS STRING) AS currency,
        CAST(m.reason AS STRING) AS reason,
        CAST(m.payment_method AS STRING) AS payment_method,
        CAST(m.ship_country AS STRING) AS ship_country,
        CAST(m.refunded_at AS TIMESTAMP) AS refunded_at,
        CAST(m.refunded_us AS BIGINT) AS refunded_us,
        CAST(m.refund_date AS DATE) AS refund_date,
        CAST(m.updated_at AS TIMESTAMP) AS updated_at
    FROM (
        SELECT
          s.refund_id,
          s.line_number,
          s.line_type,
          s.transaction_id,
          s.transaction_line_number,
          s.user_id,
          s.user_key,
          s.product_id,
          s.product_key,
          s.quantity,
          s.unit_price,
          s.amount,
          s.tax_amount,
          s.currency,
          s.reason,
          s.payment_method,
          s.ship_country,
          s.refunded_at,
          s.refunded_us,
          s.refund_date,
          s.updated_at
        FROM ecommerce.fact_refund_states AS s
        WHERE
          s.is_current
    ) AS m
) AS f
WHERE f.refund_date BETWEEN DATE '${hivevar:from}' AND DATE '${hivevar:to}';

-- core.fact_transactions: a day that has no rows any more must not keep its old ones.
ALTER TABLE ecommerce.fact_transactions DROP IF EXISTS PARTITION (order_date >= '${hivevar:from}', order_date <= '${hivevar:to}');

-- core.fact_transactions, these days: an order line's newest state.
INSERT OVERWRITE TABLE ecommerce.fact_transactions PARTITION (order_date)
SELECT
    f.transaction_id,
    f.line_number,
    f.line_type,
    f.user_id,
    f.user_key,
    f.visitor_id,
    f.product_id,
    f.product_key,
    f.quantity,
    f.unit_price,
    f.line_amount,
    f.gross_amount,
    f.discount_amount,
    f.tax_amount,
    f.shipping_amount,
    f.total_amount,
    f.net_amount,
    f.cost_amount,
    f.profit_amount,
    f.currency,
    f.coupon_code,
    f.payment_method,
    f.card_last4,
    f.status,
    f.is_sale,
    f.order_source,
    f.ship_city,
    f.ship_region,
    f.ship_postal_code,
    f.ship_country,
    f.ordered_at,
    f.ordered_us,
    f.order_hour,
    f.updated_at,
    f.order_date
FROM (
    SELECT
        CAST(m.transaction_id AS STRING) AS transaction_id,
        CAST(m.line_number AS BIGINT) AS line_number,
        CAST(m.line_type AS STRING) AS line_type,
        CAST(m.user_id AS STRING) AS user_id,
        CAST(m.user_key AS STRING) AS user_key,
        CAST(m.visitor_id AS STRING) AS visitor_id,
        CAST(m.product_id AS STRING) AS product_id,
        CAST(m.product_key AS STRING) AS product_key,
        CAST(m.quantity AS BIGINT) AS quantity,
        CAST(m.unit_price AS DECIMAL(18,4)) AS unit_price,
        CAST(m.line_amount AS DECIMAL(18,4)) AS line_amount,
        CAST(m.gross_amount AS DECIMAL(18,4)) AS gross_amount,
        CAST(m.discount_amount AS DECIMAL(18,4)) AS discount_amount,
        CAST(m.tax_amount AS DECIMAL(18,4)) AS tax_amount,
        CAST(m.shipping_amount AS DECIMAL(18,4)) AS shipping_amount,
        CAST(m.total_amount AS DECIMAL(18,4)) AS total_amount,
        CAST(m.net_amount AS DECIMAL(18,4)) AS net_amount,
        CAST(m.cost_amount AS DECIMAL(18,4)) AS cost_amount,
        CAST(m.profit_amount AS DECIMAL(18,4)) AS profit_amount,
        CAST(m.currency AS STRING) AS currency,
        CAST(m.coupon_code AS STRING) AS coupon_code,
        CAST(m.payment_method AS STRING) AS payment_method,
        CAST(m.card_last4 AS STRING) AS card_last4,
        CAST(m.status AS STRING) AS status,
        CAST(m.is_sale AS BOOLEAN) AS is_sale,
        CAST(m.order_source AS STRING) AS order_source,
        CAST(m.ship_city AS STRING) AS ship_city,
        CAST(m.ship_region AS STRING) AS ship_region,
        CAST(m.ship_postal_code AS STRING) AS ship_postal_code,
        CAST(m.ship_country AS STRING) AS ship_country,
        CAST(m.ordered_at AS TIMESTAMP) AS ordered_at,
        CAST(m.ordered_us AS BIGINT) AS ordered_us,
        CAST(m.order_date AS DATE) AS order_date,
        CAST(m.order_hour AS BIGINT) AS order_hour,
        CAST(m.updated_at AS TIMESTAMP) AS updated_at
    FROM (
        SELECT
          s.transaction_id,
          s.line_number,
          s.line_type,
          s.user_id,
          s.user_key,
          s.visitor_id,
          s.product_id,
          s.product_key,
          s.quantity,
          s.unit_price,
          s.line_amount,
          s.gross_amount,
          s.discount_amount,
          s.tax_amount,
          s.shipping_amount,
          s.total_amount,
          s.net_amount,
          s.cost_amount,
          s.profit_amount,
          s.currency,
          s.coupon_code,
          s.payment_method,
          s.card_last4,
          s.status,
          s.is_sale,
          s.order_source,
          s.ship_city,
          s.ship_region,
          s.ship_postal_code,
          s.ship_country,
          s.ordered_at,
          s.ordered_us,
          s.order_date,
          s.order_hour,
          s.updated_at
        FROM ecommerce.fact_transaction_states AS s
        WHERE
          s.is_current
    ) AS m
) AS f
WHERE f.order_date BETWEEN DATE '${hivevar:from}' AND DATE '${hivevar:to}';
