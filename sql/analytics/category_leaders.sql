-- Question: which categories lead each month, and by how much?
-- Grain:    a category in a calendar month (UTC) in which it has any order.
-- Columns:  month          first day of the month
--           category_rank  1 for the greatest revenue of the month; equals share a rank
--           category       product category, as the orders say it
--           orders         completed and refunded orders
--           revenue        net revenue: gross less refunds
--           share_percent  of the month's net revenue, rounded half up; null when that is zero
-- Owner:    sales analytics
-- Caveats:  the shares of a month may not add up to exactly 100.00, as each is rounded.
--           The dialects divide differently, so shares are computed in whole numbers: (q - MOD(q, d)) / d is exact.
WITH categories AS (
    SELECT d.month_start, a.category,
           CAST(SUM(a.orders) AS BIGINT) AS orders,
           CAST(SUM(a.net_revenue) AS DECIMAL(18, 2)) AS revenue
    FROM sales.agg_daily_sales AS a
    JOIN sales.dim_date AS d ON d.order_date = a.order_date
    GROUP BY d.month_start, a.category
),
totals AS (
    SELECT month_start, category, orders, revenue,
           CAST(revenue * 100 AS BIGINT) AS cents,
           CAST(SUM(revenue) OVER (PARTITION BY month_start) * 100 AS BIGINT) AS month_cents,
           RANK() OVER (PARTITION BY month_start ORDER BY revenue DESC) AS category_rank
    FROM categories
),
ratios AS (
    SELECT month_start, category_rank, category, orders, revenue,
           20000 * cents + month_cents AS q,
           CASE WHEN month_cents > 0 THEN 2 * month_cents END AS d
    FROM totals
)
SELECT month_start AS month,
       category_rank,
       category,
       orders,
       revenue,
       CAST(CAST((q - MOD(q, d)) / d AS DECIMAL(16, 2)) * 0.01 AS DECIMAL(16, 2)) AS share_percent
FROM ratios
ORDER BY month_start, category_rank, category
