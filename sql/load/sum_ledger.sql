SELECT table_name, CAST(SUM(rows) AS BIGINT) AS total_rows, CAST(SUM(cents) AS VARCHAR(40)) AS total_cents
FROM etl.load_ledger
GROUP BY table_name
ORDER BY table_name
