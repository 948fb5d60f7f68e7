-- The slices that are loaded: what the ledger will say of them.
CREATE TEMP TABLE stage_slices /*redshift DISTSTYLE ALL*/ AS
SELECT table_name, slice, version, rows, cents, outcome, inputs, CAST(loaded_at AS DATE) AS slice_day, CAST(0 AS INTEGER) AS _partition
FROM etl.load_ledger
WHERE 1 = 0
