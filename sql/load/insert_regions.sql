-- Regions that are not known yet. What is staged of known orders and stays is in stage_rows.
INSERT INTO sales.dim_region (region)
SELECT DISTINCT s.region
FROM (
    SELECT region FROM stage_rows WHERE n > 0
    UNION ALL
    SELECT s.region
    FROM (
        SELECT order_id, region FROM stage_sales
        UNION ALL
        SELECT order_id, region FROM stage_changes
    ) AS s
    LEFT JOIN stage_known AS k ON k.order_id = s.order_id
    WHERE k.order_id IS NULL
) AS s
LEFT JOIN sales.dim_region AS r ON r.region = s.region
WHERE r.region IS NULL
