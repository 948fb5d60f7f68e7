-- Question: what is an order worth, and how does that change from month to month?
-- Topic:    revenue
-- Grain:    a calendar month (UTC), from the first with orders to the last; months between without orders are zero
-- Columns:  month                first day of the month
--           orders               completed and refunded orders
--           gross_revenue        what they were sold for
--           average_order_value  gross_revenue for each order; null in a month without orders
--           change               average_order_value less that of the month before; null when there is none
-- Owner:    sales analytics
-- Caveats:  a refund does not make an order smaller: the value is that when it was sold. The means of several months
--           are not the mean of their averages: divide the sums.
WITH span AS (
    SELECT MIN(order_date) AS first_day, MAX(order_date) AS last_day
    FROM sales.agg_daily_sales
),
months AS (
    SELECT d.month_start AS month,
           CAST(COALESCE(SUM(a.orders), 0) AS BIGINT) AS orders,
           CAST(COALESCE(SUM(a.gross_revenue), 0) AS DECIMAL(38, 2)) AS gross_revenue
    FROM sales.dim_date AS d
    JOIN span ON d.order_date BETWEEN span.first_day AND span.last_day
    LEFT JOIN sales.agg_daily_sales AS a ON a.order_date = d.order_date
    GROUP BY d.month_start
),
averages AS (
    SELECT month, orders, gross_revenue,
           sales.ratio(gross_revenue, orders) AS average_order_value
    FROM months
)
SELECT month,
       orders,
       gross_revenue,
       average_order_value,
       average_order_value - LAG(average_order_value) OVER (ORDER BY month) AS change
FROM averages
ORDER BY month
