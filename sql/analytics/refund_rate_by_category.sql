-- Question: which share of each category's orders, and of their money, is refunded?
-- Topic:    products
-- Grain:    a category in a calendar month (UTC) of orders in which it has any completed or refunded order
-- Columns:  month                     first day of the month in which the orders were placed
--           category                  product category, as the orders say it
--           orders                    completed and refunded orders
--           refunds                   refunded orders
--           refund_percent            refunds in percent of orders
--           gross_revenue             revenue of the orders
--           refunded_revenue          revenue of the refunded ones
--           refunded_revenue_percent  of gross_revenue; null when that is zero
-- Owner:    sales analytics
-- Caveats:  a refund counts in the month of its order, whenever it was made, so the rates of the last months still grow. Summed by
--           refund_date, sales.agg_refunds_by_day has refunds in the month in which they were made.
WITH sold AS (
    SELECT d.month_start AS month, a.category,
           CAST(SUM(a.orders) AS BIGINT) AS orders,
           SUM(a.gross_revenue) AS gross_revenue,
           SUM(a.refunded_revenue) AS refunded_revenue
    FROM sales.agg_daily_sales AS a
    JOIN sales.dim_date AS d ON d.order_date = a.order_date
    GROUP BY d.month_start, a.category
    HAVING SUM(a.orders) > 0
),
refunded AS (
    SELECT d.month_start AS month, r.category,
           CAST(SUM(r.refunds) AS BIGINT) AS refunds
    FROM sales.agg_refunds_by_day AS r
    JOIN sales.dim_date AS d ON d.order_date = r.order_date
    GROUP BY d.month_start, r.category
)
SELECT s.month,
       s.category,
       s.orders,
       COALESCE(r.refunds, 0) AS refunds,
       sales.ratio(100 * COALESCE(r.refunds, 0), s.orders) AS refund_percent,
       s.gross_revenue,
       s.refunded_revenue,
       sales.ratio(100 * s.refunded_revenue, s.gross_revenue) AS refunded_revenue_percent
FROM sold AS s
LEFT JOIN refunded AS r ON r.month = s.month AND r.category = s.category
ORDER BY s.month, s.category
