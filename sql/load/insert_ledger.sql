INSERT INTO etl.load_ledger (table_name, slice, version, rows, cents, outcome, inputs, loaded_at)
SELECT table_name, slice, version, rows, cents, outcome, inputs, CAST($1 AS TIMESTAMP)
FROM stage_slices
