-- What the restatements of each loaded day add to its gross revenue.
SELECT CAST(d.order_date AS VARCHAR(10)) AS order_date,
       COALESCE(a.found_rows, 0) AS found_rows, COALESCE(a.found_cents, 0) AS found_cents
FROM stage_days AS d
LEFT JOIN (
    SELECT order_date, COUNT(*) AS found_rows, CAST(SUM(new_gross_revenue - old_gross_revenue) * 100 AS BIGINT) AS found_cents
    FROM sales.restatements
    WHERE order_date IN (SELECT order_date FROM stage_days)
    GROUP BY order_date
) AS a ON a.order_date = d.order_date
ORDER BY d.order_date
