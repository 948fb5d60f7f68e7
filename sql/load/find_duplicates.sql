-- An order that a day holds more than once: silver promises one row per order.
SELECT CAST(CAST(order_ts AS DATE) AS VARCHAR(10)) AS order_date, order_id, COUNT(*) AS copies
FROM stage_sales
GROUP BY CAST(order_ts AS DATE), order_id
HAVING COUNT(*) > 1
ORDER BY 1, 2
LIMIT 1
