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
--           The dialects divide decimals differently, and doubles alike: a share is estimated with doubles, and the
--           remainder, which is exact, corrects it. Sums may reach 10^30 cents.
WITH categories AS (
    SELECT d.month_start, a.category,
           CAST(SUM(a.orders) AS BIGINT) AS orders,
           CAST(SUM(a.net_revenue) AS DECIMAL(38, 2)) AS revenue
    FROM sales.agg_daily_sales AS a
    JOIN sales.dim_date AS d ON d.order_date = a.order_date
    GROUP BY d.month_start, a.category
),
totals AS (
    SELECT month_start, category, orders, revenue,
           CAST(SUM(revenue) OVER (PARTITION BY month_start) AS DECIMAL(38, 2)) AS month_revenue,
           RANK() OVER (PARTITION BY month_start ORDER BY revenue DESC) AS category_rank
    FROM categories
),
ratios AS (
    SELECT month_start, category_rank, category, orders, revenue,
           CAST(revenue * 1000000 AS DECIMAL(38, 0)) AS n,
           CASE WHEN month_revenue > 0 THEN CAST(month_revenue * 100 AS DECIMAL(38, 0)) END AS d
    FROM totals
),
estimates AS (
    SELECT month_start, category_rank, category, orders, revenue, n, d,
           CAST(CAST(n AS DOUBLE PRECISION) / CAST(d AS DOUBLE PRECISION) AS DECIMAL(38, 0)) AS e
    FROM ratios
)
SELECT month_start AS month,
       category_rank,
       category,
       orders,
       revenue,
       CAST((e + CASE WHEN 2 * (n - e * d) >= d THEN 1 WHEN 2 * (n - e * d) < -d THEN -1 ELSE 0 END) * 0.01
            AS DECIMAL(38, 2)) AS share_percent
FROM estimates
ORDER BY month_start, category_rank, category
