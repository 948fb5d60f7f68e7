-- Question: how do order volume and revenue of each region develop from day to day?
-- Topic:    revenue
-- Grain:    a UTC day and region, every day from the first with orders to the last; days without orders are zero
-- Columns:  order_date       the day
--           region           sales region
--           orders           completed and refunded orders
--           orders_average   mean of this day and the six before it
--           revenue          net revenue: gross less refunds
--           revenue_average  mean of this day and the six before it
-- Owner:    sales analytics
-- Caveats:  in the first six days the means are over the days there are. The last day may not be whole.
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
           COUNT(*) OVER (PARTITION BY region ORDER BY order_date ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) AS week_days,
           SUM(orders) OVER (PARTITION BY region ORDER BY order_date ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) AS week_orders,
           SUM(revenue) OVER (PARTITION BY region ORDER BY order_date ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) AS week_revenue
    FROM days
)
SELECT order_date,
       region,
       orders,
       sales.ratio(week_orders, week_days) AS orders_average,
       revenue,
       sales.ratio(week_revenue, week_days) AS revenue_average
FROM weeks
ORDER BY order_date, region
