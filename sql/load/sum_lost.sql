-- What the days lose, before it is gone: the facts that are written anew or no more, and what is overtaken of the orders of
-- which that is told anew. The day is computed, or PostgreSQL might join by its index of days, and compare each order with
-- all others of its day; so it might if an order had to have its time, too, which it takes for a rarity.
SELECT CAST(order_date AS VARCHAR(10)) AS order_date, COUNT(*) AS lost_rows, CAST(SUM(revenue) * 100 AS BIGINT) AS lost_cents
FROM (
    SELECT f.order_date, f.revenue
    FROM sales.fact_sales AS f
    JOIN stage_touched AS t ON t.order_id = f.order_id AND t.order_date = CAST(f.order_ts AS DATE)
    WHERE f.order_ts >= CAST($1 AS TIMESTAMP) AND f.order_ts < CAST($2 AS TIMESTAMP)
    UNION ALL
    SELECT CAST(o.order_ts AS DATE), o.revenue
    FROM etl.overtaken_sales AS o
    JOIN stage_sought AS s ON s.order_id = o.order_id
) AS lost
GROUP BY order_date
