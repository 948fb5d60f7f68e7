-- Question: which categories lead each month, and by how much?
-- Topic:    revenue
-- Grain:    a category in a calendar month (UTC) in which it has any order
-- Columns:  month          first day of the month
--           category_rank  1 for the greatest revenue of the month; equals share a rank
--           category       product category, as the orders say it
--           orders         completed and refunded orders
--           revenue        net revenue: gross less refunds
--           share_percent  of the month's net revenue; null when that is zero
-- Owner:    sales analytics
-- Caveats:  the shares of a month may not add up to exactly 100.00, as each is rounded.
WITH categories AS (
    SELECT d.month_start AS month, a.category,
           CAST(SUM(a.orders) AS BIGINT) AS orders,
           SUM(a.net_revenue) AS revenue
    FROM sales.agg_daily_sales AS a
    JOIN sales.dim_date AS d ON d.order_date = a.order_date
    GROUP BY d.month_start, a.category
)
SELECT month,
       RANK() OVER (PARTITION BY month ORDER BY revenue DESC) AS category_rank,
       category,
       orders,
       revenue,
       sales.ratio(100 * revenue, SUM(revenue) OVER (PARTITION BY month)) AS share_percent
FROM categories
ORDER BY month, category_rank, category
