-- One row per record of raw.users, typed, with the first reason that rejects it (NULL: none).
WITH typed AS (
    SELECT
        tidy(r.user_id) AS user_id,
        fold(r.email) AS email,
        tidy(r.phone) AS phone,
        tidy(r.first_name) AS first_name,
        tidy(r.last_name) AS last_name,
        fold(r.gender) AS gender,
        tidy(r.birth_date) AS birth_date_text,
        to_day(r.birth_date) AS birth_date,
        tidy(r.street) AS street,
        tidy(r.city) AS city,
        tidy(r.region) AS region,
        tidy(r.postal_code) AS postal_code,
        tidy(r.country) AS country,
        tidy(r.registered_at) AS registered_text,
        to_time(r.registered_at) AS registered_at,
        fold(r.accepts_marketing) AS accepts_marketing_text,
        fold(r.acquisition_channel) AS acquisition_channel,
        fold(r.customer_segment) AS customer_segment_text,
        tidy(r.lifetime_value) AS lifetime_value_text,
        to_decimal(r.lifetime_value) AS lifetime_value,
        COALESCE(UPPER(tidy(r.currency)), s.shop_currency) AS currency,
        tidy(r.updated_at) AS updated_text,
        to_time(r.updated_at) AS updated_at,
        r.is_malformed,
        r.raw_text,
        r.source_file,
        r.ds
    FROM raw.users AS r
    CROSS JOIN ref.shop AS s
), timed AS (
    SELECT
        t.*,
        micros(t.updated_at) AS updated_us,
        CASE
            WHEN t.accepts_marketing_text IN ('true', 't', 'yes', 'y', '1') THEN TRUE
            WHEN t.accepts_marketing_text IN ('false', 'f', 'no', 'n', '0') THEN FALSE
        END AS accepts_marketing
    FROM typed AS t
)
SELECT
    t.user_id,
    t.email,
    t.phone,
    t.first_name,
    t.last_name,
    t.gender,
    t.birth_date,
    t.street,
    t.city,
    t.region,
    t.postal_code,
    t.country,
    t.registered_at,
    t.accepts_marketing,
    t.acquisition_channel,
    g.enum_value AS customer_segment,
    t.lifetime_value,
    t.currency,
    t.updated_at,
    t.updated_us,
    CASE
        WHEN t.is_malformed THEN 'malformed'
        WHEN t.user_id IS NULL THEN 'missing_required:user_id'
        WHEN t.updated_text IS NULL THEN 'missing_required:updated_at'
        WHEN t.updated_at IS NULL THEN 'bad_timestamp:updated_at'
        WHEN t.updated_us > d.day_end_us + 600000000 THEN 'future_timestamp:updated_at'
        WHEN t.lifetime_value IS NULL AND t.lifetime_value_text IS NOT NULL THEN 'bad_number:lifetime_value'
        WHEN c.enum_value IS NULL THEN 'unknown_currency:currency'
    END AS reject,
    CASE WHEN t.birth_date IS NULL AND t.birth_date_text IS NOT NULL THEN 1 ELSE 0 END
    + CASE WHEN t.registered_at IS NULL AND t.registered_text IS NOT NULL THEN 1 ELSE 0 END
    + CASE WHEN t.accepts_marketing IS NULL AND t.accepts_marketing_text IS NOT NULL THEN 1 ELSE 0 END
    + CASE WHEN g.enum_value IS NULL AND t.customer_segment_text IS NOT NULL THEN 1 ELSE 0 END AS nulled_values,
    t.raw_text,
    t.source_file,
    t.ds
FROM timed AS t
LEFT JOIN ref.dates AS d ON d.calendar_date = t.ds
LEFT JOIN ref.enums AS g ON g.enum_name = 'customer_segment' AND g.enum_value = t.customer_segment_text
LEFT JOIN ref.enums AS c ON c.enum_name = 'currency' AND c.enum_value = t.currency
