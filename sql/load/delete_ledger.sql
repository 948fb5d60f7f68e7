DELETE FROM etl.load_ledger
USING stage_slices AS s
WHERE s.table_name = load_ledger.table_name AND s.slice = load_ledger.slice
