-- A day that is loaded whole does not say where its orders were before. Nor do changes of one that comes to its day: where
-- silver says that it was in another, the warehouse may have it in a third; where silver says that it is new, it may have been
-- removed from a day whose verdict has not come. Orders with overtaken rows have another row for sure.
INSERT INTO stage_sought (order_id)
SELECT r.order_id
FROM stage_rows AS r
JOIN stage_days AS d ON d.order_date = r.order_date
WHERE d.whole AND r.n > 0
UNION
SELECT order_id
FROM stage_rows
GROUP BY order_id, order_date
HAVING SUM(n) > 0
UNION
SELECT r.order_id
FROM stage_rows AS r
JOIN etl.overtaken_sales AS o ON o.order_id = r.order_id
