-- The calendar's span, and the span of the staged orders.
SELECT CAST(MIN(d.order_date) AS VARCHAR(10)) AS first_day, CAST(MAX(d.order_date) AS VARCHAR(10)) AS last_day,
       CAST((SELECT MIN(CASE WHEN n > 0 THEN order_date END) FROM stage_rows) AS VARCHAR(10)) AS first_staged,
       CAST((SELECT MAX(CASE WHEN n > 0 THEN order_date END) FROM stage_rows) AS VARCHAR(10)) AS last_staged
FROM sales.dim_date AS d
