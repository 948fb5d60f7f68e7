-- A fact never waits for a dimension: what is not known yet becomes an inferred member.
INSERT INTO sales.dim_product (product_id, category, inferred)
SELECT s.product_id, s.category, TRUE
FROM (
    SELECT product_id, MIN(category) AS category
    FROM (
        SELECT product_id, category FROM stage_rows WHERE n > 0
        UNION ALL
        SELECT product_id, category FROM stage_new
    ) AS sold
    GROUP BY product_id
) AS s
WHERE NOT EXISTS (SELECT 1 FROM sales.dim_product AS p WHERE p.product_id = s.product_id)
