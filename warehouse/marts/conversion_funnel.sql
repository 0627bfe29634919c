-- One row per day, channel and device: how many sessions viewed, filled a cart, began to check out and bought.
-- A session that buys without a cart event (buy now) counts at every step it skipped. Suspected robots are left out.
WITH sessions AS (
    SELECT
        s.as_of,
        s.session_date,
        s.channel,
        COALESCE(s.device_type, 'unknown') AS device_type,
        CASE WHEN s.view_count > 0 THEN 1 ELSE 0 END AS viewed,
        CASE WHEN s.cart_count > 0 OR s.checkout_count > 0 OR s.purchase_count > 0 THEN 1 ELSE 0 END AS carted,
        CASE WHEN s.checkout_count > 0 OR s.purchase_count > 0 THEN 1 ELSE 0 END AS checked_out,
        CASE WHEN s.purchase_count > 0 THEN 1 ELSE 0 END AS purchased,
        CASE WHEN s.purchase_count > 0 AND s.cart_count = 0 THEN 1 ELSE 0 END AS bought_now
    FROM marts.known_sessions AS s
    WHERE NOT s.is_suspected_bot
)
SELECT
    MAX(s.as_of) AS as_of,
    s.session_date,
    s.channel,
    s.device_type,
    COUNT(*) AS session_count,
    SUM(s.viewed) AS viewed_count,
    SUM(s.carted) AS carted_count,
    SUM(s.checked_out) AS checked_out_count,
    SUM(s.purchased) AS purchased_count,
    SUM(s.bought_now) AS buy_now_count,
    ratio(SUM(s.purchased), COUNT(*), 6) AS conversion_ratio
FROM sessions AS s
GROUP BY s.session_date, s.channel, s.device_type
