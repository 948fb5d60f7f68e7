-- An order that a day gains more than once: silver promises one row per order.
SELECT CAST(order_date AS VARCHAR(10)) AS order_date, order_id, CAST(SUM(n) AS BIGINT) AS copies
FROM stage_rows
WHERE n > 0
GROUP BY order_date, order_id
HAVING SUM(n) > 1
ORDER BY 1, 2
LIMIT 1
