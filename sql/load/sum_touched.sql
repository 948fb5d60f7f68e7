-- What the warehouse has of the orders that change, by day, in a range of days. An order that is not known has no fact but
-- the one that it got from here. The day is computed, or PostgreSQL might join by its index of days, and compare each order
-- with all others of its day; so it might if an order had to have its time, too, which it takes for a rarity.
SELECT CAST(order_date AS VARCHAR(10)) AS order_date, COUNT(*) AS touched_rows, CAST(SUM(revenue) * 100 AS BIGINT) AS touched_cents
FROM (
    SELECT f.order_date, f.revenue
    FROM sales.fact_sales AS f
    JOIN stage_touched AS t ON t.order_id = f.order_id AND t.order_date = CAST(f.order_ts AS DATE)
    WHERE f.order_ts >= CAST($1 AS TIMESTAMP) AND f.order_ts < CAST($2 AS TIMESTAMP)
    UNION ALL
    SELECT t.order_date, o.revenue
    FROM etl.overtaken_sales AS o
    JOIN stage_touched AS t ON t.order_id = o.order_id AND t.order_date = CAST(o.order_ts AS DATE)
    UNION ALL
    SELECT f.order_date, f.revenue
    FROM sales.fact_sales AS f
    JOIN stage_sales AS s ON s.order_id = f.order_id
    LEFT JOIN stage_known AS k ON k.order_id = s.order_id
    WHERE k.order_id IS NULL
      AND f.order_ts >= CAST($1 AS TIMESTAMP) AND f.order_ts < CAST($2 AS TIMESTAMP)
) AS touched
GROUP BY order_date
