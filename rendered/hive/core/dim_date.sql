-- core.dim_date, as hive runs it. Made by `make render` from warehouse/core/dim_date.sql: change that.
SELECT
    CAST(m.calendar_date AS DATE) AS calendar_date,
    CAST(m.year AS BIGINT) AS year,
    CAST(m.quarter AS BIGINT) AS quarter,
    CAST(m.month AS BIGINT) AS month,
    CAST(m.day_of_month AS BIGINT) AS day_of_month,
    CAST(m.month_start AS DATE) AS month_start,
    CAST(m.iso_year AS BIGINT) AS iso_year,
    CAST(m.iso_week AS BIGINT) AS iso_week,
    CAST(m.weekday AS BIGINT) AS weekday,
    CAST(m.is_weekend AS BOOLEAN) AS is_weekend,
    CAST(m.is_holiday AS BOOLEAN) AS is_holiday,
    CAST(m.holiday_name AS STRING) AS holiday_name
FROM (
    SELECT
      d.calendar_date,
      d.year,
      d.quarter,
      d.month,
      d.day_of_month,
      d.month_start,
      d.iso_year,
      d.iso_week,
      d.weekday,
      d.is_weekend,
      d.is_holiday,
      d.holiday_name
    FROM ecommerce_ref.dates AS d
) AS m
