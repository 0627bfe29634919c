-- What the Pig scripts wrote, in the types of the contracts, for duckdb. Run it where clean_pig/ lies, or put the path
-- before it. Made by `make render` from contracts/clean: change that.
CREATE OR REPLACE TEMPORARY VIEW clean_clickstream AS
SELECT
    event_id AS event_id,
    event_type AS event_type,
    MAKE_TIMESTAMP(event_ts) AS event_ts,
    event_us AS event_us,
    DATE '1970-01-01' + CAST(event_date AS INTEGER) AS event_date,
    event_hour AS event_hour,
    visitor_id AS visitor_id,
    user_id AS user_id,
    session_id AS session_id,
    product_id AS product_id,
    quantity AS quantity,
    CAST(CAST(unit_price AS DECIMAL(19, 0)) * CAST(0.0001 AS DECIMAL(4, 4)) AS DECIMAL(18,4)) AS unit_price,
    currency AS currency,
    transaction_id AS transaction_id,
    search_query AS search_query,
    page_url AS page_url,
    referrer AS referrer,
    utm_source AS utm_source,
    utm_medium AS utm_medium,
    utm_campaign AS utm_campaign,
    device_type AS device_type,
    user_agent AS user_agent,
    ip_address AS ip_address,
    country AS country,
    CAST(ds AS DATE) AS ds
FROM read_parquet('clean_pig/clickstream/clean/part-*.parquet');

CREATE OR REPLACE TEMPORARY VIEW clean_transactions AS
SELECT
    transaction_id AS transaction_id,
    line_number AS line_number,
    line_type AS line_type,
    user_id AS user_id,
    email AS email,
    visitor_id AS visitor_id,
    product_id AS product_id,
    quantity AS quantity,
    CAST(CAST(unit_price AS DECIMAL(19, 0)) * CAST(0.0001 AS DECIMAL(4, 4)) AS DECIMAL(18,4)) AS unit_price,
    CAST(CAST(discount_amount AS DECIMAL(19, 0)) * CAST(0.0001 AS DECIMAL(4, 4)) AS DECIMAL(18,4)) AS discount_amount,
    CAST(CAST(tax_amount AS DECIMAL(19, 0)) * CAST(0.0001 AS DECIMAL(4, 4)) AS DECIMAL(18,4)) AS tax_amount,
    CAST(CAST(shipping_amount AS DECIMAL(19, 0)) * CAST(0.0001 AS DECIMAL(4, 4)) AS DECIMAL(18,4)) AS shipping_amount,
    CAST(CAST(total_amount AS DECIMAL(19, 0)) * CAST(0.0001 AS DECIMAL(4, 4)) AS DECIMAL(18,4)) AS total_amount,
    currency AS currency,
    coupon_code AS coupon_code,
    payment_method AS payment_method,
    card_last4 AS card_last4,
    status AS status,
    order_source AS order_source,
    ship_city AS ship_city,
    ship_region AS ship_region,
    ship_postal_code AS ship_postal_code,
    ship_country AS ship_country,
    MAKE_TIMESTAMP(ordered_at) AS ordered_at,
    ordered_us AS ordered_us,
    DATE '1970-01-01' + CAST(order_date AS INTEGER) AS order_date,
    order_hour AS order_hour,
    MAKE_TIMESTAMP(updated_at) AS updated_at,
    updated_us AS updated_us,
    CAST(ds AS DATE) AS ds
FROM read_parquet('clean_pig/transactions/clean/part-*.parquet');

CREATE OR REPLACE TEMPORARY VIEW rejected_clickstream AS
SELECT
    reject_reason AS reject_reason,
    reject_column AS reject_column,
    raw_text AS raw_text,
    source_file AS source_file,
    CAST(ds AS DATE) AS ds
FROM read_parquet('clean_pig/clickstream/rejected/part-*.parquet');

CREATE OR REPLACE TEMPORARY VIEW rejected_transactions AS
SELECT
    reject_reason AS reject_reason,
    reject_column AS reject_column,
    raw_text AS raw_text,
    source_file AS source_file,
    CAST(ds AS DATE) AS ds
FROM read_parquet('clean_pig/transactions/rejected/part-*.parquet');
