-- What the slices gain and lose, as of days: of one that is loaded whole, the difference between its files and what the
-- warehouse has of it; else what the changes add up to.
INSERT INTO stage_versions (customer_id, updated_ts, name, email, segment, city, country, deleted, _partition, _offset, n)
SELECT customer_id, updated_ts, name, email, segment, city, country, deleted, _partition, _offset, SUM(n)
FROM (
    SELECT customer_id, updated_ts, name, email, segment, city, country, deleted, _partition, _offset, 1 AS n
    FROM stage_customers
    UNION ALL
    SELECT customer_id, updated_ts, name, email, segment, city, country, deleted, _partition, _offset,
           CASE WHEN _op = 'upsert' THEN 1 ELSE -1 END AS n
    FROM stage_customer_changes
    UNION ALL
    SELECT v.customer_id, v.updated_ts, v.name, v.email, v.segment, v.city, v.country, v.deleted, v._partition, v._offset, -1 AS n
    FROM etl.customer_versions AS v
    JOIN stage_days AS d ON d._partition = v._partition AND d.order_date = CAST(v.updated_ts AS DATE)
    WHERE v.updated_ts >= CAST($1 AS TIMESTAMP) AND v.updated_ts < CAST($2 AS TIMESTAMP)
) AS both_sides
GROUP BY customer_id, updated_ts, name, email, segment, city, country, deleted, _partition, _offset
HAVING SUM(n) <> 0
