-- A fact never waits for a dimension: what is not known yet becomes an inferred member. What
-- is staged of known orders and stays is in stage_rows.
INSERT INTO sales.dim_product (product_id, category, inferred)
SELECT s.product_id, MIN(s.category), TRUE
FROM (
    SELECT product_id, category FROM stage_rows WHERE n > 0
    UNION ALL
    SELECT s.product_id, s.category
    FROM (
        SELECT order_id, product_id, category FROM stage_sales
        UNION ALL
        SELECT order_id, product_id, category FROM stage_changes
    ) AS s
    LEFT JOIN stage_known AS k ON k.order_id = s.order_id
    WHERE k.order_id IS NULL
) AS s
LEFT JOIN sales.dim_product AS p ON p.product_id = s.product_id
WHERE p.product_id IS NULL
GROUP BY s.product_id
