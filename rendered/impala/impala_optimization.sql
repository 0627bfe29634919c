-- What to tell Impala after a build, and how its joins are planned.
-- Made by `make render`; do not edit. Parsed by two Impala grammars, not executed here.
--
-- impala-shell -c --var=day=2026-01-01 -f impala_optimization.sql
--
-- day: the business day that the build rewrote. Run parts 2 and 3 after each build, part 1 after tables were made anew.
-- -c goes on after a statement that fails: a fact without a row on that day has no such partition.
-- With hms_event_polling_interval_s above 0 catalogd follows the metastore's events and does parts 1 and 2 by itself,
-- except for files that an engine wrote without telling the metastore.

-- 1. After another engine created a table, or changed its columns.
-- Before: the table is not there, or its old columns are. After: all that was known of it is dropped, and the next query loads
-- it whole. The dearest of the three ways, so name the tables; never without a name.
INVALIDATE METADATA ecommerce_ref.dates;
INVALIDATE METADATA ecommerce_ref.enums;
INVALIDATE METADATA ecommerce_ref.run;
INVALIDATE METADATA ecommerce_ref.shop;
INVALIDATE METADATA ecommerce_ref.user_agents;
INVALIDATE METADATA ecommerce_ref.zone_days;
INVALIDATE METADATA ecommerce.dim_date;
INVALIDATE METADATA ecommerce.dim_products;
INVALIDATE METADATA ecommerce.dim_user_agents;
INVALIDATE METADATA ecommerce.dim_users;
INVALIDATE METADATA ecommerce.dim_visitors;
INVALIDATE METADATA ecommerce.abandoned_carts;
INVALIDATE METADATA ecommerce.agg_daily_sales;
INVALIDATE METADATA ecommerce.agg_user_metrics;
INVALIDATE METADATA ecommerce.churn_features;
INVALIDATE METADATA ecommerce.conversion_funnel;
INVALIDATE METADATA ecommerce.customer_rfm;
INVALIDATE METADATA ecommerce.interactions;
INVALIDATE METADATA ecommerce.known_sessions;
INVALIDATE METADATA ecommerce.mv_daily_revenue_by_category;
INVALIDATE METADATA ecommerce.order_lines;
INVALIDATE METADATA ecommerce.product_leaderboard;
INVALIDATE METADATA ecommerce.revenue_hourly;
INVALIDATE METADATA ecommerce.visitor_users;
INVALIDATE METADATA ecommerce.fact_clickstream;
INVALIDATE METADATA ecommerce.fact_refund_states;
INVALIDATE METADATA ecommerce.fact_refunds;
INVALIDATE METADATA ecommerce.fact_sessions;
INVALIDATE METADATA ecommerce.fact_transaction_states;
INVALIDATE METADATA ecommerce.fact_transactions;

-- 2. After a build wrote into tables that are known.
-- Before: queries see yesterday's files, and fail on those that are gone. After: new files are listed; a known one is not read
-- again. Of a fact, only the day that was rewritten: a refresh of the whole lists a folder for every day there is.
REFRESH ecommerce.fact_clickstream PARTITION (event_date = DATE '${var:day}');
REFRESH ecommerce.fact_refund_states PARTITION (refund_date = DATE '${var:day}');
REFRESH ecommerce.fact_refunds PARTITION (refund_date = DATE '${var:day}');
REFRESH ecommerce.fact_sessions PARTITION (session_date = DATE '${var:day}');
REFRESH ecommerce.fact_transaction_states PARTITION (order_date = DATE '${var:day}');
REFRESH ecommerce.fact_transactions PARTITION (order_date = DATE '${var:day}');
REFRESH ecommerce_ref.dates;
REFRESH ecommerce_ref.enums;
REFRESH ecommerce_ref.run;
REFRESH ecommerce_ref.shop;
REFRESH ecommerce_ref.user_agents;
REFRESH ecommerce_ref.zone_days;
REFRESH ecommerce.dim_date;
REFRESH ecommerce.dim_products;
REFRESH ecommerce.dim_user_agents;
REFRESH ecommerce.dim_users;
REFRESH ecommerce.dim_visitors;
REFRESH ecommerce.abandoned_carts;
REFRESH ecommerce.agg_daily_sales;
REFRESH ecommerce.agg_user_metrics;
REFRESH ecommerce.churn_features;
REFRESH ecommerce.conversion_funnel;
REFRESH ecommerce.customer_rfm;
REFRESH ecommerce.interactions;
REFRESH ecommerce.known_sessions;
REFRESH ecommerce.mv_daily_revenue_by_category;
REFRESH ecommerce.order_lines;
REFRESH ecommerce.product_leaderboard;
REFRESH ecommerce.revenue_hourly;
REFRESH ecommerce.visitor_users;

-- 3. Statistics: the rows, distinct values and widths that joins are planned from.
-- Before: SHOW TABLE STATS says -1 rows, every join is a broadcast in the order it is written. After: the larger side stays
-- where it is, the smaller one is sent. Dimensions and marts are read whole, in seconds. Facts are not: a day's own statistics
-- are kept (about 400 bytes a column and day: 365 days of fact_clickstream take 4 MB of the 200 MB that
-- inc_stats_size_limit_bytes allows), so a build costs one day. A day that was rewritten must drop its old ones first.
-- Never COMPUTE STATS on a fact after this: it throws the days' away.
COMPUTE STATS ecommerce_ref.dates;
COMPUTE STATS ecommerce_ref.enums;
COMPUTE STATS ecommerce_ref.run;
COMPUTE STATS ecommerce_ref.shop;
COMPUTE STATS ecommerce_ref.user_agents;
COMPUTE STATS ecommerce_ref.zone_days;
COMPUTE STATS ecommerce.dim_date;
COMPUTE STATS ecommerce.dim_products;
COMPUTE STATS ecommerce.dim_user_agents;
COMPUTE STATS ecommerce.dim_users;
COMPUTE STATS ecommerce.dim_visitors;
COMPUTE STATS ecommerce.abandoned_carts;
COMPUTE STATS ecommerce.agg_daily_sales;
COMPUTE STATS ecommerce.agg_user_metrics;
COMPUTE STATS ecommerce.churn_features;
COMPUTE STATS ecommerce.conversion_funnel;
COMPUTE STATS ecommerce.customer_rfm;
COMPUTE STATS ecommerce.interactions;
COMPUTE STATS ecommerce.known_sessions;
COMPUTE STATS ecommerce.mv_daily_revenue_by_category;
COMPUTE STATS ecommerce.order_lines;
COMPUTE STATS ecommerce.product_leaderboard;
COMPUTE STATS ecommerce.revenue_hourly;
COMPUTE STATS ecommerce.visitor_users;
DROP INCREMENTAL STATS ecommerce.fact_clickstream PARTITION (event_date = DATE '${var:day}');
COMPUTE INCREMENTAL STATS ecommerce.fact_clickstream PARTITION (event_date = DATE '${var:day}');
DROP INCREMENTAL STATS ecommerce.fact_refund_states PARTITION (refund_date = DATE '${var:day}');
COMPUTE INCREMENTAL STATS ecommerce.fact_refund_states PARTITION (refund_date = DATE '${var:day}');
DROP INCREMENTAL STATS ecommerce.fact_refunds PARTITION (refund_date = DATE '${var:day}');
COMPUTE INCREMENTAL STATS ecommerce.fact_refunds PARTITION (refund_date = DATE '${var:day}');
DROP INCREMENTAL STATS ecommerce.fact_sessions PARTITION (session_date = DATE '${var:day}');
COMPUTE INCREMENTAL STATS ecommerce.fact_sessions PARTITION (session_date = DATE '${var:day}');
DROP INCREMENTAL STATS ecommerce.fact_transaction_states PARTITION (order_date = DATE '${var:day}');
COMPUTE INCREMENTAL STATS ecommerce.fact_transaction_states PARTITION (order_date = DATE '${var:day}');
DROP INCREMENTAL STATS ecommerce.fact_transactions PARTITION (order_date = DATE '${var:day}');
COMPUTE INCREMENTAL STATS ecommerce.fact_transactions PARTITION (order_date = DATE '${var:day}');

-- All days that have none yet, as after the first load:
COMPUTE INCREMENTAL STATS ecommerce.fact_clickstream;
COMPUTE INCREMENTAL STATS ecommerce.fact_refund_states;
COMPUTE INCREMENTAL STATS ecommerce.fact_refunds;
COMPUTE INCREMENTAL STATS ecommerce.fact_sessions;
COMPUTE INCREMENTAL STATS ecommerce.fact_transaction_states;
COMPUTE INCREMENTAL STATS ecommerce.fact_transactions;

-- What is known now; -1 is a table that was missed.
SHOW TABLE STATS ecommerce.fact_clickstream;
SHOW TABLE STATS ecommerce.fact_refund_states;
SHOW TABLE STATS ecommerce.fact_refunds;
SHOW TABLE STATS ecommerce.fact_sessions;
SHOW TABLE STATS ecommerce.fact_transaction_states;
SHOW TABLE STATS ecommerce.fact_transactions;

-- 4. Joins. Hints are for what statistics cannot tell: say them last, and take them out when EXPLAIN gives the same plan without.
-- Megabytes moved for each million events, 10 nodes: a broadcast sends the right side to each, a shuffle spreads both sides once.
-- A hint is said as a comment after JOIN; STRAIGHT_JOIN after SELECT makes Impala keep to hints and order.
--
--   table               million rows     MB
--   fact_clickstream           0.964  124.3
--   fact_sessions              0.507   59.7
--   fact_transactions          0.498   38.9
--   dim_visitors               0.422   11.7
--   dim_users                  0.160    9.9
--   dim_products               0.028    1.3
--   dim_date                   0.019    0.1
SET EXPLAIN_LEVEL = 2;

-- 4.1. A fact and a dimension: clicks by category.
-- Before:
EXPLAIN SELECT p.category, COUNT(*) AS click_count
FROM ecommerce.fact_clickstream AS f
INNER JOIN ecommerce.dim_products AS p ON p.product_key = f.product_key
WHERE f.event_date = CAST('${var:day}' AS DATE)
GROUP BY p.category;

-- dim_products: broadcast 13 MB, shuffle 126 MB, so BROADCAST.
-- With statistics Impala chooses the same by itself. The hint is for the time between a load and its COMPUTE STATS.
-- After:
EXPLAIN SELECT STRAIGHT_JOIN p.category, COUNT(*) AS click_count
FROM ecommerce.fact_clickstream AS f
INNER JOIN /* +BROADCAST */ ecommerce.dim_products AS p ON p.product_key = f.product_key
WHERE f.event_date = CAST('${var:day}' AS DATE)
GROUP BY p.category;

-- 4.2. Two facts: what is clicked in sessions of each channel.
-- Before:
EXPLAIN SELECT s.channel, f.event_type, COUNT(*) AS event_count
FROM ecommerce.fact_clickstream AS f
INNER JOIN ecommerce.fact_sessions AS s ON s.session_key = f.session_key AND s.session_date = f.event_date
GROUP BY s.channel, f.event_type;

-- fact_sessions: broadcast 597 MB, shuffle 184 MB, so SHUFFLE.
-- Without statistics Impala broadcasts: each node then holds all sessions in memory, and spills.
-- After:
EXPLAIN SELECT STRAIGHT_JOIN s.channel, f.event_type, COUNT(*) AS event_count
FROM ecommerce.fact_clickstream AS f
INNER JOIN /* +SHUFFLE */ ecommerce.fact_sessions AS s ON s.session_key = f.session_key AND s.session_date = f.event_date
GROUP BY s.channel, f.event_type;

-- 4.3. The order of three: money by segment and category.
-- Before:
EXPLAIN SELECT u.customer_segment, p.category, SUM(t.net_amount) AS net_amount
FROM ecommerce.fact_transactions AS t
INNER JOIN ecommerce.dim_products AS p ON p.product_key = t.product_key
INNER JOIN ecommerce.dim_users AS u ON u.user_key = t.user_key
WHERE t.is_sale
GROUP BY u.customer_segment, p.category;

-- dim_products: broadcast 13 MB, shuffle 40 MB, so BROADCAST.
-- dim_users: broadcast 99 MB, shuffle 49 MB, so SHUFFLE.
-- STRAIGHT_JOIN keeps the order that is written, the fact first, then the smallest. Else Impala may begin with users
-- and products when one table's statistics are older than the other's, and ignores the hints of joins that it moves.
-- After:
EXPLAIN SELECT STRAIGHT_JOIN u.customer_segment, p.category, SUM(t.net_amount) AS net_amount
FROM ecommerce.fact_transactions AS t
INNER JOIN /* +BROADCAST */ ecommerce.dim_products AS p ON p.product_key = t.product_key
INNER JOIN /* +SHUFFLE */ ecommerce.dim_users AS u ON u.user_key = t.user_key
WHERE t.is_sale
GROUP BY u.customer_segment, p.category;
