-- What the slices have and the warehouse has not, and the other way round.
INSERT INTO stage_versions (customer_id, updated_ts, name, email, segment, city, country, deleted, _partition, _offset, n)
SELECT customer_id, updated_ts, name, email, segment, city, country, deleted, _partition, _offset, SUM(n)
FROM (
    SELECT customer_id, updated_ts, name, email, segment, city, country, deleted, _partition, _offset, 1 AS n
    FROM stage_customers
    UNION ALL
    SELECT v.customer_id, v.updated_ts, v.name, v.email, v.segment, v.city, v.country, v.deleted, v._partition, v._offset, -1 AS n
    FROM etl.customer_versions AS v
    JOIN stage_slices AS s ON s._partition = v._partition AND s.slice_day = CAST(v.updated_ts AS DATE)
    WHERE s.table_name = 'silver/customers'
      AND v.updated_ts >= CAST($1 AS TIMESTAMP) AND v.updated_ts < CAST($2 AS TIMESTAMP)
) AS both_sides
GROUP BY customer_id, updated_ts, name, email, segment, city, country, deleted, _partition, _offset
HAVING SUM(n) <> 0
