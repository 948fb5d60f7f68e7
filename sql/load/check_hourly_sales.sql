-- What the aggregate holds now for each loaded day.
SELECT CAST(d.order_date AS VARCHAR(10)) AS order_date,
       COALESCE(a.found_rows, 0) AS found_rows, COALESCE(a.found_cents, 0) AS found_cents
FROM stage_days AS d
LEFT JOIN (
    SELECT CAST(order_hour AS DATE) AS order_date, COUNT(*) AS found_rows, CAST(SUM(gross_revenue) * 100 AS BIGINT) AS found_cents
    FROM sales.agg_hourly_sales
    WHERE CAST(order_hour AS DATE) IN (SELECT order_date FROM stage_days)
    GROUP BY CAST(order_hour AS DATE)
) AS a ON a.order_date = d.order_date
ORDER BY d.order_date
