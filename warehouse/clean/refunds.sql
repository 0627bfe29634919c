-- One row per record of raw.refunds, typed, with the first reason that rejects it (NULL: none).
-- A refund without an order keeps its row: sources often do not say which order it belongs to.
WITH typed AS (
    SELECT
        tidy(r.refund_id) AS refund_id,
        tidy(r.line_number) AS line_number_text,
        to_int(r.line_number) AS line_number,
        COALESCE(fold(r.line_type), 'product') AS line_type,
        tidy(r.transaction_id) AS transaction_id,
        tidy(r.transaction_line_number) AS transaction_line_text,
        to_int(r.transaction_line_number) AS transaction_line_number,
        tidy(r.user_id) AS user_id,
        tidy(r.product_id) AS product_id,
        tidy(r.quantity) AS quantity_text,
        to_int(r.quantity) AS quantity,
        tidy(r.unit_price) AS unit_price_text,
        to_decimal(r.unit_price) AS unit_price,
        tidy(r.amount) AS amount_text,
        to_decimal(r.amount) AS amount,
        tidy(r.tax_amount) AS tax_text,
        to_decimal(r.tax_amount) AS tax_value,
        COALESCE(UPPER(tidy(r.currency)), s.shop_currency) AS currency,
        fold(r.reason) AS reason,
        fold(r.payment_method) AS payment_method,
        tidy(r.ship_country) AS ship_country,
        tidy(r.refunded_at) AS refunded_text,
        to_time(r.refunded_at) AS refunded_at,
        to_time(COALESCE(tidy(r.updated_at), r.refunded_at)) AS updated_at,
        r.is_malformed,
        r.raw_text,
        r.source_file,
        r.ds
    FROM raw.refunds AS r
    CROSS JOIN ref.shop AS s
), timed AS (
    SELECT t.*, micros(t.refunded_at) AS refunded_us, micros(t.updated_at) AS updated_us
    FROM typed AS t
), located AS (
    SELECT t.*, t.refunded_us + CASE WHEN t.refunded_us < z.change_us THEN z.before_us ELSE z.after_us END AS local_us
    FROM timed AS t
    LEFT JOIN ref.zone_days AS z ON z.utc_day = CAST(FLOOR(t.refunded_us / 86400000000) AS BIGINT)
)
SELECT
    t.refund_id,
    t.line_number,
    t.line_type,
    t.transaction_id,
    t.transaction_line_number,
    t.user_id,
    t.product_id,
    t.quantity,
    t.unit_price,
    t.amount,
    COALESCE(t.tax_value, 0) AS tax_amount,
    t.currency,
    t.reason,
    t.payment_method,
    t.ship_country,
    t.refunded_at,
    t.refunded_us,
    day_of(t.local_us) AS refund_date,
    t.updated_at,
    t.updated_us,
    CASE
        WHEN t.is_malformed THEN 'malformed'
        WHEN t.refund_id IS NULL THEN 'missing_required:refund_id'
        WHEN t.line_number_text IS NULL THEN 'missing_required:line_number'
        WHEN t.refunded_text IS NULL THEN 'missing_required:refunded_at'
        WHEN t.amount_text IS NULL THEN 'missing_required:amount'
        WHEN t.refunded_at IS NULL THEN 'bad_timestamp:refunded_at'
        WHEN t.updated_at IS NULL THEN 'bad_timestamp:updated_at'
        WHEN t.refunded_us > d.day_end_us + 600000000 THEN 'future_timestamp:refunded_at'
        WHEN t.updated_us > d.day_end_us + 600000000 THEN 'future_timestamp:updated_at'
        WHEN t.line_number IS NULL THEN 'bad_number:line_number'
        WHEN t.quantity IS NULL AND t.quantity_text IS NOT NULL THEN 'bad_number:quantity'
        WHEN t.unit_price IS NULL AND t.unit_price_text IS NOT NULL THEN 'bad_number:unit_price'
        WHEN t.amount IS NULL THEN 'bad_number:amount'
        WHEN t.tax_text IS NOT NULL AND t.tax_value IS NULL THEN 'bad_number:tax_amount'
        WHEN t.quantity < 0 OR t.quantity > 1000000000 THEN 'bad_amount:quantity'
        WHEN t.amount < 0 OR t.amount > 100000000000 THEN 'bad_amount:amount'
        WHEN l.enum_value IS NULL THEN 'unknown_line_type:line_type'
        WHEN t.payment_method IS NOT NULL AND p.enum_value IS NULL THEN 'unknown_payment_method:payment_method'
        WHEN c.enum_value IS NULL THEN 'unknown_currency:currency'
    END AS reject,
    CASE WHEN t.transaction_line_number IS NULL AND t.transaction_line_text IS NOT NULL THEN 1 ELSE 0 END AS nulled_values,
    t.raw_text,
    t.source_file,
    t.ds
FROM located AS t
LEFT JOIN ref.dates AS d ON d.calendar_date = t.ds
LEFT JOIN ref.enums AS l ON l.enum_name = 'line_type' AND l.enum_value = t.line_type
LEFT JOIN ref.enums AS p ON p.enum_name = 'payment_method' AND p.enum_value = t.payment_method
LEFT JOIN ref.enums AS c ON c.enum_name = 'currency' AND c.enum_value = t.currency
