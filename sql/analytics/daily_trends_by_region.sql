-- Question: how do orders and revenue of each region develop from day to day?
-- Grain:    a UTC day and region, every day from the first with orders to the last; days without orders are zero.
-- Columns:  order_date       the day
--           region           sales region
--           orders           completed and refunded orders
--           revenue          net revenue: gross less refunds
--           revenue_average  mean daily revenue of this day and the six before it, rounded half up to cents
-- Owner:    sales analytics
-- Caveats:  in the first six days the mean is over the days there are. The last day may not be whole.
--           The dialects divide decimals differently, and doubles alike: a mean is estimated with doubles, and the
--           remainder, which is exact, corrects it. A step gains 15 digits, so three are enough for 10^30 cents.
WITH span AS (
    SELECT MIN(order_date) AS first_day, MAX(order_date) AS last_day
    FROM sales.agg_daily_sales
),
regions AS (
    SELECT DISTINCT region
    FROM sales.agg_daily_sales
),
days AS (
    SELECT d.order_date, r.region,
           CAST(COALESCE(SUM(a.orders), 0) AS BIGINT) AS orders,
           CAST(COALESCE(SUM(a.net_revenue), 0) AS DECIMAL(38, 2)) AS revenue
    FROM sales.dim_date AS d
    JOIN span ON d.order_date BETWEEN span.first_day AND span.last_day
    CROSS JOIN regions AS r
    LEFT JOIN sales.agg_daily_sales AS a ON a.order_date = d.order_date AND a.region = r.region
    GROUP BY d.order_date, r.region
),
weeks AS (
    SELECT order_date, region, orders, revenue,
           CAST(SUM(revenue) OVER (PARTITION BY region ORDER BY order_date
                                   ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) * 100 AS DECIMAL(38, 0)) AS n,
           CAST(COUNT(*) OVER (PARTITION BY region ORDER BY order_date
                               ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) AS DECIMAL(38, 0)) AS d
    FROM days
),
first_steps AS (
    SELECT s.*, CAST(CAST(n AS DOUBLE PRECISION) / CAST(d AS DOUBLE PRECISION) AS DECIMAL(38, 0)) AS e1
    FROM weeks AS s
),
second_steps AS (
    SELECT s.*, e1 + CAST(CAST(n - e1 * d AS DOUBLE PRECISION) / CAST(d AS DOUBLE PRECISION) AS DECIMAL(38, 0)) AS e2
    FROM first_steps AS s
),
estimates AS (
    SELECT s.*, e2 + CAST(CAST(n - e2 * d AS DOUBLE PRECISION) / CAST(d AS DOUBLE PRECISION) AS DECIMAL(38, 0)) AS e
    FROM second_steps AS s
)
SELECT order_date,
       region,
       orders,
       revenue,
       CAST((e + CASE WHEN 2 * (n - e * d) >= d THEN 1 WHEN 2 * (n - e * d) < -d THEN -1 ELSE 0 END) * 0.01
            AS DECIMAL(38, 2)) AS revenue_average
FROM estimates
ORDER BY order_date, region
