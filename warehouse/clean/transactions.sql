-- One row per record of raw.transactions, typed, with the first reason that rejects it (NULL: none).
-- Which signs a line may have depends on its type: goods are sold in positive units at no negative price, a discount or an
-- adjustment is money of either sign, a stock adjustment moves units and no money.
WITH typed AS (
    SELECT
        tidy(r.transaction_id) AS transaction_id,
        tidy(r.line_number) AS line_number_text,
        to_int(r.line_number) AS line_number,
        COALESCE(fold(r.line_type), 'product') AS line_type,
        tidy(r.user_id) AS user_id,
        fold(r.email) AS email,
        tidy(r.visitor_id) AS visitor_id,
        tidy(r.product_id) AS product_id,
        tidy(r.quantity) AS quantity_text,
        to_int(r.quantity) AS quantity,
        tidy(r.unit_price) AS unit_price_text,
        to_decimal(r.unit_price) AS unit_price,
        tidy(r.discount_amount) AS discount_text,
        to_decimal(r.discount_amount) AS discount_value,
        tidy(r.tax_amount) AS tax_text,
        to_decimal(r.tax_amount) AS tax_value,
        tidy(r.shipping_amount) AS shipping_text,
        to_decimal(r.shipping_amount) AS shipping_value,
        tidy(r.total_amount) AS total_text,
        to_decimal(r.total_amount) AS total_amount,
        COALESCE(UPPER(tidy(r.currency)), s.shop_currency) AS currency,
        tidy(r.coupon_code) AS coupon_code,
        fold(r.payment_method) AS payment_method,
        tidy(r.card_last4) AS card_last4,
        COALESCE(fold(r.status), 'paid') AS status,
        fold(r.order_source) AS order_source,
        tidy(r.ship_city) AS ship_city,
        tidy(r.ship_region) AS ship_region,
        tidy(r.ship_postal_code) AS ship_postal_code,
        tidy(r.ship_country) AS ship_country,
        tidy(r.ordered_at) AS ordered_text,
        to_time(r.ordered_at) AS ordered_at,
        COALESCE(tidy(r.updated_at), tidy(r.ordered_at)) AS updated_text,
        to_time(COALESCE(tidy(r.updated_at), r.ordered_at)) AS updated_at,
        r.is_malformed,
        r.raw_text,
        r.source_file,
        r.ds
    FROM raw.transactions AS r
    CROSS JOIN ref.shop AS s
), timed AS (
    SELECT
        t.*,
        micros(t.ordered_at) AS ordered_us,
        micros(t.updated_at) AS updated_us,
        COALESCE(t.discount_value, 0) AS discount_amount,
        COALESCE(t.tax_value, 0) AS tax_amount,
        COALESCE(t.shipping_value, 0) AS shipping_amount,
        t.line_type IN ('discount', 'adjustment') AS takes_either_sign,
        CASE
            WHEN t.quantity BETWEEN -1000000000 AND 1000000000
                THEN CAST(t.quantity AS DECIMAL(19, 0)) * t.unit_price
        END AS line_amount
    FROM typed AS t
), priced AS (
    SELECT
        t.*,
        t.line_amount - t.discount_amount + t.tax_amount + t.shipping_amount AS expected_total
    FROM timed AS t
), located AS (
    SELECT t.*, t.ordered_us + CASE WHEN t.ordered_us < z.change_us THEN z.before_us ELSE z.after_us END AS local_us
    FROM priced AS t
    LEFT JOIN ref.zone_days AS z ON z.utc_day = CAST(FLOOR(t.ordered_us / 86400000000) AS BIGINT)
)
SELECT
    t.transaction_id,
    t.line_number,
    t.line_type,
    t.user_id,
    t.email,
    t.visitor_id,
    t.product_id,
    t.quantity,
    t.unit_price,
    t.discount_amount,
    t.tax_amount,
    t.shipping_amount,
    COALESCE(
        t.total_amount, CASE WHEN t.expected_total BETWEEN -100000000000 AND 100000000000 THEN t.expected_total END
    ) AS total_amount,
    t.currency,
    t.coupon_code,
    t.payment_method,
    t.card_last4,
    t.status,
    t.order_source,
    t.ship_city,
    t.ship_region,
    t.ship_postal_code,
    t.ship_country,
    t.ordered_at,
    t.ordered_us,
    day_of(t.local_us) AS order_date,
    CAST(FLOOR(t.local_us / 3600000000) AS BIGINT) - 24 * CAST(FLOOR(t.local_us / 86400000000) AS BIGINT) AS order_hour,
    t.updated_at,
    t.updated_us,
    CASE
        WHEN t.is_malformed THEN 'malformed'
        WHEN t.transaction_id IS NULL THEN 'missing_required:transaction_id'
        WHEN t.line_number_text IS NULL THEN 'missing_required:line_number'
        WHEN t.ordered_text IS NULL THEN 'missing_required:ordered_at'
        WHEN t.quantity_text IS NULL THEN 'missing_required:quantity'
        WHEN t.unit_price_text IS NULL THEN 'missing_required:unit_price'
        WHEN t.ordered_at IS NULL THEN 'bad_timestamp:ordered_at'
        WHEN t.updated_at IS NULL THEN 'bad_timestamp:updated_at'
        WHEN t.ordered_us > d.day_end_us + 600000000 THEN 'future_timestamp:ordered_at'
        WHEN t.updated_us > d.day_end_us + 600000000 THEN 'future_timestamp:updated_at'
        WHEN t.line_number IS NULL THEN 'bad_number:line_number'
        WHEN t.quantity IS NULL THEN 'bad_number:quantity'
        WHEN t.unit_price IS NULL THEN 'bad_number:unit_price'
        WHEN t.discount_text IS NOT NULL AND t.discount_value IS NULL THEN 'bad_number:discount_amount'
        WHEN t.tax_text IS NOT NULL AND t.tax_value IS NULL THEN 'bad_number:tax_amount'
        WHEN t.shipping_text IS NOT NULL AND t.shipping_value IS NULL THEN 'bad_number:shipping_amount'
        WHEN t.total_text IS NOT NULL AND t.total_amount IS NULL THEN 'bad_number:total_amount'
        WHEN t.quantity < -1000000000 OR t.quantity > 1000000000 THEN 'bad_amount:quantity'
        WHEN t.line_type = 'stock_adjustment' AND t.unit_price <> 0 THEN 'bad_amount:unit_price'
        WHEN t.line_type <> 'stock_adjustment' AND NOT t.takes_either_sign AND t.quantity <= 0 THEN 'bad_amount:quantity'
        WHEN NOT t.takes_either_sign AND t.unit_price < 0 THEN 'bad_amount:unit_price'
        WHEN NOT t.takes_either_sign AND t.discount_amount < 0 THEN 'bad_amount:discount_amount'
        WHEN NOT t.takes_either_sign AND t.tax_amount < 0 THEN 'bad_amount:tax_amount'
        WHEN NOT t.takes_either_sign AND t.shipping_amount < 0 THEN 'bad_amount:shipping_amount'
        WHEN t.line_amount NOT BETWEEN -100000000000 AND 100000000000 THEN 'bad_amount:unit_price'
        WHEN t.expected_total NOT BETWEEN -100000000000 AND 100000000000 THEN 'bad_amount:total_amount'
        WHEN t.total_amount - t.expected_total NOT BETWEEN -0.01 AND 0.01 THEN 'total_mismatch:total_amount'
        WHEN l.enum_value IS NULL THEN 'unknown_line_type:line_type'
        WHEN u.enum_value IS NULL THEN 'unknown_status:status'
        WHEN t.payment_method IS NOT NULL AND p.enum_value IS NULL THEN 'unknown_payment_method:payment_method'
        WHEN c.enum_value IS NULL THEN 'unknown_currency:currency'
    END AS reject,
    0 AS nulled_values,
    t.raw_text,
    t.source_file,
    t.ds
FROM located AS t
LEFT JOIN ref.dates AS d ON d.calendar_date = t.ds
LEFT JOIN ref.enums AS l ON l.enum_name = 'line_type' AND l.enum_value = t.line_type
LEFT JOIN ref.enums AS u ON u.enum_name = 'status' AND u.enum_value = t.status
LEFT JOIN ref.enums AS p ON p.enum_name = 'payment_method' AND p.enum_value = t.payment_method
LEFT JOIN ref.enums AS c ON c.enum_name = 'currency' AND c.enum_value = t.currency
