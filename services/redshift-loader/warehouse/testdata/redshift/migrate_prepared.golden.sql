INSERT INTO etl.schema_version (version_id, is_applied) VALUES ($1, $2)
