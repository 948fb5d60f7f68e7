INSERT INTO etl.load_ledger (table_name, slice, version, rows, cents, outcome, loaded_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
