-- What the planner should know of the tables.
-- Made by `make render` from contracts/ and warehouse/: change those, not this.
--
-- beeline -u ... -f hive_statistics.sql
-- After the first load, and when tables have grown much: it reads them whole. An INSERT keeps count of its rows and bytes itself.

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

-- core.dim_date: rows and bytes.
ANALYZE TABLE ecommerce.dim_date COMPUTE STATISTICS;

-- core.dim_date: values, NULLs and bounds; by these the order of joins is chosen.
ANALYZE TABLE ecommerce.dim_date COMPUTE STATISTICS FOR COLUMNS;

-- core.dim_user_agents: rows and bytes.
ANALYZE TABLE ecommerce.dim_user_agents COMPUTE STATISTICS;

-- core.dim_user_agents: values, NULLs and bounds; by these the order of joins is chosen.
ANALYZE TABLE ecommerce.dim_user_agents COMPUTE STATISTICS FOR COLUMNS;

-- core.dim_products: rows and bytes.
ANALYZE TABLE ecommerce.dim_products COMPUTE STATISTICS;

-- core.dim_products: values, NULLs and bounds; by these the order of joins is chosen.
ANALYZE TABLE ecommerce.dim_products COMPUTE STATISTICS FOR COLUMNS;

-- core.dim_users: rows and bytes.
ANALYZE TABLE ecommerce.dim_users COMPUTE STATISTICS;

-- core.dim_users: values, NULLs and bounds; by these the order of joins is chosen.
ANALYZE TABLE ecommerce.dim_users COMPUTE STATISTICS FOR COLUMNS;

-- core.fact_clickstream: rows and bytes.
ANALYZE TABLE ecommerce.fact_clickstream PARTITION (event_date) COMPUTE STATISTICS;

-- core.fact_clickstream: values, NULLs and bounds; by these the order of joins is chosen.
ANALYZE TABLE ecommerce.fact_clickstream PARTITION (event_date) COMPUTE STATISTICS FOR COLUMNS event_id, user_key, product_key;

-- core.fact_refund_states: rows and bytes.
ANALYZE TABLE ecommerce.fact_refund_states PARTITION (refund_date) COMPUTE STATISTICS;

-- core.fact_refund_states: values, NULLs and bounds; by these the order of joins is chosen.
ANALYZE TABLE ecommerce.fact_refund_states PARTITION (refund_date) COMPUTE STATISTICS FOR COLUMNS refund_id, line_number, updated_at, user_key, product_key;

-- core.fact_transaction_states: rows and bytes.
ANALYZE TABLE ecommerce.fact_transaction_states PARTITION (order_date) COMPUTE STATISTICS;

-- core.fact_transaction_states: values, NULLs and bounds; by these the order of joins is chosen.
ANALYZE TABLE ecommerce.fact_transaction_states PARTITION (order_date) COMPUTE STATISTICS FOR COLUMNS transaction_id, line_number, updated_at, user_key, product_key;

-- core.dim_visitors: rows and bytes.
ANALYZE TABLE ecommerce.dim_visitors COMPUTE STATISTICS;

-- core.dim_visitors: values, NULLs and bounds; by these the order of joins is chosen.
ANALYZE TABLE ecommerce.dim_visitors COMPUTE STATISTICS FOR COLUMNS;

-- core.fact_sessions: rows and bytes.
ANALYZE TABLE ecommerce.fact_sessions PARTITION (session_date) COMPUTE STATISTICS;

-- core.fact_sessions: values, NULLs and bounds; by these the order of joins is chosen.
ANALYZE TABLE ecommerce.fact_sessions PARTITION (session_date) COMPUTE STATISTICS FOR COLUMNS session_key;

-- marts.visitor_users: rows and bytes.
ANALYZE TABLE ecommerce.visitor_users COMPUTE STATISTICS;

-- marts.visitor_users: values, NULLs and bounds; by these the order of joins is chosen.
ANALYZE TABLE ecommerce.visitor_users COMPUTE STATISTICS FOR COLUMNS;

-- core.fact_refunds: rows and bytes.
ANALYZE TABLE ecommerce.fact_refunds PARTITION (refund_date) COMPUTE STATISTICS;

-- core.fact_refunds: values, NULLs and bounds; by these the order of joins is chosen.
ANALYZE TABLE ecommerce.fact_refunds PARTITION (refund_date) COMPUTE STATISTICS FOR COLUMNS refund_id, line_number;

-- core.fact_transactions: rows and bytes.
ANALYZE TABLE ecommerce.fact_transactions PARTITION (order_date) COMPUTE STATISTICS;

-- core.fact_transactions: values, NULLs and bounds; by these the order of joins is chosen.
ANALYZE TABLE ecommerce.fact_transactions PARTITION (order_date) COMPUTE STATISTICS FOR COLUMNS transaction_id, line_number;

-- marts.order_lines: rows and bytes.
ANALYZE TABLE ecommerce.order_lines COMPUTE STATISTICS;

-- marts.order_lines: values, NULLs and bounds; by these the order of joins is chosen.
ANALYZE TABLE ecommerce.order_lines COMPUTE STATISTICS FOR COLUMNS;

-- marts.known_sessions: rows and bytes.
ANALYZE TABLE ecommerce.known_sessions COMPUTE STATISTICS;

-- marts.known_sessions: values, NULLs and bounds; by these the order of joins is chosen.
ANALYZE TABLE ecommerce.known_sessions COMPUTE STATISTICS FOR COLUMNS;

-- marts.agg_daily_sales: rows and bytes.
ANALYZE TABLE ecommerce.agg_daily_sales COMPUTE STATISTICS;

-- marts.agg_daily_sales: values, NULLs and bounds; by these the order of joins is chosen.
ANALYZE TABLE ecommerce.agg_daily_sales COMPUTE STATISTICS FOR COLUMNS;

-- marts.agg_user_metrics: rows and bytes.
ANALYZE TABLE ecommerce.agg_user_metrics COMPUTE STATISTICS;

-- marts.agg_user_metrics: values, NULLs and bounds; by these the order of joins is chosen.
ANALYZE TABLE ecommerce.agg_user_metrics COMPUTE STATISTICS FOR COLUMNS;

-- marts.customer_rfm: rows and bytes.
ANALYZE TABLE ecommerce.customer_rfm COMPUTE STATISTICS;

-- marts.customer_rfm: values, NULLs and bounds; by these the order of joins is chosen.
ANALYZE TABLE ecommerce.customer_rfm COMPUTE STATISTICS FOR COLUMNS;

-- marts.interactions: rows and bytes.
ANALYZE TABLE ecommerce.interactions COMPUTE STATISTICS;

-- marts.interactions: values, NULLs and bounds; by these the order of joins is chosen.
ANALYZE TABLE ecommerce.interactions COMPUTE STATISTICS FOR COLUMNS;

-- marts.mv_daily_revenue_by_category: rows and bytes.
ANALYZE TABLE ecommerce.mv_daily_revenue_by_category COMPUTE STATISTICS;

-- marts.mv_daily_revenue_by_category: values, NULLs and bounds; by these the order of joins is chosen.
ANALYZE TABLE ecommerce.mv_daily_revenue_by_category COMPUTE STATISTICS FOR COLUMNS;

-- marts.product_leaderboard: rows and bytes.
ANALYZE TABLE ecommerce.product_leaderboard COMPUTE STATISTICS;

-- marts.product_leaderboard: values, NULLs and bounds; by these the order of joins is chosen.
ANALYZE TABLE ecommerce.product_leaderboard COMPUTE STATISTICS FOR COLUMNS;

-- marts.revenue_hourly: rows and bytes.
ANALYZE TABLE ecommerce.revenue_hourly COMPUTE STATISTICS;

-- marts.revenue_hourly: values, NULLs and bounds; by these the order of joins is chosen.
ANALYZE TABLE ecommerce.revenue_hourly COMPUTE STATISTICS FOR COLUMNS;

-- marts.abandoned_carts: rows and bytes.
ANALYZE TABLE ecommerce.abandoned_carts COMPUTE STATISTICS;

-- marts.abandoned_carts: values, NULLs and bounds; by these the order of joins is chosen.
ANALYZE TABLE ecommerce.abandoned_carts COMPUTE STATISTICS FOR COLUMNS;

-- marts.conversion_funnel: rows and bytes.
ANALYZE TABLE ecommerce.conversion_funnel COMPUTE STATISTICS;

-- marts.conversion_funnel: values, NULLs and bounds; by these the order of joins is chosen.
ANALYZE TABLE ecommerce.conversion_funnel COMPUTE STATISTICS FOR COLUMNS;

-- marts.churn_features: rows and bytes.
ANALYZE TABLE ecommerce.churn_features COMPUTE STATISTICS;

-- marts.churn_features: values, NULLs and bounds; by these the order of joins is chosen.
ANALYZE TABLE ecommerce.churn_features COMPUTE STATISTICS FOR COLUMNS;
