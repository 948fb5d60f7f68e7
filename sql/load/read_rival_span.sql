-- The days that have facts of the sought orders. All days are looked through, but no column other than these two.
SELECT CAST(MIN(f.order_date) AS VARCHAR(10)) AS first_day, CAST(MAX(f.order_date) AS VARCHAR(10)) AS last_day
FROM sales.fact_sales AS f
JOIN stage_sought AS s ON s.order_id = f.order_id
LEFT JOIN stage_rows AS r ON r.order_id = f.order_id AND r.order_date = CAST(f.order_ts AS DATE)
WHERE r.order_id IS NULL
