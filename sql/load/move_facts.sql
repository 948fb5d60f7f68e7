-- Orders that belong to another interval of their customer now.
UPDATE sales.fact_sales
SET customer_sk = c.customer_sk
FROM sales.dim_customer AS c
JOIN stage_changed AS s ON s.customer_id = c.customer_id
WHERE fact_sales.customer_id = c.customer_id
  AND fact_sales.order_ts >= CAST($1 AS TIMESTAMP) AND fact_sales.order_ts < CAST($2 AS TIMESTAMP)
  AND fact_sales.order_ts >= c.valid_from AND (c.valid_to IS NULL OR fact_sales.order_ts < c.valid_to)
  AND fact_sales.customer_sk <> c.customer_sk
