-- The calendar's span, and the span of the staged orders.
SELECT CAST(MIN(d.order_date) AS VARCHAR(10)) AS first_day, CAST(MAX(d.order_date) AS VARCHAR(10)) AS last_day,
       CAST((SELECT CAST(MIN(order_ts) AS DATE) FROM stage_sales) AS VARCHAR(10)) AS first_staged,
       CAST((SELECT CAST(MAX(order_ts) AS DATE) FROM stage_sales) AS VARCHAR(10)) AS last_staged
FROM sales.dim_date AS d
