-- What is loaded of the slices.
SELECT l.table_name, l.slice, l.version, l.rows, l.cents, l.outcome, l.inputs
FROM etl.load_ledger AS l
JOIN stage_slices AS s ON s.table_name = l.table_name AND s.slice = l.slice
