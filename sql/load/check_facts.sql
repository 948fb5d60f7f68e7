-- What the warehouse has now of each day that is loaded whole: its facts, and its rows that are overtaken.
SELECT CAST(d.order_date AS VARCHAR(10)) AS order_date,
       COUNT(h.order_date) AS found_rows, CAST(COALESCE(SUM(h.revenue), 0) * 100 AS BIGINT) AS found_cents
FROM stage_days AS d
LEFT JOIN (
    SELECT order_date, revenue
    FROM sales.fact_sales
    WHERE order_ts >= CAST($1 AS TIMESTAMP) AND order_ts < CAST($2 AS TIMESTAMP)
      AND order_date >= CAST($1 AS DATE) AND order_date < CAST($2 AS DATE)
    UNION ALL
    SELECT CAST(order_ts AS DATE), revenue
    FROM etl.overtaken_sales
) AS h ON h.order_date = d.order_date
WHERE d.whole
GROUP BY d.order_date
ORDER BY d.order_date
