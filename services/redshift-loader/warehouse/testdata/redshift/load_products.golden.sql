BEGIN READ WRITE;

SET LOCAL statement_timeout TO 600000;

LOCK etl.load_ledger;

SET LOCAL statement_timeout TO 3600000;

CREATE TEMP TABLE stage_products AS
SELECT product_id, name, category, list_price, CAST(0 AS BIGINT) AS line
FROM sales.dim_product
WHERE 1 = 0
;

INSERT INTO stage_products (product_id, name, category, list_price, line) VALUES ('P-1','Jo''s \\ lamp','Books','12.50',2);

-- Of a product that the file has more than once the last line counts.
DELETE FROM stage_products
WHERE EXISTS (SELECT 1 FROM stage_products AS later
              WHERE later.product_id = stage_products.product_id AND later.line > stage_products.line)
;

-- The catalogue completes inferred members; they keep their key.
MERGE INTO sales.dim_product
USING stage_products AS s
ON dim_product.product_id = s.product_id
WHEN MATCHED THEN UPDATE SET
    name = s.name, category = s.category, list_price = s.list_price, inferred = FALSE
WHEN NOT MATCHED THEN INSERT (product_id, name, category, list_price, inferred)
VALUES (s.product_id, s.name, s.category, s.list_price, FALSE)
;

DROP TABLE stage_products
;

COMMIT
