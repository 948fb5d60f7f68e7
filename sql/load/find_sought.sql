-- Where silver says that an order was in another day, the warehouse may have it in a third; where silver says that it is
-- new, it may have been removed from a day whose verdict has not come. One that was in its day before has other rows only
-- if some are overtaken.
INSERT INTO stage_sought (order_id)
SELECT order_id
FROM stage_rows
GROUP BY order_id, order_date
HAVING SUM(n) > 0
UNION
SELECT r.order_id
FROM stage_rows AS r
JOIN etl.overtaken_sales AS o ON o.order_id = r.order_id
