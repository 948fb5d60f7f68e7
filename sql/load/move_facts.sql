-- Orders that belong to another interval of their customer now. Most customers' times begin with their newest version: to look
-- at all that they ordered would cost more with each order. The bounds of all are said for the sort key.
UPDATE sales.fact_sales
SET customer_sk = c.customer_sk
FROM stage_moved AS m
JOIN sales.dim_customer AS c ON c.customer_id = m.customer_id
WHERE fact_sales.customer_id = m.customer_id
  AND fact_sales.order_ts >= m.moved_from AND fact_sales.order_ts < m.moved_to
  AND fact_sales.order_ts >= CAST($1 AS TIMESTAMP) AND fact_sales.order_ts < CAST($2 AS TIMESTAMP)
  AND fact_sales.order_ts >= c.valid_from AND (c.valid_to IS NULL OR fact_sales.order_ts < c.valid_to)
  AND fact_sales.customer_sk <> c.customer_sk
