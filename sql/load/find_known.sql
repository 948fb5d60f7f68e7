-- Every order that has an overtaken row has a fact, too.
INSERT INTO stage_known (order_id)
WITH staged AS (
    SELECT order_id, 1 AS gained FROM stage_sales
    UNION ALL
    SELECT order_id, CASE WHEN _op = 'upsert' THEN 1 ELSE 0 END FROM stage_changes
)
SELECT s.order_id
FROM staged AS s
JOIN sales.fact_sales AS f ON f.order_id = s.order_id
UNION
SELECT order_id
FROM staged
GROUP BY order_id
HAVING COUNT(*) > 1 OR SUM(gained) = 0
