CREATE TEMP TABLE stage_products AS
SELECT product_id, name, category, list_price, CAST(0 AS BIGINT) AS line
FROM sales.dim_product
WHERE 1 = 0
