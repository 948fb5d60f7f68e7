-- Question: how does revenue grow from one month to the next?
-- Topic:    revenue
-- Grain:    a calendar month (UTC), from the first with orders to the last; months between without orders are zero
-- Columns:  month             first day of the month
--           orders            completed and refunded orders
--           revenue           net revenue: gross less refunds
--           previous_revenue  that of the month before; null in the first month
--           growth            revenue less previous_revenue
--           growth_percent    growth in percent of previous_revenue; null when that is zero
-- Owner:    sales analytics
-- Caveats:  the first and the last month are usually not whole. A refund counts against the month of its order.
WITH span AS (
    SELECT MIN(order_date) AS first_day, MAX(order_date) AS last_day
    FROM sales.agg_daily_sales
),
months AS (
    SELECT d.month_start AS month,
           CAST(COALESCE(SUM(a.orders), 0) AS BIGINT) AS orders,
           CAST(COALESCE(SUM(a.net_revenue), 0) AS DECIMAL(38, 2)) AS revenue
    FROM sales.dim_date AS d
    JOIN span ON d.order_date BETWEEN span.first_day AND span.last_day
    LEFT JOIN sales.agg_daily_sales AS a ON a.order_date = d.order_date
    GROUP BY d.month_start
),
pairs AS (
    SELECT month, orders, revenue,
           LAG(revenue) OVER (ORDER BY month) AS previous_revenue
    FROM months
)
SELECT month,
       orders,
       revenue,
       previous_revenue,
       revenue - previous_revenue AS growth,
       sales.ratio(100 * (revenue - previous_revenue), previous_revenue) AS growth_percent
FROM pairs
ORDER BY month
