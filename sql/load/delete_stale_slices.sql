-- Versions that are loaded already, or older than what is loaded.
DELETE FROM stage_slices
USING etl.load_ledger AS l
WHERE l.table_name = stage_slices.table_name AND l.slice = stage_slices.slice AND l.version >= stage_slices.version
