-- One row per refund line, on the day the money was given back, not the day of the order: its newest state.
SELECT
    s.refund_id,
    s.line_number,
    s.line_type,
    s.transaction_id,
    s.transaction_line_number,
    s.user_id,
    s.user_key,
    s.product_id,
    s.product_key,
    s.quantity,
    s.unit_price,
    s.amount,
    s.tax_amount,
    s.currency,
    s.reason,
    s.payment_method,
    s.ship_country,
    s.refunded_at,
    s.refunded_us,
    s.refund_date,
    s.updated_at
FROM core.fact_refund_states AS s
WHERE s.is_current
