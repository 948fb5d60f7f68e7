-- What the history holds now of each slice that was loaded whole.
SELECT s.slice, COUNT(v.customer_id) AS found_rows, 0 AS found_cents
FROM stage_slices AS s
JOIN stage_days AS d ON d._partition = s._partition AND d.order_date = s.slice_day
LEFT JOIN etl.customer_versions AS v
  ON v._partition = s._partition AND CAST(v.updated_ts AS DATE) = s.slice_day
 AND v.updated_ts >= CAST($1 AS TIMESTAMP) AND v.updated_ts < CAST($2 AS TIMESTAMP)
WHERE s.table_name = 'silver/customers'
GROUP BY s.slice
ORDER BY s.slice
