INSERT INTO sales.dim_region (region)
SELECT DISTINCT s.region
FROM stage_rows AS s
WHERE s.n > 0 AND NOT EXISTS (SELECT 1 FROM sales.dim_region AS r WHERE r.region = s.region)
