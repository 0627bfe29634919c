-- One row per visitor on which exactly one user was seen before as_of. Core keeps only who was observed; the marts stitch.
SELECT
    MAX(r.as_of) AS as_of,
    s.visitor_id,
    MIN(s.user_id) AS user_id
FROM core.fact_clickstream AS s
CROSS JOIN ref.run AS r
WHERE s.event_us < r.as_of_us
    AND s.user_id IS NOT NULL
GROUP BY s.visitor_id
HAVING MIN(s.user_id) = MAX(s.user_id)
