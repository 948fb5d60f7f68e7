-- Orders of known customers may belong to another interval in the time of the intervals that begin anew, and of those that
-- are no more. The others keep their keys.
INSERT INTO stage_moved (customer_id, moved_from, moved_to)
SELECT customer_id, MIN(valid_from), MAX(COALESCE(valid_to, CAST('9999-12-31 00:00:00' AS TIMESTAMP)))
FROM (
    SELECT i.customer_id, i.valid_from, i.valid_to
    FROM stage_intervals AS i
    JOIN (
        SELECT DISTINCT c.customer_id
        FROM sales.dim_customer AS c
        JOIN stage_changed AS s ON s.customer_id = c.customer_id
    ) AS known ON known.customer_id = i.customer_id
    LEFT JOIN sales.dim_customer AS c ON c.customer_id = i.customer_id AND c.valid_from = i.valid_from
    WHERE c.customer_id IS NULL
    UNION ALL
    SELECT c.customer_id, c.valid_from, c.valid_to
    FROM sales.dim_customer AS c
    JOIN stage_changed AS s ON s.customer_id = c.customer_id
    LEFT JOIN stage_intervals AS i ON i.customer_id = c.customer_id AND i.valid_from = c.valid_from
    WHERE i.customer_id IS NULL
) AS moved
GROUP BY customer_id
