-- Impala's tables: external ones, over the files that Hive and Spark wrote.
-- Made by `make render`; do not edit. Parsed by two Impala grammars, not executed here.
--
-- impala-shell --var=lake=hdfs://namenode:8020/ecommerce --var=warehouse=hdfs://namenode:8020/warehouse -f impala_ddl.sql
--
-- Impala and Hive share a metastore: where Hive's own files have made the tables, each statement here finds its table and does
-- nothing. It is for an Impala that comes first, or has a metastore of its own. Dropping one of these tables drops no file.
-- Hive's buckets are not said: Impala reads the files and makes no use of them. Hive's materialized view is a table here.
-- ORC is read by Impala and not written by it: core and marts are written by Hive or Spark, and refreshed here.

-- Databases: core and marts share one.
CREATE DATABASE IF NOT EXISTS ecommerce_ref;
CREATE DATABASE IF NOT EXISTS ecommerce_clean;
CREATE DATABASE IF NOT EXISTS ecommerce;
CREATE DATABASE IF NOT EXISTS ecommerce_live;

-- ref, stored as PARQUET.
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce_ref.dates (
    calendar_date DATE,
    `year` BIGINT,
    quarter BIGINT,
    `month` BIGINT,
    day_of_month BIGINT,
    month_start DATE,
    iso_year BIGINT,
    iso_week BIGINT,
    weekday BIGINT,
    is_weekend BOOLEAN,
    is_holiday BOOLEAN,
    holiday_name STRING,
    day_start_us BIGINT,
    day_end_us BIGINT
)
COMMENT 'a day, 2000-01-01 to 2050-12-31'
STORED AS PARQUET
LOCATION '${var:lake}/ref/dates';
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce_ref.enums (
    enum_name STRING,
    enum_value STRING
)
COMMENT 'a value of an enum'
STORED AS PARQUET
LOCATION '${var:lake}/ref/enums';
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce_ref.run (
    as_of DATE,
    as_of_us BIGINT
)
COMMENT 'the build; one row'
STORED AS PARQUET
LOCATION '${var:lake}/ref/run';
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce_ref.shop (
    shop_timezone STRING,
    shop_currency STRING
)
COMMENT 'the shop; one row'
STORED AS PARQUET
LOCATION '${var:lake}/ref/shop';
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce_ref.user_agents (
    user_agent STRING,
    is_bot BOOLEAN,
    bot_reason STRING,
    browser STRING,
    os STRING,
    device_family STRING
)
COMMENT 'a distinct user agent'
STORED AS PARQUET
LOCATION '${var:lake}/ref/user_agents';
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce_ref.zone_days (
    utc_day BIGINT,
    change_us BIGINT,
    before_us BIGINT,
    after_us BIGINT
)
COMMENT 'a day of UTC, 2000 to 2050'
STORED AS PARQUET
LOCATION '${var:lake}/ref/zone_days';

-- clean, stored as PARQUET.
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce_clean.clickstream (
    event_id STRING,
    event_type STRING,
    event_ts TIMESTAMP,
    event_us BIGINT,
    event_date DATE,
    event_hour BIGINT,
    visitor_id STRING,
    user_id STRING,
    session_id STRING,
    product_id STRING,
    quantity BIGINT,
    unit_price DECIMAL(18,4),
    currency STRING,
    transaction_id STRING,
    search_query STRING,
    page_url STRING,
    referrer STRING,
    utm_source STRING,
    utm_medium STRING,
    utm_campaign STRING,
    device_type STRING,
    user_agent STRING,
    ip_address STRING,
    country STRING
)
PARTITIONED BY (ds DATE)
COMMENT 'one event'
STORED AS PARQUET
LOCATION '${var:lake}/clean/clickstream';
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce_clean.products (
    product_id STRING,
    name STRING,
    category STRING,
    subcategory STRING,
    brand STRING,
    list_price DECIMAL(18,4),
    cost_price DECIMAL(18,4),
    currency STRING,
    rating DECIMAL(18,4),
    review_count BIGINT,
    stock_quantity BIGINT,
    warranty_months BIGINT,
    weight_grams BIGINT,
    is_active BOOLEAN,
    updated_at TIMESTAMP,
    updated_us BIGINT
)
PARTITIONED BY (ds DATE)
COMMENT 'a catalogue entry as of updated_at'
STORED AS PARQUET
LOCATION '${var:lake}/clean/products';
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce_clean.refunds (
    refund_id STRING,
    line_number BIGINT,
    line_type STRING,
    transaction_id STRING,
    transaction_line_number BIGINT,
    user_id STRING,
    product_id STRING,
    quantity BIGINT,
    unit_price DECIMAL(18,4),
    amount DECIMAL(18,4),
    tax_amount DECIMAL(18,4),
    currency STRING,
    reason STRING,
    payment_method STRING,
    ship_country STRING,
    refunded_at TIMESTAMP,
    refunded_us BIGINT,
    refund_date DATE,
    updated_at TIMESTAMP,
    updated_us BIGINT
)
PARTITIONED BY (ds DATE)
COMMENT 'one line of one refund as of updated_at'
STORED AS PARQUET
LOCATION '${var:lake}/clean/refunds';
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce_clean.transactions (
    transaction_id STRING,
    line_number BIGINT,
    line_type STRING,
    user_id STRING,
    email STRING,
    visitor_id STRING,
    product_id STRING,
    quantity BIGINT,
    unit_price DECIMAL(18,4),
    discount_amount DECIMAL(18,4),
    tax_amount DECIMAL(18,4),
    shipping_amount DECIMAL(18,4),
    total_amount DECIMAL(18,4),
    currency STRING,
    coupon_code STRING,
    payment_method STRING,
    card_last4 STRING,
    status STRING,
    order_source STRING,
    ship_city STRING,
    ship_region STRING,
    ship_postal_code STRING,
    ship_country STRING,
    ordered_at TIMESTAMP,
    ordered_us BIGINT,
    order_date DATE,
    order_hour BIGINT,
    updated_at TIMESTAMP,
    updated_us BIGINT
)
PARTITIONED BY (ds DATE)
COMMENT 'one line of one order as of updated_at'
STORED AS PARQUET
LOCATION '${var:lake}/clean/transactions';
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce_clean.users (
    user_id STRING,
    email STRING,
    phone STRING,
    first_name STRING,
    last_name STRING,
    gender STRING,
    birth_date DATE,
    street STRING,
    city STRING,
    region STRING,
    postal_code STRING,
    country STRING,
    registered_at TIMESTAMP,
    accepts_marketing BOOLEAN,
    acquisition_channel STRING,
    customer_segment STRING,
    lifetime_value DECIMAL(18,4),
    currency STRING,
    updated_at TIMESTAMP,
    updated_us BIGINT
)
PARTITIONED BY (ds DATE)
COMMENT 'a profile as of updated_at'
STORED AS PARQUET
LOCATION '${var:lake}/clean/users';

-- core, stored as ORC.
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce.dim_date (
    calendar_date DATE,
    `year` BIGINT,
    quarter BIGINT,
    `month` BIGINT,
    day_of_month BIGINT,
    month_start DATE,
    iso_year BIGINT,
    iso_week BIGINT,
    weekday BIGINT,
    is_weekend BOOLEAN,
    is_holiday BOOLEAN,
    holiday_name STRING
)
COMMENT 'a day'
STORED AS ORC
LOCATION '${var:warehouse}/ecommerce.db/dim_date';
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce.dim_products (
    product_key STRING,
    product_id STRING,
    valid_from TIMESTAMP,
    valid_to TIMESTAMP,
    is_current BOOLEAN,
    name STRING,
    category STRING,
    list_price DECIMAL(18,4),
    cost_price DECIMAL(18,4),
    is_active BOOLEAN,
    subcategory STRING,
    brand STRING,
    currency STRING,
    rating DECIMAL(18,4),
    review_count BIGINT,
    stock_quantity BIGINT,
    warranty_months BIGINT,
    weight_grams BIGINT
)
COMMENT 'a version of a product (SCD type 2)'
STORED AS ORC
LOCATION '${var:warehouse}/ecommerce.db/dim_products';
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce.dim_user_agents (
    user_agent STRING,
    is_bot BOOLEAN,
    bot_reason STRING,
    browser STRING,
    os STRING,
    device_family STRING
)
COMMENT 'a distinct user agent'
STORED AS ORC
LOCATION '${var:warehouse}/ecommerce.db/dim_user_agents';
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce.dim_users (
    user_key STRING,
    user_id STRING,
    valid_from TIMESTAMP,
    valid_to TIMESTAMP,
    is_current BOOLEAN,
    email STRING,
    customer_segment STRING,
    street STRING,
    city STRING,
    region STRING,
    postal_code STRING,
    country STRING,
    accepts_marketing BOOLEAN,
    phone STRING,
    first_name STRING,
    last_name STRING,
    gender STRING,
    birth_date DATE,
    registered_at TIMESTAMP,
    acquisition_channel STRING,
    lifetime_value DECIMAL(18,4),
    currency STRING
)
COMMENT 'a version of a user (SCD type 2)'
STORED AS ORC
LOCATION '${var:warehouse}/ecommerce.db/dim_users';
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce.dim_visitors (
    visitor_id STRING,
    user_id STRING,
    users_seen BIGINT,
    first_seen TIMESTAMP,
    last_seen TIMESTAMP,
    event_count BIGINT
)
COMMENT 'a visitor (cookie)'
STORED AS ORC
LOCATION '${var:warehouse}/ecommerce.db/dim_visitors';
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce.fact_clickstream (
    event_id STRING,
    event_type STRING,
    event_ts TIMESTAMP,
    event_us BIGINT,
    event_hour BIGINT,
    visitor_id STRING,
    user_id STRING,
    user_key STRING,
    session_key STRING,
    product_id STRING,
    product_key STRING,
    quantity BIGINT,
    unit_price DECIMAL(18,4),
    currency STRING,
    transaction_id STRING,
    search_query STRING,
    page_url STRING,
    referrer STRING,
    utm_source STRING,
    utm_medium STRING,
    utm_campaign STRING,
    device_type STRING,
    user_agent STRING,
    ip_address STRING,
    country STRING
)
PARTITIONED BY (event_date DATE)
COMMENT 'an event'
STORED AS ORC
LOCATION '${var:warehouse}/ecommerce.db/fact_clickstream';
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce.fact_refund_states (
    refund_id STRING,
    line_number BIGINT,
    line_type STRING,
    transaction_id STRING,
    transaction_line_number BIGINT,
    user_id STRING,
    user_key STRING,
    product_id STRING,
    product_key STRING,
    quantity BIGINT,
    unit_price DECIMAL(18,4),
    amount DECIMAL(18,4),
    tax_amount DECIMAL(18,4),
    currency STRING,
    reason STRING,
    payment_method STRING,
    ship_country STRING,
    refunded_at TIMESTAMP,
    refunded_us BIGINT,
    updated_at TIMESTAMP,
    valid_from_us BIGINT,
    valid_to_us BIGINT,
    is_current BOOLEAN
)
PARTITIONED BY (refund_date DATE)
COMMENT 'a state of a refund line, from updated_at'
STORED AS ORC
LOCATION '${var:warehouse}/ecommerce.db/fact_refund_states';
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce.fact_refunds (
    refund_id STRING,
    line_number BIGINT,
    line_type STRING,
    transaction_id STRING,
    transaction_line_number BIGINT,
    user_id STRING,
    user_key STRING,
    product_id STRING,
    product_key STRING,
    quantity BIGINT,
    unit_price DECIMAL(18,4),
    amount DECIMAL(18,4),
    tax_amount DECIMAL(18,4),
    currency STRING,
    reason STRING,
    payment_method STRING,
    ship_country STRING,
    refunded_at TIMESTAMP,
    refunded_us BIGINT,
    updated_at TIMESTAMP
)
PARTITIONED BY (refund_date DATE)
COMMENT 'a refund line'
STORED AS ORC
LOCATION '${var:warehouse}/ecommerce.db/fact_refunds';
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce.fact_sessions (
    session_key STRING,
    visitor_id STRING,
    user_id STRING,
    started_at TIMESTAMP,
    ended_at TIMESTAMP,
    started_us BIGINT,
    ended_us BIGINT,
    duration_seconds BIGINT,
    channel STRING,
    utm_source STRING,
    utm_campaign STRING,
    device_type STRING,
    country STRING,
    landing_page STRING,
    event_count BIGINT,
    view_count BIGINT,
    search_count BIGINT,
    cart_count BIGINT,
    checkout_count BIGINT,
    purchase_count BIGINT,
    purchase_amount DECIMAL(18,4),
    currency STRING,
    is_bounce BOOLEAN,
    is_suspected_bot BOOLEAN
)
PARTITIONED BY (session_date DATE)
COMMENT 'a session'
STORED AS ORC
LOCATION '${var:warehouse}/ecommerce.db/fact_sessions';
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce.fact_transaction_states (
    transaction_id STRING,
    line_number BIGINT,
    line_type STRING,
    user_id STRING,
    user_key STRING,
    visitor_id STRING,
    product_id STRING,
    product_key STRING,
    quantity BIGINT,
    unit_price DECIMAL(18,4),
    line_amount DECIMAL(18,4),
    gross_amount DECIMAL(18,4),
    discount_amount DECIMAL(18,4),
    tax_amount DECIMAL(18,4),
    shipping_amount DECIMAL(18,4),
    total_amount DECIMAL(18,4),
    net_amount DECIMAL(18,4),
    cost_amount DECIMAL(18,4),
    profit_amount DECIMAL(18,4),
    currency STRING,
    coupon_code STRING,
    payment_method STRING,
    card_last4 STRING,
    status STRING,
    is_sale BOOLEAN,
    order_source STRING,
    ship_city STRING,
    ship_region STRING,
    ship_postal_code STRING,
    ship_country STRING,
    ordered_at TIMESTAMP,
    ordered_us BIGINT,
    order_hour BIGINT,
    updated_at TIMESTAMP,
    valid_from_us BIGINT,
    valid_to_us BIGINT,
    is_current BOOLEAN
)
PARTITIONED BY (order_date DATE)
COMMENT 'a state of an order line, from updated_at'
STORED AS ORC
LOCATION '${var:warehouse}/ecommerce.db/fact_transaction_states';
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce.fact_transactions (
    transaction_id STRING,
    line_number BIGINT,
    line_type STRING,
    user_id STRING,
    user_key STRING,
    visitor_id STRING,
    product_id STRING,
    product_key STRING,
    quantity BIGINT,
    unit_price DECIMAL(18,4),
    line_amount DECIMAL(18,4),
    gross_amount DECIMAL(18,4),
    discount_amount DECIMAL(18,4),
    tax_amount DECIMAL(18,4),
    shipping_amount DECIMAL(18,4),
    total_amount DECIMAL(18,4),
    net_amount DECIMAL(18,4),
    cost_amount DECIMAL(18,4),
    profit_amount DECIMAL(18,4),
    currency STRING,
    coupon_code STRING,
    payment_method STRING,
    card_last4 STRING,
    status STRING,
    is_sale BOOLEAN,
    order_source STRING,
    ship_city STRING,
    ship_region STRING,
    ship_postal_code STRING,
    ship_country STRING,
    ordered_at TIMESTAMP,
    ordered_us BIGINT,
    order_hour BIGINT,
    updated_at TIMESTAMP
)
PARTITIONED BY (order_date DATE)
COMMENT "an order line's newest state"
STORED AS ORC
LOCATION '${var:warehouse}/ecommerce.db/fact_transactions';

-- marts, stored as ORC.
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce.abandoned_carts (
    as_of DATE,
    session_key STRING,
    currency STRING,
    visitor_id STRING,
    user_id STRING,
    cart_date DATE,
    ended_at TIMESTAMP,
    device_type STRING,
    left_product_count BIGINT,
    left_unit_count BIGINT,
    left_amount DECIMAL(18,4),
    recovered_amount DECIMAL(18,4),
    is_recovered BOOLEAN
)
COMMENT 'a session that left something in the cart x currency'
STORED AS ORC
LOCATION '${var:warehouse}/ecommerce.db/abandoned_carts';
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce.agg_daily_sales (
    as_of DATE,
    order_date DATE,
    currency STRING,
    order_count BIGINT,
    unit_count BIGINT,
    gross_amount DECIMAL(18,4),
    discount_amount DECIMAL(18,4),
    net_amount DECIMAL(18,4),
    tax_amount DECIMAL(18,4),
    shipping_amount DECIMAL(18,4),
    fee_amount DECIMAL(18,4),
    adjustment_amount DECIMAL(18,4),
    refund_count BIGINT,
    refund_amount DECIMAL(18,4),
    cancelled_order_count BIGINT,
    cancelled_amount DECIMAL(18,4)
)
COMMENT 'a day x currency'
STORED AS ORC
LOCATION '${var:warehouse}/ecommerce.db/agg_daily_sales';
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce.agg_user_metrics (
    as_of DATE,
    user_id STRING,
    currency STRING,
    first_order_date DATE,
    last_order_date DATE,
    recency_days BIGINT,
    order_count BIGINT,
    unit_count BIGINT,
    gross_amount DECIMAL(18,4),
    discount_amount DECIMAL(18,4),
    net_amount DECIMAL(18,4),
    refund_amount DECIMAL(18,4),
    average_order_amount DECIMAL(18,4),
    lifetime_value_computed DECIMAL(18,4)
)
COMMENT 'a user x currency'
STORED AS ORC
LOCATION '${var:warehouse}/ecommerce.db/agg_user_metrics';
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce.churn_features (
    as_of DATE,
    user_id STRING,
    currency STRING,
    recency_days BIGINT,
    order_count BIGINT,
    net_amount DECIMAL(18,4),
    tenure_days BIGINT,
    mean_gap_days DECIMAL(18,6),
    gap_trend DECIMAL(18,6),
    average_order_amount DECIMAL(18,4),
    units_per_order DECIMAL(18,6),
    category_count BIGINT,
    discount_share DECIMAL(18,6),
    refund_share DECIMAL(18,6),
    session_count BIGINT,
    active_days BIGINT,
    views_per_session DECIMAL(18,6),
    cart_count BIGINT,
    abandoned_cart_share DECIMAL(18,6),
    mobile_share DECIMAL(18,6),
    weekend_or_night_share DECIMAL(18,6)
)
COMMENT 'a user with a sale before as_of'
STORED AS ORC
LOCATION '${var:warehouse}/ecommerce.db/churn_features';
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce.conversion_funnel (
    as_of DATE,
    session_date DATE,
    channel STRING,
    device_type STRING,
    session_count BIGINT,
    viewed_count BIGINT,
    carted_count BIGINT,
    checked_out_count BIGINT,
    purchased_count BIGINT,
    buy_now_count BIGINT,
    conversion_ratio DECIMAL(18,6)
)
COMMENT 'a day x channel x device type'
STORED AS ORC
LOCATION '${var:warehouse}/ecommerce.db/conversion_funnel';
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce.customer_rfm (
    as_of DATE,
    user_id STRING,
    currency STRING,
    recency_days BIGINT,
    order_count BIGINT,
    monetary_amount DECIMAL(18,4),
    recency_score BIGINT,
    frequency_score BIGINT,
    monetary_score BIGINT,
    rfm_segment STRING
)
COMMENT 'a user x currency with a sale'
STORED AS ORC
LOCATION '${var:warehouse}/ecommerce.db/customer_rfm';
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce.interactions (
    as_of DATE,
    user_id STRING,
    product_id STRING,
    view_count BIGINT,
    cart_count BIGINT,
    purchase_count BIGINT,
    unit_count BIGINT,
    last_interaction_us BIGINT
)
COMMENT 'a user x product'
STORED AS ORC
LOCATION '${var:warehouse}/ecommerce.db/interactions';
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce.known_sessions (
    as_of DATE,
    session_key STRING,
    session_date DATE,
    visitor_id STRING,
    user_id STRING,
    ended_at TIMESTAMP,
    ended_us BIGINT,
    channel STRING,
    device_type STRING,
    event_count BIGINT,
    view_count BIGINT,
    cart_count BIGINT,
    checkout_count BIGINT,
    purchase_count BIGINT,
    is_suspected_bot BOOLEAN
)
COMMENT 'a session as known on as_of'
STORED AS ORC
LOCATION '${var:warehouse}/ecommerce.db/known_sessions';
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce.mv_daily_revenue_by_category (
    as_of DATE,
    order_date DATE,
    category STRING,
    currency STRING,
    order_count BIGINT,
    unit_count BIGINT,
    gross_amount DECIMAL(18,4),
    discount_amount DECIMAL(18,4),
    net_amount DECIMAL(18,4),
    profit_amount DECIMAL(18,4)
)
COMMENT 'a day x category x currency, product lines only'
STORED AS ORC
LOCATION '${var:warehouse}/ecommerce.db/mv_daily_revenue_by_category';
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce.order_lines (
    as_of DATE,
    transaction_id STRING,
    line_number BIGINT,
    line_type STRING,
    user_id STRING,
    visitor_id STRING,
    product_id STRING,
    category STRING,
    quantity BIGINT,
    unit_price DECIMAL(18,4),
    line_amount DECIMAL(18,4),
    gross_amount DECIMAL(18,4),
    discount_amount DECIMAL(18,4),
    tax_amount DECIMAL(18,4),
    shipping_amount DECIMAL(18,4),
    net_amount DECIMAL(18,4),
    cost_amount DECIMAL(18,4),
    profit_amount DECIMAL(18,4),
    currency STRING,
    status STRING,
    is_sale BOOLEAN,
    order_source STRING,
    ship_country STRING,
    ordered_us BIGINT,
    order_date DATE,
    order_hour BIGINT
)
COMMENT 'an order line as known on as_of'
STORED AS ORC
LOCATION '${var:warehouse}/ecommerce.db/order_lines';
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce.product_leaderboard (
    as_of DATE,
    period_days BIGINT,
    product_id STRING,
    currency STRING,
    revenue_rank BIGINT,
    name STRING,
    category STRING,
    order_count BIGINT,
    unit_count BIGINT,
    gross_amount DECIMAL(18,4),
    net_amount DECIMAL(18,4),
    profit_amount DECIMAL(18,4),
    view_count BIGINT,
    cart_count BIGINT,
    click_purchase_count BIGINT,
    view_to_purchase_ratio DECIMAL(18,6)
)
COMMENT 'a product x currency, over the 30 days before as_of'
STORED AS ORC
LOCATION '${var:warehouse}/ecommerce.db/product_leaderboard';
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce.revenue_hourly (
    as_of DATE,
    order_date DATE,
    order_hour BIGINT,
    currency STRING,
    order_count BIGINT,
    unit_count BIGINT,
    gross_amount DECIMAL(18,4),
    net_amount DECIMAL(18,4)
)
COMMENT 'an hour of a day x currency'
STORED AS ORC
LOCATION '${var:warehouse}/ecommerce.db/revenue_hourly';
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce.visitor_users (
    as_of DATE,
    visitor_id STRING,
    user_id STRING
)
COMMENT 'a visitor on which exactly one user was seen before as_of'
STORED AS ORC
LOCATION '${var:warehouse}/ecommerce.db/visitor_users';

-- The days of the facts that lie there already. Not those of clean: a folder of a day there holds former contents beside the
-- present one (b=...), and the build tells the metastore which it is.
ALTER TABLE ecommerce.fact_clickstream RECOVER PARTITIONS;
ALTER TABLE ecommerce.fact_refund_states RECOVER PARTITIONS;
ALTER TABLE ecommerce.fact_refunds RECOVER PARTITIONS;
ALTER TABLE ecommerce.fact_sessions RECOVER PARTITIONS;
ALTER TABLE ecommerce.fact_transaction_states RECOVER PARTITIONS;
ALTER TABLE ecommerce.fact_transactions RECOVER PARTITIONS;
