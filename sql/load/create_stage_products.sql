-- The lines of the file.
CREATE TEMP TABLE stage_products /*redshift DISTSTYLE ALL SORTKEY (product_id)*/ AS
SELECT product_id, name, category, list_price, CAST(0 AS BIGINT) AS line
FROM sales.dim_product
WHERE 1 = 0;

-- The products that dim_product lacks, or has otherwise.
CREATE TEMP TABLE stage_changed_products /*redshift DISTSTYLE ALL SORTKEY (product_id)*/ AS
SELECT product_id, name, category, list_price
FROM sales.dim_product
WHERE 1 = 0
