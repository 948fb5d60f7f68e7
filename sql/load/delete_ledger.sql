DELETE FROM etl.load_ledger WHERE table_name = $1 AND slice = $2
