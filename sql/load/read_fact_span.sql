-- The days that have a row to delete.
SELECT CAST(MIN(order_date) AS VARCHAR(10)) AS first_day, CAST(MAX(order_date) AS VARCHAR(10)) AS last_day
FROM stage_touched
