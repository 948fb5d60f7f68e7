INSERT INTO stage_changed (customer_id)
SELECT DISTINCT customer_id
FROM stage_versions
