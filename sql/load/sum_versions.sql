-- How many rows more each slice will have of the history: those that it gains, without what the history has of the versions
-- that it gains or loses, which goes.
SELECT s.slice, CAST(SUM(c.gained) - COUNT(v.customer_id) AS BIGINT) AS more_rows, 0 AS more_cents
FROM stage_slices AS s
JOIN (
    SELECT customer_id, updated_ts, _partition, SUM(CASE WHEN n > 0 THEN 1 ELSE 0 END) AS gained
    FROM stage_versions
    GROUP BY customer_id, updated_ts, _partition
) AS c ON c._partition = s._partition AND CAST(c.updated_ts AS DATE) = s.slice_day
LEFT JOIN etl.customer_versions AS v
  ON v.customer_id = c.customer_id AND v.updated_ts = c.updated_ts AND v._partition = c._partition
WHERE s.table_name = 'silver/customers'
GROUP BY s.slice
ORDER BY s.slice
