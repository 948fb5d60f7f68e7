-- Question: how much of the revenue that was published has been restated since?
-- Topic:    revenue
-- Grain:    a calendar month (UTC) with any order, or that had one when it was published
-- Columns:  month               first day of the month
--           days                days that have, or had, any order
--           restated_days       those of them of which a published cell changed
--           published_revenue   net revenue of each day as it was first published
--           revenue             net revenue now
--           difference          revenue less published_revenue
--           difference_percent  of published_revenue; null when that is zero
-- Owner:    sales analytics
-- Caveats:  a day is published 24 hours after its end (setting gold.settle); until then it counts as it is now. What changed,
--           when, and by which orders is in sales.restatements.
WITH restated AS (
    SELECT order_date, region, category, old_net_revenue,
           ROW_NUMBER() OVER (PARTITION BY order_date, region, category ORDER BY version) AS place
    FROM sales.restatements
),
cells AS (
    SELECT COALESCE(a.order_date, r.order_date) AS order_date,
           COALESCE(r.old_net_revenue, a.net_revenue) AS published_revenue,
           COALESCE(a.net_revenue, 0) AS revenue,
           r.order_date AS restated_date
    FROM sales.agg_daily_sales AS a
    FULL JOIN (SELECT * FROM restated WHERE place = 1) AS r
        ON r.order_date = a.order_date AND r.region = a.region AND r.category = a.category
),
months AS (
    SELECT d.month_start AS month,
           COUNT(DISTINCT c.order_date) AS days,
           COUNT(DISTINCT c.restated_date) AS restated_days,
           SUM(c.published_revenue) AS published_revenue,
           CAST(SUM(c.revenue) AS DECIMAL(38, 2)) AS revenue
    FROM cells AS c
    JOIN sales.dim_date AS d ON d.order_date = c.order_date
    GROUP BY d.month_start
)
SELECT month,
       days,
       restated_days,
       published_revenue,
       revenue,
       revenue - published_revenue AS difference,
       sales.ratio(100 * (revenue - published_revenue), published_revenue) AS difference_percent
FROM months
ORDER BY month
