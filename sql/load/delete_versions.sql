DELETE FROM etl.customer_versions
USING stage_versions AS s
WHERE s.n < 0 AND s.customer_id = customer_versions.customer_id AND s.updated_ts = customer_versions.updated_ts
