-- What the planner should know of the tables.
-- Made by `make render` from contracts/ and warehouse/: change those, not this.
--
-- beeline -u ... -f hive_statistics.sql
-- After the first load, and when tables have grown much: it reads them whole. Each INSERT keeps the statistics of what it writes.

-- What these statements need of a session.
SET hive.exec.dynamic.partition.mode=nonstrict;
SET hive.exec.max.dynamic.partitions=20000;
SET hive.exec.max.dynamic.partitions.pernode=20000;
SET hive.optimize.sort.dynamic.partition.threshold=1;
SET hive.groupby.position.alias=true;
SET hive.local.time.zone=UTC;
SET hive.compute.query.using.stats=false;

-- core.dim_date: rows and bytes, then values, NULLs and bounds of each column.
ANALYZE TABLE ecommerce.dim_date COMPUTE STATISTICS;

-- core.dim_date: by these the order of joins is chosen.
ANALYZE TABLE ecommerce.dim_date COMPUTE STATISTICS FOR COLUMNS;

-- core.dim_user_agents: rows and bytes, then values, NULLs and bounds of each column.
ANALYZE TABLE ecommerce.dim_user_agents COMPUTE STATISTICS;

-- core.dim_user_agents: by these the order of joins is chosen.
ANALYZE TABLE ecommerce.dim_user_agents COMPUTE STATISTICS FOR COLUMNS;

-- core.dim_products: rows and bytes, then values, NULLs and bounds of each column.
ANALYZE TABLE ecommerce.dim_products COMPUTE STATISTICS;

-- core.dim_products: by these the order of joins is chosen.
ANALYZE TABLE ecommerce.dim_products COMPUTE STATISTICS FOR COLUMNS;

-- core.dim_users: rows and bytes, then values, NULLs and bounds of each column.
ANALYZE TABLE ecommerce.dim_users COMPUTE STATISTICS;

-- core.dim_users: by these the order of joins is chosen.
ANALYZE TABLE ecommerce.dim_users COMPUTE STATISTICS FOR COLUMNS;

-- core.fact_clickstream: rows and bytes, then values, NULLs and bounds of each column.
ANALYZE TABLE ecommerce.fact_clickstream PARTITION (event_date) COMPUTE STATISTICS;

-- core.fact_clickstream: by these the order of joins is chosen.
ANALYZE TABLE ecommerce.fact_clickstream PARTITION (event_date) COMPUTE STATISTICS FOR COLUMNS;

-- core.fact_refund_states: rows and bytes, then values, NULLs and bounds of each column.
ANALYZE TABLE ecommerce.fact_refund_states PARTITION (refund_date) COMPUTE STATISTICS;

-- core.fact_refund_states: by these the order of joins is chosen.
ANALYZE TABLE ecommerce.fact_refund_states PARTITION (refund_date) COMPUTE STATISTICS FOR COLUMNS;

-- core.fact_transaction_states: rows and bytes, then values, NULLs and bounds of each column.
ANALYZE TABLE ecommerce.fact_transaction_states PARTITION (order_date) COMPUTE STATISTICS;

-- core.fact_transaction_states: by these the order of joins is chosen.
ANALYZE TABLE ecommerce.fact_transaction_states PARTITION (order_date) COMPUTE STATISTICS FOR COLUMNS;

-- core.dim_visitors: rows and bytes, then values, NULLs and bounds of each column.
ANALYZE TABLE ecommerce.dim_visitors COMPUTE STATISTICS;

-- core.dim_visitors: by these the order of joins is chosen.
ANALYZE TABLE ecommerce.dim_visitors COMPUTE STATISTICS FOR COLUMNS;

-- core.fact_sessions: rows and bytes, then values, NULLs and bounds of each column.
ANALYZE TABLE ecommerce.fact_sessions PARTITION (session_date) COMPUTE STATISTICS;

-- core.fact_sessions: by these the order of joins is chosen.
ANALYZE TABLE ecommerce.fact_sessions PARTITION (session_date) COMPUTE STATISTICS FOR COLUMNS;

-- marts.visitor_users: rows and bytes, then values, NULLs and bounds of each column.
ANALYZE TABLE ecommerce.visitor_users COMPUTE STATISTICS;

-- marts.visitor_users: by these the order of joins is chosen.
ANALYZE TABLE ecommerce.visitor_users COMPUTE STATISTICS FOR COLUMNS;

-- core.fact_refunds: rows and bytes, then values, NULLs and bounds of each column.
ANALYZE TABLE ecommerce.fact_refunds PARTITION (refund_date) COMPUTE STATISTICS;

-- core.fact_refunds: by these the order of joins is chosen.
ANALYZE TABLE ecommerce.fact_refunds PARTITION (refund_date) COMPUTE STATISTICS FOR COLUMNS;

-- core.fact_transactions: rows and bytes, then values, NULLs and bounds of each column.
ANALYZE TABLE ecommerce.fact_transactions PARTITION (order_date) COMPUTE STATISTICS;

-- core.fact_transactions: by these the order of joins is chosen.
ANALYZE TABLE ecommerce.fact_transactions PARTITION (order_date) COMPUTE STATISTICS FOR COLUMNS;

-- marts.order_lines: rows and bytes, then values, NULLs and bounds of each column.
ANALYZE TABLE ecommerce.order_lines COMPUTE STATISTICS;

-- marts.order_lines: by these the order of joins is chosen.
ANALYZE TABLE ecommerce.order_lines COMPUTE STATISTICS FOR COLUMNS;

-- marts.known_sessions: rows and bytes, then values, NULLs and bounds of each column.
ANALYZE TABLE ecommerce.known_sessions COMPUTE STATISTICS;

-- marts.known_sessions: by these the order of joins is chosen.
ANALYZE TABLE ecommerce.known_sessions COMPUTE STATISTICS FOR COLUMNS;

-- marts.agg_daily_sales: rows and bytes, then values, NULLs and bounds of each column.
ANALYZE TABLE ecommerce.agg_daily_sales COMPUTE STATISTICS;

-- marts.agg_daily_sales: by these the order of joins is chosen.
ANALYZE TABLE ecommerce.agg_daily_sales COMPUTE STATISTICS FOR COLUMNS;

-- marts.agg_user_metrics: rows and bytes, then values, NULLs and bounds of each column.
ANALYZE TABLE ecommerce.agg_user_metrics COMPUTE STATISTICS;

-- marts.agg_user_metrics: by these the order of joins is chosen.
ANALYZE TABLE ecommerce.agg_user_metrics COMPUTE STATISTICS FOR COLUMNS;

-- marts.customer_rfm: rows and bytes, then values, NULLs and bounds of each column.
ANALYZE TABLE ecommerce.customer_rfm COMPUTE STATISTICS;

-- marts.customer_rfm: by these the order of joins is chosen.
ANALYZE TABLE ecommerce.customer_rfm COMPUTE STATISTICS FOR COLUMNS;

-- marts.interactions: rows and bytes, then values, NULLs and bounds of each column.
ANALYZE TABLE ecommerce.interactions COMPUTE STATISTICS;

-- marts.interactions: by these the order of joins is chosen.
ANALYZE TABLE ecommerce.interactions COMPUTE STATISTICS FOR COLUMNS;

-- marts.mv_daily_revenue_by_category: rows and bytes, then values, NULLs and bounds of each column.
ANALYZE TABLE ecommerce.mv_daily_revenue_by_category COMPUTE STATISTICS;

-- marts.mv_daily_revenue_by_category: by these the order of joins is chosen.
ANALYZE TABLE ecommerce.mv_daily_revenue_by_category COMPUTE STATISTICS FOR COLUMNS;

-- marts.product_leaderboard: rows and bytes, then values, NULLs and bounds of each column.
ANALYZE TABLE ecommerce.product_leaderboard COMPUTE STATISTICS;

-- marts.product_leaderboard: by these the order of joins is chosen.
ANALYZE TABLE ecommerce.product_leaderboard COMPUTE STATISTICS FOR COLUMNS;

-- marts.revenue_hourly: rows and bytes, then values, NULLs and bounds of each column.
ANALYZE TABLE ecommerce.revenue_hourly COMPUTE STATISTICS;

-- marts.revenue_hourly: by these the order of joins is chosen.
ANALYZE TABLE ecommerce.revenue_hourly COMPUTE STATISTICS FOR COLUMNS;

-- marts.abandoned_carts: rows and bytes, then values, NULLs and bounds of each column.
ANALYZE TABLE ecommerce.abandoned_carts COMPUTE STATISTICS;

-- marts.abandoned_carts: by these the order of joins is chosen.
ANALYZE TABLE ecommerce.abandoned_carts COMPUTE STATISTICS FOR COLUMNS;

-- marts.conversion_funnel: rows and bytes, then values, NULLs and bounds of each column.
ANALYZE TABLE ecommerce.conversion_funnel COMPUTE STATISTICS;

-- marts.conversion_funnel: by these the order of joins is chosen.
ANALYZE TABLE ecommerce.conversion_funnel COMPUTE STATISTICS FOR COLUMNS;

-- marts.churn_features: rows and bytes, then values, NULLs and bounds of each column.
ANALYZE TABLE ecommerce.churn_features COMPUTE STATISTICS;

-- marts.churn_features: by these the order of joins is chosen.
ANALYZE TABLE ecommerce.churn_features COMPUTE STATISTICS FOR COLUMNS;
