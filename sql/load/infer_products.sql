-- A fact never waits for a dimension: what is not known yet becomes an inferred member.
INSERT INTO sales.dim_product (product_id, category, inferred)
SELECT s.product_id, MIN(s.category), TRUE
FROM stage_rows AS s
WHERE s.n > 0 AND NOT EXISTS (SELECT 1 FROM sales.dim_product AS p WHERE p.product_id = s.product_id)
GROUP BY s.product_id
