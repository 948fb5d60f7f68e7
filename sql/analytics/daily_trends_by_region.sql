-- Question: how do orders and revenue of each region develop from day to day?
-- Grain:    a UTC day and region, every day from the first with orders to the last; days without orders are zero.
-- Columns:  order_date       the day
--           region           sales region
--           orders           completed and refunded orders
--           revenue          net revenue: gross less refunds
--           revenue_average  mean daily revenue of this day and the six before it, rounded half up to cents
-- Owner:    sales analytics
-- Caveats:  in the first six days the mean is over the days there are. The last day may not be whole.
--           The dialects divide differently, so means are computed in whole cents: (q - MOD(q, d)) / d is exact.
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
           CAST(COALESCE(SUM(a.net_revenue), 0) AS DECIMAL(18, 2)) AS revenue
    FROM sales.dim_date AS d
    JOIN span ON d.order_date BETWEEN span.first_day AND span.last_day
    CROSS JOIN regions AS r
    LEFT JOIN sales.agg_daily_sales AS a ON a.order_date = d.order_date AND a.region = r.region
    GROUP BY d.order_date, r.region
),
weeks AS (
    SELECT order_date, region, orders, revenue,
           CAST(SUM(revenue) OVER (PARTITION BY region ORDER BY order_date
                                   ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) * 100 AS BIGINT) AS week_cents,
           COUNT(*) OVER (PARTITION BY region ORDER BY order_date
                          ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) AS week_days
    FROM days
),
ratios AS (
    SELECT order_date, region, orders, revenue, 2 * week_cents + week_days AS q, 2 * week_days AS d
    FROM weeks
)
SELECT order_date,
       region,
       orders,
       revenue,
       CAST(CAST((q - MOD(q, d)) / d AS DECIMAL(16, 2)) * 0.01 AS DECIMAL(18, 2)) AS revenue_average
FROM ratios
ORDER BY order_date, region
