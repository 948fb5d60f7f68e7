-- An order that a day holds more than once: silver promises one row per order.
SELECT CAST(order_date AS VARCHAR(10)) AS order_date, order_id, COUNT(*) AS copies
FROM stage_sales
GROUP BY order_date, order_id
HAVING COUNT(*) > 1
ORDER BY order_date, order_id
LIMIT 1
