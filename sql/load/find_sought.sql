-- A day that is loaded whole does not say where its orders were before. Of changes, those that moved an order do, but
-- that day may not be the one that the warehouse has it in. Orders with overtaken rows have another row for sure.
INSERT INTO stage_sought (order_id)
SELECT r.order_id
FROM stage_rows AS r
JOIN stage_days AS d ON d.order_date = r.order_date
WHERE d.whole AND r.n > 0
UNION
SELECT order_id
FROM stage_changes
WHERE _op = 'upsert' AND _prev_day <> CAST(order_ts AS DATE)
UNION
SELECT r.order_id
FROM stage_rows AS r
JOIN etl.overtaken_sales AS o ON o.order_id = r.order_id
