-- One row per order line: its newest state.
SELECT
    s.transaction_id, s.line_number, s.line_type, s.user_id, s.user_key, s.visitor_id, s.product_id, s.product_key, s.quantity,
    s.unit_price, s.line_amount, s.gross_amount, s.discount_amount, s.tax_amount, s.shipping_amount, s.total_amount, s.net_amount,
    s.cost_amount, s.profit_amount, s.currency, s.coupon_code, s.payment_method, s.card_last4, s.status, s.is_sale,
    s.order_source, s.ship_city, s.ship_region, s.ship_postal_code, s.ship_country, s.ordered_at, s.ordered_us, s.order_date,
    s.order_hour, s.updated_at
FROM core.fact_transaction_states AS s
WHERE s.is_current
