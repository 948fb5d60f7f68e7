CREATE TEMP TABLE stage_products AS
SELECT product_id, name, category, list_price
FROM sales.dim_product
WHERE 1 = 0
