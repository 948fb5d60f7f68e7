SELECT COUNT(*) > 0 FROM information_schema.tables WHERE table_schema = 'etl' AND table_name = 'write_lock';

CREATE SCHEMA IF NOT EXISTS etl; CREATE TABLE IF NOT EXISTS etl.write_lock (held BOOLEAN); COMMENT ON TABLE etl.write_lock IS 'Empty: loads and migrations lock it, so that they go one after the other and readers do not wait';

SELECT COUNT(*) > 0 FROM information_schema.tables WHERE table_schema = 'etl' AND table_name = 'schema_version';

BEGIN READ WRITE;

CREATE TABLE etl.schema_version (
		version_id BIGINT NOT NULL,
		is_applied BOOLEAN NOT NULL,
		tstamp TIMESTAMP DEFAULT SYSDATE
	);

COMMIT;

SELECT version_id, is_applied FROM etl.schema_version ORDER BY version_id DESC;

BEGIN READ WRITE;

SET LOCAL statement_timeout TO 600000;

LOCK etl.write_lock;

SELECT version_id, is_applied FROM etl.schema_version ORDER BY version_id DESC;

BEGIN READ WRITE;

COMMIT;

BEGIN READ WRITE;

COMMIT;

SELECT MAX(version_id) FROM etl.schema_version;

ROLLBACK
