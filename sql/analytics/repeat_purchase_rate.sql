-- Question: what share of the customers has bought more than once, by the end of each month?
-- Topic:    customers
-- Grain:    a calendar month (UTC), from the first with orders to the last
-- Columns:  month                    first day of the month
--           customers                customers with a completed or refunded order up to the end of the month
--           repeat_customers         those of them with two or more
--           repeat_purchase_percent  repeat_customers in percent of customers; null when there is none yet
-- Owner:    sales analytics
-- Caveats:  it counts from the first order loaded, and young customers have had little time to come back: compare months
--           as cohorts with cohort_retention. Two orders on one day count as two.
WITH span AS (
    SELECT MIN(order_date) AS first_day, MAX(order_date) AS last_day
    FROM sales.agg_daily_sales
),
numbered AS (
    SELECT order_date,
           ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY order_ts, order_id) AS place
    FROM sales.fact_sales
    WHERE status IN ('completed', 'refunded')
),
months AS (
    SELECT d.month_start AS month,
           SUM(CASE WHEN n.place = 1 THEN 1 ELSE 0 END) AS first_orders,
           SUM(CASE WHEN n.place = 2 THEN 1 ELSE 0 END) AS second_orders
    FROM sales.dim_date AS d
    JOIN span ON d.order_date BETWEEN span.first_day AND span.last_day
    LEFT JOIN numbered AS n ON n.order_date = d.order_date
    GROUP BY d.month_start
),
totals AS (
    SELECT month,
           CAST(SUM(first_orders) OVER (ORDER BY month ROWS UNBOUNDED PRECEDING) AS BIGINT) AS customers,
           CAST(SUM(second_orders) OVER (ORDER BY month ROWS UNBOUNDED PRECEDING) AS BIGINT) AS repeat_customers
    FROM months
)
SELECT month,
       customers,
       repeat_customers,
       sales.ratio(100 * repeat_customers, customers) AS repeat_purchase_percent
FROM totals
ORDER BY month
