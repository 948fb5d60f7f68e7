INSERT INTO sales.dim_region (region)
SELECT s.region
FROM (
    SELECT region FROM stage_rows WHERE n > 0
    UNION
    SELECT DISTINCT region FROM stage_new
) AS s
WHERE NOT EXISTS (SELECT 1 FROM sales.dim_region AS r WHERE r.region = s.region)
