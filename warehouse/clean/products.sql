-- One row per record of raw.products, typed, with the first reason that rejects it (NULL: none).
WITH typed AS (
    SELECT
        tidy(r.product_id) AS product_id,
        tidy(r.name) AS name,
        tidy(r.category) AS category,
        tidy(r.subcategory) AS subcategory,
        tidy(r.brand) AS brand,
        tidy(r.list_price) AS list_price_text,
        to_decimal(r.list_price) AS list_price,
        tidy(r.cost_price) AS cost_price_text,
        to_decimal(r.cost_price) AS cost_price,
        COALESCE(UPPER(tidy(r.currency)), s.shop_currency) AS currency,
        tidy(r.rating) AS rating_text,
        to_decimal(r.rating) AS rating,
        tidy(r.review_count) AS review_count_text,
        to_int(r.review_count) AS review_count,
        tidy(r.stock_quantity) AS stock_quantity_text,
        to_int(r.stock_quantity) AS stock_quantity,
        tidy(r.warranty_months) AS warranty_months_text,
        to_int(r.warranty_months) AS warranty_months,
        tidy(r.weight_grams) AS weight_grams_text,
        to_int(r.weight_grams) AS weight_grams,
        fold(r.is_active) AS is_active_text,
        tidy(r.updated_at) AS updated_text,
        to_time(r.updated_at) AS updated_at,
        r.is_malformed,
        r.raw_text,
        r.source_file,
        r.ds
    FROM raw.products AS r
    CROSS JOIN ref.shop AS s
), timed AS (
    SELECT
        t.*,
        micros(t.updated_at) AS updated_us,
        CASE
            WHEN t.is_active_text IN ('true', 't', 'yes', 'y', '1') THEN TRUE
            WHEN t.is_active_text IN ('false', 'f', 'no', 'n', '0') THEN FALSE
        END AS is_active
    FROM typed AS t
)
SELECT
    t.product_id,
    t.name,
    t.category,
    t.subcategory,
    t.brand,
    t.list_price,
    t.cost_price,
    t.currency,
    t.rating,
    t.review_count,
    t.stock_quantity,
    t.warranty_months,
    t.weight_grams,
    t.is_active,
    t.updated_at,
    t.updated_us,
    CASE
        WHEN t.is_malformed THEN 'malformed'
        WHEN t.product_id IS NULL THEN 'missing_required:product_id'
        WHEN t.updated_text IS NULL THEN 'missing_required:updated_at'
        WHEN t.updated_at IS NULL THEN 'bad_timestamp:updated_at'
        WHEN t.updated_us > d.day_end_us + 600000000 THEN 'future_timestamp:updated_at'
        WHEN t.list_price IS NULL AND t.list_price_text IS NOT NULL THEN 'bad_number:list_price'
        WHEN t.cost_price IS NULL AND t.cost_price_text IS NOT NULL THEN 'bad_number:cost_price'
        WHEN t.list_price < 0 THEN 'bad_amount:list_price'
        WHEN t.cost_price < 0 THEN 'bad_amount:cost_price'
        WHEN c.enum_value IS NULL THEN 'unknown_currency:currency'
    END AS reject,
    CASE WHEN t.rating IS NULL AND t.rating_text IS NOT NULL THEN 1 ELSE 0 END
    + CASE WHEN t.review_count IS NULL AND t.review_count_text IS NOT NULL THEN 1 ELSE 0 END
    + CASE WHEN t.stock_quantity IS NULL AND t.stock_quantity_text IS NOT NULL THEN 1 ELSE 0 END
    + CASE WHEN t.warranty_months IS NULL AND t.warranty_months_text IS NOT NULL THEN 1 ELSE 0 END
    + CASE WHEN t.weight_grams IS NULL AND t.weight_grams_text IS NOT NULL THEN 1 ELSE 0 END
    + CASE WHEN t.is_active IS NULL AND t.is_active_text IS NOT NULL THEN 1 ELSE 0 END AS nulled_values,
    t.raw_text,
    t.source_file,
    t.ds
FROM timed AS t
LEFT JOIN ref.dates AS d ON d.calendar_date = t.ds
LEFT JOIN ref.enums AS c ON c.enum_name = 'currency' AND c.enum_value = t.currency
