-- What is loaded of a range of days, of which a slice's name tells its day.
SELECT table_name, slice, version, rows, cents, outcome, inputs
FROM etl.load_ledger
WHERE slice >= $1 AND slice < $2
