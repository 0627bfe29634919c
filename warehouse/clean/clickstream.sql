-- One row per record of raw.clickstream, typed, with the first reason that rejects it (NULL: none).
-- A robot is known by its declared user agent only; undeclared ones need more than a partition (core.fact_sessions).
WITH typed AS (
    SELECT
        tidy(r.event_id) AS event_id,
        fold(r.event_type) AS event_type,
        tidy(r.event_ts) AS event_text,
        to_time(r.event_ts) AS event_ts,
        tidy(r.visitor_id) AS visitor_id,
        tidy(r.user_id) AS user_id,
        tidy(r.session_id) AS session_id,
        tidy(r.product_id) AS product_id,
        tidy(r.quantity) AS quantity_text,
        to_int(r.quantity) AS quantity,
        tidy(r.unit_price) AS unit_price_text,
        to_decimal(r.unit_price) AS unit_price,
        COALESCE(UPPER(tidy(r.currency)), s.shop_currency) AS currency,
        tidy(r.transaction_id) AS transaction_id,
        tidy(r.search_query) AS search_query,
        tidy(r.page_url) AS page_url,
        tidy(r.referrer) AS referrer,
        fold(r.utm_source) AS utm_source,
        fold(r.utm_medium) AS utm_medium,
        tidy(r.utm_campaign) AS utm_campaign,
        fold(r.device_type) AS device_type,
        tidy(r.user_agent) AS user_agent,
        tidy(r.ip_address) AS ip_address,
        UPPER(tidy(r.country)) AS country,
        r.is_malformed,
        r.raw_text,
        r.source_file,
        r.ds
    FROM raw.clickstream AS r
    CROSS JOIN ref.shop AS s
), timed AS (
    SELECT t.*, micros(t.event_ts) AS event_us
    FROM typed AS t
), located AS (
    SELECT t.*, t.event_us + CASE WHEN t.event_us < z.change_us THEN z.before_us ELSE z.after_us END AS local_us
    FROM timed AS t
    LEFT JOIN ref.zone_days AS z ON z.utc_day = CAST(FLOOR(t.event_us / 86400000000) AS BIGINT)
)
SELECT
    t.event_id,
    t.event_type,
    t.event_ts,
    t.event_us,
    day_of(t.local_us) AS event_date,
    CAST(FLOOR(t.local_us / 3600000000) AS BIGINT) - 24 * CAST(FLOOR(t.local_us / 86400000000) AS BIGINT) AS event_hour,
    t.visitor_id,
    t.user_id,
    t.session_id,
    t.product_id,
    t.quantity,
    t.unit_price,
    t.currency,
    t.transaction_id,
    t.search_query,
    t.page_url,
    t.referrer,
    t.utm_source,
    t.utm_medium,
    t.utm_campaign,
    t.device_type,
    t.user_agent,
    t.ip_address,
    t.country,
    CASE
        WHEN t.is_malformed THEN 'malformed'
        WHEN t.event_id IS NULL THEN 'missing_required:event_id'
        WHEN t.event_text IS NULL THEN 'missing_required:event_ts'
        WHEN t.event_type IS NULL THEN 'missing_required:event_type'
        WHEN t.visitor_id IS NULL THEN 'missing_required:visitor_id'
        WHEN t.event_ts IS NULL THEN 'bad_timestamp:event_ts'
        WHEN t.event_us > d.day_end_us + 600000000 THEN 'future_timestamp:event_ts'
        WHEN t.quantity IS NULL AND t.quantity_text IS NOT NULL THEN 'bad_number:quantity'
        WHEN t.unit_price IS NULL AND t.unit_price_text IS NOT NULL THEN 'bad_number:unit_price'
        WHEN t.quantity <= 0 OR t.quantity > 1000000000 THEN 'bad_amount:quantity'
        WHEN t.unit_price < 0 THEN 'bad_amount:unit_price'
        WHEN CAST(t.quantity AS DECIMAL(19, 0)) * t.unit_price > 100000000000 THEN 'bad_amount:unit_price'
        WHEN e.enum_value IS NULL THEN 'unknown_event_type:event_type'
        WHEN c.enum_value IS NULL THEN 'unknown_currency:currency'
        WHEN a.is_bot THEN 'bot:user_agent'
    END AS reject,
    0 AS nulled_values,
    t.raw_text,
    t.source_file,
    t.ds
FROM located AS t
LEFT JOIN ref.dates AS d ON d.calendar_date = t.ds
LEFT JOIN ref.enums AS e ON e.enum_name = 'event_type' AND e.enum_value = t.event_type
LEFT JOIN ref.enums AS c ON c.enum_name = 'currency' AND c.enum_value = t.currency
LEFT JOIN ref.user_agents AS a ON a.user_agent = t.user_agent
