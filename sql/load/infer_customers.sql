-- A fact never waits for a dimension: who is not known yet becomes an inferred member.
INSERT INTO sales.dim_customer (customer_id, valid_from, is_current, deleted, inferred)
SELECT s.customer_id, CAST('1970-01-01 00:00:00' AS TIMESTAMP), TRUE, FALSE, TRUE
FROM (
    SELECT customer_id FROM stage_rows WHERE n > 0
    UNION
    SELECT DISTINCT customer_id FROM stage_new
) AS s
WHERE NOT EXISTS (SELECT 1 FROM sales.dim_customer AS c WHERE c.customer_id = s.customer_id)
