-- What the days have gained: the facts of this load, and what is overtaken now of the orders of which that was told anew. They
-- are read back by the time of the load, by which facts lie together.
SELECT CAST(order_date AS VARCHAR(10)) AS order_date, COUNT(*) AS gained_rows, CAST(SUM(revenue) * 100 AS BIGINT) AS gained_cents
FROM (
    SELECT order_date, revenue
    FROM sales.fact_sales
    WHERE loaded_at = CAST($1 AS TIMESTAMP)
    UNION ALL
    SELECT CAST(o.order_ts AS DATE), o.revenue
    FROM etl.overtaken_sales AS o
    JOIN stage_sought AS s ON s.order_id = o.order_id
) AS gained
GROUP BY order_date
