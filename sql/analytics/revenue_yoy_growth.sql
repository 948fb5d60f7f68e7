-- Question: how does the revenue of each month compare with that of the same month a year before?
-- Topic:    revenue
-- Grain:    a calendar month (UTC), from the first with orders to the last; months between without orders are zero
-- Columns:  month                  first day of the month
--           orders                 completed and refunded orders
--           revenue                net revenue: gross less refunds
--           previous_year_orders   those of the month twelve months before; null when that is before the first month
--           previous_year_revenue  its net revenue; null when it is before the first month
--           growth                 revenue less previous_year_revenue
--           growth_percent         growth in percent of previous_year_revenue; null when that is zero
-- Owner:    sales analytics
-- Caveats:  the first and the last month are usually not whole: compare neither, nor what lies a year after the first.
WITH span AS (
    SELECT MIN(order_date) AS first_day, MAX(order_date) AS last_day
    FROM sales.agg_daily_sales
),
months AS (
    SELECT d.year * 12 + d.month AS month_number, d.month_start AS month,
           CAST(COALESCE(SUM(a.orders), 0) AS BIGINT) AS orders,
           CAST(COALESCE(SUM(a.net_revenue), 0) AS DECIMAL(38, 2)) AS revenue
    FROM sales.dim_date AS d
    JOIN span ON d.order_date BETWEEN span.first_day AND span.last_day
    LEFT JOIN sales.agg_daily_sales AS a ON a.order_date = d.order_date
    GROUP BY d.year, d.month, d.month_start
)
SELECT m.month,
       m.orders,
       m.revenue,
       p.orders AS previous_year_orders,
       p.revenue AS previous_year_revenue,
       m.revenue - p.revenue AS growth,
       sales.ratio(100 * (m.revenue - p.revenue), p.revenue) AS growth_percent
FROM months AS m
LEFT JOIN months AS p ON p.month_number = m.month_number - 12
ORDER BY m.month
