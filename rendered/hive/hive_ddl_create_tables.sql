-- Databases and tables. Run once; what is there already stays.
-- Made by `make render` from contracts/ and warehouse/: change those, not this.
--
-- beeline -u ... --hivevar lake=hdfs://namenode:8020/ecommerce --hivevar buckets=4 -f hive_ddl_create_tables.sql
-- lake: the folder that holds clean/<table>/ds=D/ and ref/<table>/, such as `shoplake export` writes.
-- buckets: files of a day of a fact; as many as make files of about 256 MB, 1 for a small shop.

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

-- A place for each layer.
CREATE DATABASE IF NOT EXISTS ecommerce_ref;

-- A place for each layer.
CREATE DATABASE IF NOT EXISTS ecommerce_clean;

-- A place for each layer.
CREATE DATABASE IF NOT EXISTS ecommerce;

-- ref.dates: a day, 2000-01-01 to 2050-12-31. Hive reads the lake's files and never writes them.
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce_ref.dates (
    calendar_date DATE,
    year BIGINT,
    quarter BIGINT,
    month BIGINT,
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
STORED AS PARQUET
LOCATION '${hivevar:lake}/ref/dates';

-- ref.enums: a value of an enum. Hive reads the lake's files and never writes them.
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce_ref.enums (
    enum_name STRING,
    enum_value STRING
)
STORED AS PARQUET
LOCATION '${hivevar:lake}/ref/enums';

-- ref.run: the build; one row. Hive reads the lake's files and never writes them.
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce_ref.run (
    as_of DATE,
    as_of_us BIGINT
)
STORED AS PARQUET
LOCATION '${hivevar:lake}/ref/run';

-- ref.shop: the shop; one row. Hive reads the lake's files and never writes them.
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce_ref.shop (
    shop_timezone STRING,
    shop_currency STRING
)
STORED AS PARQUET
LOCATION '${hivevar:lake}/ref/shop';

-- ref.user_agents: a distinct user agent. Hive reads the lake's files and never writes them.
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce_ref.user_agents (
    user_agent STRING,
    is_bot BOOLEAN,
    bot_reason STRING,
    browser STRING,
    os STRING,
    device_family STRING
)
STORED AS PARQUET
LOCATION '${hivevar:lake}/ref/user_agents';

-- ref.zone_days: a day of UTC, 2000 to 2050. Hive reads the lake's files and never writes them.
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce_ref.zone_days (
    utc_day BIGINT,
    change_us BIGINT,
    before_us BIGINT,
    after_us BIGINT
)
STORED AS PARQUET
LOCATION '${hivevar:lake}/ref/zone_days';

-- clean.clickstream: one event. Hive reads the lake's files and never writes them.
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
STORED AS PARQUET
LOCATION '${hivevar:lake}/clean/clickstream';

-- clean.products: a catalogue entry as of updated_at. Hive reads the lake's files and never writes them.
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
STORED AS PARQUET
LOCATION '${hivevar:lake}/clean/products';

-- clean.refunds: one line of one refund as of updated_at. Hive reads the lake's files and never writes them.
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
STORED AS PARQUET
LOCATION '${hivevar:lake}/clean/refunds';

-- clean.transactions: one line of one order as of updated_at. Hive reads the lake's files and never writes them.
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
STORED AS PARQUET
LOCATION '${hivevar:lake}/clean/transactions';

-- clean.users: a profile as of updated_at. Hive reads the lake's files and never writes them.
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
STORED AS PARQUET
LOCATION '${hivevar:lake}/clean/users';

-- core.dim_date: a day.
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce.dim_date (
    calendar_date DATE,
    year BIGINT,
    quarter BIGINT,
    month BIGINT,
    day_of_month BIGINT,
    month_start DATE,
    iso_year BIGINT,
    iso_week BIGINT,
    weekday BIGINT,
    is_weekend BOOLEAN,
    is_holiday BOOLEAN,
    holiday_name STRING
)
STORED AS ORC
TBLPROPERTIES ('external.table.purge' = 'true');

-- core.dim_user_agents: a distinct user agent.
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce.dim_user_agents (
    user_agent STRING,
    is_bot BOOLEAN,
    bot_reason STRING,
    browser STRING,
    os STRING,
    device_family STRING
)
STORED AS ORC
TBLPROPERTIES ('external.table.purge' = 'true');

-- core.dim_products: a version of a product (SCD type 2).
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
STORED AS ORC
TBLPROPERTIES ('external.table.purge' = 'true');

-- core.dim_users: a version of a user (SCD type 2).
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
STORED AS ORC
TBLPROPERTIES ('external.table.purge' = 'true');

-- core.fact_clickstream: an event.
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
CLUSTERED BY (event_id) INTO ${hivevar:buckets} BUCKETS
STORED AS ORC
TBLPROPERTIES ('external.table.purge' = 'true');

-- core.fact_refund_states: a state of a refund line, from updated_at.
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
CLUSTERED BY (refund_id) INTO ${hivevar:buckets} BUCKETS
STORED AS ORC
TBLPROPERTIES ('external.table.purge' = 'true');

-- core.fact_transaction_states: a state of an order line, from updated_at.
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
CLUSTERED BY (transaction_id) INTO ${hivevar:buckets} BUCKETS
STORED AS ORC
TBLPROPERTIES ('external.table.purge' = 'true');

-- core.dim_visitors: a visitor (cookie).
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce.dim_visitors (
    visitor_id STRING,
    user_id STRING,
    users_seen BIGINT,
    first_seen TIMESTAMP,
    last_seen TIMESTAMP,
    event_count BIGINT
)
STORED AS ORC
TBLPROPERTIES ('external.table.purge' = 'true');

-- core.fact_sessions: a session.
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
CLUSTERED BY (session_key) INTO ${hivevar:buckets} BUCKETS
STORED AS ORC
TBLPROPERTIES ('external.table.purge' = 'true');

-- marts.visitor_users: a visitor on which exactly one user was seen before as_of.
CREATE EXTERNAL TABLE IF NOT EXISTS ecommerce.visitor_users (
    as_of DATE,
    visitor_id STRING,
    user_id STRING
)
STORED AS ORC
TBLPROPERTIES ('external.table.purge' = 'true');

-- core.fact_refunds: a refund line.
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
CLUSTERED BY (refund_id) INTO ${hivevar:buckets} BUCKETS
STORED AS ORC
TBLPROPERTIES ('external.table.purge' = 'true');

-- core.fact_transactions: an order line's newest state.
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
CLUSTERED BY (transaction_id) INTO ${hivevar:buckets} BUCKETS
STORED AS ORC
TBLPROPERTIES ('external.table.purge' = 'true');

-- marts.order_lines: an order line as known on as_of.
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
STORED AS ORC
TBLPROPERTIES ('external.table.purge' = 'true');

-- marts.known_sessions: a session as known on as_of.
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
STORED AS ORC
TBLPROPERTIES ('external.table.purge' = 'true');

-- marts.agg_daily_sales: a day x currency.
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
STORED AS ORC
TBLPROPERTIES ('external.table.purge' = 'true');

-- marts.agg_user_metrics: a user x currency.
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
STORED AS ORC
TBLPROPERTIES ('external.table.purge' = 'true');

-- marts.customer_rfm: a user x currency with a sale.
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
STORED AS ORC
TBLPROPERTIES ('external.table.purge' = 'true');

-- marts.interactions: a user x product.
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
STORED AS ORC
TBLPROPERTIES ('external.table.purge' = 'true');

-- marts.mv_daily_revenue_by_category: a day x category x currency, product lines only. Empty until hive_marts.sql rebuilds it.
CREATE MATERIALIZED VIEW IF NOT EXISTS ecommerce.mv_daily_revenue_by_category
DISABLE REWRITE
STORED AS ORC
AS
SELECT
    CAST(m.as_of AS DATE) AS as_of,
    CAST(m.order_date AS DATE) AS order_date,
    CAST(m.category AS STRING) AS category,
    CAST(m.currency AS STRING) AS currency,
    CAST(m.order_count AS BIGINT) AS order_count,
    CAST(m.unit_count AS BIGINT) AS unit_count,
    CAST(m.gross_amount AS DECIMAL(18,4)) AS gross_amount,
    CAST(m.discount_amount AS DECIMAL(18,4)) AS discount_amount,
    CAST(m.net_amount AS DECIMAL(18,4)) AS net_amount,
    CAST(m.profit_amount AS DECIMAL(18,4)) AS profit_amount
FROM (
    SELECT
      MAX(l.as_of) AS as_of,
      l.order_date,
      COALESCE(l.category, 'unknown') AS category,
      l.currency,
      COUNT(DISTINCT l.transaction_id) AS order_count,
      SUM(l.quantity) AS unit_count,
      SUM(l.gross_amount) AS gross_amount,
      SUM(l.discount_amount) AS discount_amount,
      SUM(l.net_amount) AS net_amount,
      SUM(l.profit_amount) AS profit_amount
    FROM ecommerce.order_lines AS l
    WHERE
      l.is_sale AND l.line_type = 'product'
    GROUP BY
      l.order_date,
      COALESCE(l.category, 'unknown'),
      l.currency
) AS m;

-- marts.product_leaderboard: a product x currency, over the 30 days before as_of.
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
STORED AS ORC
TBLPROPERTIES ('external.table.purge' = 'true');

-- marts.revenue_hourly: an hour of a day x currency.
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
STORED AS ORC
TBLPROPERTIES ('external.table.purge' = 'true');

-- marts.abandoned_carts: a session that left something in the cart x currency.
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
STORED AS ORC
TBLPROPERTIES ('external.table.purge' = 'true');

-- marts.conversion_funnel: a day x channel x device type.
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
STORED AS ORC
TBLPROPERTIES ('external.table.purge' = 'true');

-- marts.churn_features: a user with a sale before as_of.
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
STORED AS ORC
TBLPROPERTIES ('external.table.purge' = 'true');
