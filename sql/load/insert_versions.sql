INSERT INTO etl.customer_versions (customer_id, updated_ts, name, email, segment, city, country, deleted, _partition, _offset)
SELECT customer_id, updated_ts, name, email, segment, city, country, deleted, _partition, _offset
FROM stage_versions
WHERE n > 0
