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
--           The dialects divide decimals differently, and doubles alike: growth is estimated with doubles, and the
--           remainder, which is exact, corrects it. A step gains 15 digits, so three are enough for 10^30 cents.
WITH span AS (
    SELECT MIN(order_date) AS first_day, MAX(order_date) AS last_day
    FROM sales.agg_daily_sales
),
months AS (
    SELECT d.month_start,
           CAST(COALESCE(SUM(a.orders), 0) AS BIGINT) AS orders,
           CAST(COALESCE(SUM(a.net_revenue), 0) AS DECIMAL(38, 2)) AS revenue
    FROM sales.dim_date AS d
    JOIN span ON d.order_date BETWEEN span.first_day AND span.last_day
    LEFT JOIN sales.agg_daily_sales AS a ON a.order_date = d.order_date
    GROUP BY d.month_start
),
pairs AS (
    SELECT month_start, orders, revenue,
           LAG(revenue) OVER (ORDER BY month_start) AS previous_revenue
    FROM months
),
ratios AS (
    SELECT month_start, orders, revenue, previous_revenue,
           CAST(revenue * 1000000 AS DECIMAL(38, 0)) AS n,
           CASE WHEN previous_revenue > 0 THEN CAST(previous_revenue * 100 AS DECIMAL(38, 0)) END AS d
    FROM pairs
),
first_steps AS (
    SELECT s.*, CAST(CAST(n AS DOUBLE PRECISION) / CAST(d AS DOUBLE PRECISION) AS DECIMAL(38, 0)) AS e1
    FROM ratios AS s
),
second_steps AS (
    SELECT s.*, e1 + CAST(CAST(n - e1 * d AS DOUBLE PRECISION) / CAST(d AS DOUBLE PRECISION) AS DECIMAL(38, 0)) AS e2
    FROM first_steps AS s
),
estimates AS (
    SELECT s.*, e2 + CAST(CAST(n - e2 * d AS DOUBLE PRECISION) / CAST(d AS DOUBLE PRECISION) AS DECIMAL(38, 0)) AS e
    FROM second_steps AS s
)
SELECT month_start AS month,
       orders,
       revenue,
       previous_revenue,
       CAST(revenue - previous_revenue AS DECIMAL(38, 2)) AS growth,
       CAST((e - 10000 + CASE WHEN 2 * (n - e * d) >= d THEN 1 WHEN 2 * (n - e * d) < -d THEN -1 ELSE 0 END) * 0.01
            AS DECIMAL(38, 2)) AS growth_percent
FROM estimates
ORDER BY month_start
