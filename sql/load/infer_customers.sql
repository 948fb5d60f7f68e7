-- A fact never waits for a dimension: who is not known yet becomes an inferred member. What
-- is staged of known orders and stays is in stage_rows.
INSERT INTO sales.dim_customer (customer_id, valid_from, is_current, deleted, inferred)
SELECT DISTINCT s.customer_id, CAST('1970-01-01 00:00:00' AS TIMESTAMP), TRUE, FALSE, TRUE
FROM (
    SELECT customer_id FROM stage_rows WHERE n > 0
    UNION ALL
    SELECT s.customer_id
    FROM (
        SELECT order_id, customer_id FROM stage_sales
        UNION ALL
        SELECT order_id, customer_id FROM stage_changes
    ) AS s
    LEFT JOIN stage_known AS k ON k.order_id = s.order_id
    WHERE k.order_id IS NULL
) AS s
LEFT JOIN sales.dim_customer AS c ON c.customer_id = s.customer_id
WHERE c.customer_id IS NULL
