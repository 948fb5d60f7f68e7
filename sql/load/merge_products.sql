-- The catalogue completes inferred members; they keep their key.
MERGE INTO sales.dim_product
USING stage_changed_products AS s
ON dim_product.product_id = s.product_id
WHEN MATCHED THEN UPDATE SET
    name = s.name, category = s.category, list_price = s.list_price, inferred = FALSE
WHEN NOT MATCHED THEN INSERT (product_id, name, category, list_price, inferred)
VALUES (s.product_id, s.name, s.category, s.list_price, FALSE)
