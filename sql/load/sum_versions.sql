-- How many rows more each slice will have of the history: those that it gains, without those that it loses and has.
SELECT s.slice, CAST(SUM(CASE WHEN c.n > 0 THEN 1 ELSE 0 END) - COUNT(v.customer_id) AS BIGINT) AS more_rows, 0 AS more_cents
FROM stage_slices AS s
JOIN stage_versions AS c ON c._partition = s._partition AND CAST(c.updated_ts AS DATE) = s.slice_day
LEFT JOIN etl.customer_versions AS v
  ON c.n < 0 AND v.customer_id = c.customer_id AND v.updated_ts = c.updated_ts
WHERE s.table_name = 'silver/customers'
GROUP BY s.slice
ORDER BY s.slice
