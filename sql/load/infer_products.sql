-- A fact never waits for a dimension: what is not known yet becomes an inferred member.
INSERT INTO sales.dim_product (product_id, category, inferred)
SELECT s.product_id, MIN(s.category), TRUE
FROM (
    SELECT product_id, category FROM stage_rows WHERE n > 0
    UNION ALL
    SELECT product_id, category FROM stage_sales
) AS s
LEFT JOIN sales.dim_product AS p ON p.product_id = s.product_id
WHERE p.product_id IS NULL
GROUP BY s.product_id
