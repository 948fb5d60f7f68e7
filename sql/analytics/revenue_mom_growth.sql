-- Question: how does revenue grow from one month to the next?
-- Grain:    a calendar month (UTC), from the first with orders to the last; months between without orders are zero.
-- Columns:  month             first day of the month
--           orders            completed and refunded orders
--           revenue           net revenue: gross less refunds
--           previous_revenue  that of the month before; null in the first month
--           growth            revenue less previous_revenue
--           growth_percent    growth in percent of previous_revenue, rounded half up; null when that is zero
-- Owner:    sales analytics
-- Caveats:  the first and the last month are usually not whole. A refund counts against the month of its order.
--           The dialects divide differently, so shares are computed in whole numbers: (q - MOD(q, d)) / d is exact.
WITH span AS (
    SELECT MIN(order_date) AS first_day, MAX(order_date) AS last_day
    FROM sales.agg_daily_sales
),
months AS (
    SELECT d.month_start,
           CAST(COALESCE(SUM(a.orders), 0) AS BIGINT) AS orders,
           CAST(COALESCE(SUM(a.net_revenue), 0) AS DECIMAL(18, 2)) AS revenue
    FROM sales.dim_date AS d
    JOIN span ON d.order_date BETWEEN span.first_day AND span.last_day
    LEFT JOIN sales.agg_daily_sales AS a ON a.order_date = d.order_date
    GROUP BY d.month_start
),
pairs AS (
    SELECT month_start, orders, revenue,
           LAG(revenue) OVER (ORDER BY month_start) AS previous_revenue,
           CAST(revenue * 100 AS BIGINT) AS cents,
           CAST(LAG(revenue) OVER (ORDER BY month_start) * 100 AS BIGINT) AS previous_cents
    FROM months
),
ratios AS (
    SELECT month_start, orders, revenue, previous_revenue,
           20000 * cents + previous_cents AS q,
           CASE WHEN previous_cents > 0 THEN 2 * previous_cents END AS d
    FROM pairs
)
SELECT month_start AS month,
       orders,
       revenue,
       previous_revenue,
       CAST(revenue - previous_revenue AS DECIMAL(18, 2)) AS growth,
       CAST(CAST((q - MOD(q, d)) / d - 10000 AS DECIMAL(16, 2)) * 0.01 AS DECIMAL(16, 2)) AS growth_percent
FROM ratios
ORDER BY month_start
