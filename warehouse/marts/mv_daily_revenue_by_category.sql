-- One row per day, category and currency, over product lines that count as sold.
SELECT
    MAX(l.as_of) AS as_of,
    l.order_date,
    COALESCE(l.category, 'unknown') AS category,
    l.currency,
    COUNT(DISTINCT l.transaction_id) AS order_count,
    SUM(l.quantity) AS unit_count,
    SUM(l.gross_amount) AS gross_amount,
    SUM(l.discount_amount) AS discount_amount,
    SUM(l.net_amount) AS net_amount,
    SUM(l.profit_amount) AS profit_amount
FROM marts.order_lines AS l
WHERE l.is_sale AND l.line_type = 'product'
GROUP BY l.order_date, COALESCE(l.category, 'unknown'), l.currency
