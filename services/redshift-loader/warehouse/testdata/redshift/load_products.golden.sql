BEGIN READ WRITE;

SET LOCAL statement_timeout TO 600000;

LOCK etl.write_lock;

SET LOCAL statement_timeout TO 3600000;

-- The lines of the file.
CREATE TEMP TABLE stage_products DISTSTYLE ALL SORTKEY (product_id) AS
SELECT product_id, name, category, list_price, CAST(0 AS BIGINT) AS line
FROM sales.dim_product
WHERE 1 = 0;

-- The products that dim_product lacks, or has otherwise.
CREATE TEMP TABLE stage_changed_products DISTSTYLE ALL SORTKEY (product_id) AS
SELECT product_id, name, category, list_price
FROM sales.dim_product
WHERE 1 = 0
;

INSERT INTO stage_products (product_id, name, category, list_price, line) VALUES ('P-1','Jo''s \\ lamp','Books','12.50',2);

-- Of a product that the file has more than once the last line counts. What dim_product has already is not written again.
INSERT INTO stage_changed_products (product_id, name, category, list_price)
SELECT s.product_id, s.name, s.category, s.list_price
FROM stage_products AS s
JOIN (SELECT product_id, MAX(line) AS line FROM stage_products GROUP BY product_id) AS newest
  ON newest.product_id = s.product_id AND newest.line = s.line
LEFT JOIN sales.dim_product AS p ON p.product_id = s.product_id
WHERE p.product_id IS NULL OR p.inferred OR p.list_price <> s.list_price
   OR COALESCE(p.name, '') <> COALESCE(s.name, '') OR COALESCE(p.category, '') <> COALESCE(s.category, '')
;

-- The catalogue completes inferred members; they keep their key.
MERGE INTO sales.dim_product
USING stage_changed_products AS s
ON dim_product.product_id = s.product_id
WHEN MATCHED THEN UPDATE SET
    name = s.name, category = s.category, list_price = s.list_price, inferred = FALSE
WHEN NOT MATCHED THEN INSERT (product_id, name, category, list_price, inferred)
VALUES (s.product_id, s.name, s.category, s.list_price, FALSE)
;

DROP TABLE stage_products;
DROP TABLE stage_changed_products
;

COMMIT
