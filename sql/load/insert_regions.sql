INSERT INTO sales.dim_region (region)
SELECT DISTINCT s.region
FROM (
    SELECT region FROM stage_rows WHERE n > 0
    UNION ALL
    SELECT region FROM stage_sales
) AS s
LEFT JOIN sales.dim_region AS r ON r.region = s.region
WHERE r.region IS NULL
