-- The calendar's span, and the span of the orders that the days gain. What is staged of known orders and stays is in
-- stage_rows.
SELECT CAST(d.first_day AS VARCHAR(10)) AS first_day, CAST(d.last_day AS VARCHAR(10)) AS last_day,
       CAST(CAST(s.first_staged AS DATE) AS VARCHAR(10)) AS first_staged,
       CAST(CAST(s.last_staged AS DATE) AS VARCHAR(10)) AS last_staged
FROM (SELECT MIN(order_date) AS first_day, MAX(order_date) AS last_day FROM sales.dim_date) AS d
CROSS JOIN (
    SELECT MIN(order_ts) AS first_staged, MAX(order_ts) AS last_staged
    FROM (
        SELECT order_ts FROM stage_rows WHERE n > 0
        UNION ALL
        SELECT s.order_ts
        FROM (
            SELECT order_id, order_ts FROM stage_sales
            UNION ALL
            SELECT order_id, order_ts FROM stage_changes
        ) AS s
        LEFT JOIN stage_known AS k ON k.order_id = s.order_id
        WHERE k.order_id IS NULL
    ) AS staged
) AS s
