-- Orders whose row of a day is no fact of that day any more.
INSERT INTO stage_gone (order_id, order_date)
SELECT order_id, order_date
FROM stage_rows
GROUP BY order_id, order_date
HAVING SUM(n) < 0
UNION ALL
SELECT order_id, order_date
FROM stage_ranked
WHERE place > 1
