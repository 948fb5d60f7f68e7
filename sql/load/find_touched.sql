INSERT INTO stage_touched (order_id, order_date)
SELECT order_id, order_date
FROM stage_rows
UNION
SELECT order_id, order_date
FROM stage_ranked
WHERE place > 1
