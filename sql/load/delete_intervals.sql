-- Intervals that are no more.
DELETE FROM sales.dim_customer
WHERE customer_sk IN (
    SELECT c.customer_sk
    FROM sales.dim_customer AS c
    JOIN stage_changed AS s ON s.customer_id = c.customer_id
    LEFT JOIN stage_intervals AS i ON i.customer_id = c.customer_id AND i.valid_from = c.valid_from
    WHERE i.customer_id IS NULL
)
