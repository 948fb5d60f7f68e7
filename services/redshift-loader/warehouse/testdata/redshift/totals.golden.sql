SELECT table_name, slice, version, rows, cents, outcome, inputs
FROM etl.load_ledger
ORDER BY table_name, slice

