-- One row per day. Made once in Python (ref.dates), so that no engine does calendar arithmetic.
SELECT
    d.calendar_date, d.year, d.quarter, d.month, d.day_of_month, d.month_start, d.iso_year, d.iso_week,
    d.weekday, d.is_weekend, d.is_holiday, d.holiday_name
FROM ref.dates AS d
