-- What the fact table holds now for each loaded day, and what was skipped.
SELECT CAST(d.order_date AS VARCHAR(10)) AS order_date,
       COALESCE(f.found_rows, 0) AS found_rows, COALESCE(f.found_cents, 0) AS found_cents,
       COALESCE(k.skipped_rows, 0) AS skipped_rows, COALESCE(k.skipped_cents, 0) AS skipped_cents
FROM stage_days AS d
LEFT JOIN (
    SELECT order_date, COUNT(*) AS found_rows, CAST(SUM(revenue) * 100 AS BIGINT) AS found_cents
    FROM sales.fact_sales
    WHERE order_date IN (SELECT order_date FROM stage_days)
    GROUP BY order_date
) AS f ON f.order_date = d.order_date
LEFT JOIN (
    SELECT order_date, COUNT(*) AS skipped_rows, CAST(SUM(revenue) * 100 AS BIGINT) AS skipped_cents
    FROM stage_skipped
    GROUP BY order_date
) AS k ON k.order_date = d.order_date
ORDER BY d.order_date
