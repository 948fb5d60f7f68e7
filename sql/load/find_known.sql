-- Every order that has an overtaken row has a fact, too.
INSERT INTO stage_known (order_id)
SELECT s.order_id
FROM stage_sales AS s
JOIN sales.fact_sales AS f ON f.order_id = s.order_id
UNION
SELECT s.order_id
FROM stage_sales AS s
JOIN stage_changes AS c ON c.order_id = s.order_id
UNION
SELECT order_id
FROM stage_sales
GROUP BY order_id
HAVING COUNT(*) > 1
