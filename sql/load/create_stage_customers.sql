CREATE TEMP TABLE stage_customers AS
SELECT customer_id, name, email, segment, city, country, valid_from, CAST(0 AS BIGINT) AS line
FROM sales.dim_customer
WHERE 1 = 0
