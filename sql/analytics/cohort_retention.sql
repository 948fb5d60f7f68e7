-- Question: of the customers who first bought in a month, how many buy again in each month after it?
-- Topic:    customers
-- Grain:    a month of first orders (cohort) and a month since then, up to the last month with orders
-- Columns:  cohort_month       first day of the month of the first completed or refunded order
--           months_since       0 for that month itself
--           cohort_customers   customers of the cohort
--           active_customers   those of them with a completed or refunded order in the month
--           retention_percent  active_customers in percent of cohort_customers
-- Owner:    sales analytics
-- Caveats:  the first cohort holds everybody who bought before the data begins, too. The last month is usually not whole.
--           An order that comes late or moves may move its customer to another cohort.
WITH visits AS (
    SELECT DISTINCT f.customer_id, d.year * 12 + d.month AS month_number
    FROM sales.fact_sales AS f
    JOIN sales.dim_date AS d ON d.order_date = f.order_date
    WHERE f.status IN ('completed', 'refunded')
),
firsts AS (
    SELECT customer_id, MIN(month_number) AS cohort
    FROM visits
    GROUP BY customer_id
),
cohorts AS (
    SELECT cohort, COUNT(*) AS customers
    FROM firsts
    GROUP BY cohort
),
months AS (
    SELECT DISTINCT d.year * 12 + d.month AS month_number, d.month_start AS month
    FROM sales.dim_date AS d
    WHERE d.order_date <= (SELECT MAX(order_date) FROM sales.agg_daily_sales)
),
active AS (
    SELECT f.cohort, v.month_number, COUNT(*) AS customers
    FROM visits AS v
    JOIN firsts AS f ON f.customer_id = v.customer_id
    GROUP BY f.cohort, v.month_number
)
SELECT first_month.month AS cohort_month,
       m.month_number - c.cohort AS months_since,
       c.customers AS cohort_customers,
       COALESCE(a.customers, 0) AS active_customers,
       sales.ratio(100 * COALESCE(a.customers, 0), c.customers) AS retention_percent
FROM cohorts AS c
JOIN months AS first_month ON first_month.month_number = c.cohort
JOIN months AS m ON m.month_number >= c.cohort
LEFT JOIN active AS a ON a.cohort = c.cohort AND a.month_number = m.month_number
ORDER BY cohort_month, months_since
