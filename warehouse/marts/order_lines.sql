-- One row per order line as it was known when as_of began: a status set later is not looked at.
-- Every money question reads this, so that "as of" is written once.
SELECT
    r.as_of,
    s.transaction_id,
    s.line_number,
    s.line_type,
    s.user_id,
    s.visitor_id,
    s.product_id,
    p.category,
    s.quantity,
    s.unit_price,
    s.line_amount,
    s.gross_amount,
    s.discount_amount,
    s.tax_amount,
    s.shipping_amount,
    s.net_amount,
    s.cost_amount,
    s.profit_amount,
    s.currency,
    s.status,
    s.is_sale,
    s.order_source,
    s.ship_country,
    s.ordered_us,
    s.order_date,
    s.order_hour
FROM core.fact_transaction_states AS s
CROSS JOIN ref.run AS r
LEFT JOIN core.dim_products AS p ON p.product_key = s.product_key
WHERE s.order_date < r.as_of
    AND s.valid_from_us < r.as_of_us
    AND (s.valid_to_us IS NULL OR s.valid_to_us >= r.as_of_us)
