-- The days that have a row to write or to delete.
SELECT CAST(MIN(order_date) AS VARCHAR(10)) AS first_day, CAST(MAX(order_date) AS VARCHAR(10)) AS last_day
FROM (
    SELECT order_date FROM stage_rows
    UNION ALL
    SELECT order_date FROM stage_ranked
) AS touched
