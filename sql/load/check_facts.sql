-- What the warehouse has now of each day that is loaded whole: its facts, and its rows that are overtaken.
SELECT CAST(d.order_date AS VARCHAR(10)) AS order_date,
       CAST(COALESCE(SUM(h.found_rows), 0) AS BIGINT) AS found_rows, CAST(COALESCE(SUM(h.found_revenue), 0) * 100 AS BIGINT) AS found_cents
FROM stage_days AS d
LEFT JOIN (
    SELECT order_date, COUNT(*) AS found_rows, SUM(revenue) AS found_revenue
    FROM sales.fact_sales
    WHERE order_ts >= CAST($1 AS TIMESTAMP) AND order_ts < CAST($2 AS TIMESTAMP)
      AND order_date >= CAST($1 AS DATE) AND order_date < CAST($2 AS DATE)
    GROUP BY order_date
    UNION ALL
    SELECT CAST(order_ts AS DATE), 1, revenue
    FROM etl.overtaken_sales
) AS h ON h.order_date = d.order_date
WHERE d._partition IS NULL
GROUP BY d.order_date
ORDER BY d.order_date
