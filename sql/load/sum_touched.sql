-- What the warehouse has of the orders that change, by day, of days that are loaded by what changed.
SELECT CAST(order_date AS VARCHAR(10)) AS order_date, COUNT(*) AS touched_rows, CAST(SUM(revenue) * 100 AS BIGINT) AS touched_cents
FROM (
    SELECT f.order_date, f.revenue
    FROM sales.fact_sales AS f
    JOIN (SELECT DISTINCT order_id, order_date FROM stage_rows) AS r ON r.order_id = f.order_id AND r.order_date = f.order_date
    WHERE f.order_ts >= CAST($1 AS TIMESTAMP) AND f.order_ts < CAST($2 AS TIMESTAMP)
    UNION ALL
    SELECT r.order_date, o.revenue
    FROM etl.overtaken_sales AS o
    JOIN (SELECT DISTINCT order_id, order_date FROM stage_rows) AS r ON r.order_id = o.order_id AND r.order_date = CAST(o.order_ts AS DATE)
) AS touched
GROUP BY order_date
