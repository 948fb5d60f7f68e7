-- A version that a slice holds more than once: silver promises one row per customer and time.
SELECT customer_id, CAST(updated_ts AS VARCHAR(26)) AS updated_ts, CAST(SUM(n) AS BIGINT) AS copies
FROM stage_versions
WHERE n > 0
GROUP BY customer_id, updated_ts
HAVING SUM(n) > 1
ORDER BY customer_id, updated_ts
LIMIT 1
