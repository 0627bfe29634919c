-- One row per hour with a sale and currency: what the revenue dashboard reads. The running hour is never in it.
SELECT
    MAX(l.as_of) AS as_of,
    l.order_date,
    l.order_hour,
    l.currency,
    COUNT(DISTINCT l.transaction_id) AS order_count,
    SUM(CASE WHEN l.line_type = 'product' THEN l.quantity ELSE 0 END) AS unit_count,
    SUM(l.gross_amount) AS gross_amount,
    SUM(CASE WHEN l.line_type = 'discount' THEN l.line_amount ELSE 0 END + l.net_amount) AS net_amount
FROM marts.order_lines AS l
WHERE l.is_sale AND l.line_type <> 'stock_adjustment'
GROUP BY l.order_date, l.order_hour, l.currency
