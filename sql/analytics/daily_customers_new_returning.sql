-- Question: how many customers of each day are new, and what do new and returning ones bring?
-- Topic:    customers
-- Grain:    a UTC day with any completed or refunded order
-- Columns:  order_date             the day
--           customers              distinct customers with a completed or refunded order of the day
--           new_customers          those of them who had none on an earlier day
--           returning_customers    the others
--           new_net_revenue        net revenue of new customers on the day: gross less refunds
--           returning_net_revenue  that of returning ones
-- Owner:    sales analytics
-- Caveats:  a customer is new on the first day of all orders that are loaded now, so an order that comes late, moves to an
--           earlier day or is cancelled later changes what other days said. Nobody is returning on the first day loaded.
WITH visits AS (
    SELECT order_date, customer_id,
           SUM(CASE WHEN status = 'completed' THEN revenue ELSE 0 END) AS revenue
    FROM sales.fact_sales
    WHERE status IN ('completed', 'refunded')
    GROUP BY order_date, customer_id
),
seen AS (
    SELECT order_date, revenue,
           CASE WHEN order_date = MIN(order_date) OVER (PARTITION BY customer_id) THEN 1 ELSE 0 END AS is_new
    FROM visits
)
SELECT order_date,
       COUNT(*) AS customers,
       CAST(SUM(is_new) AS BIGINT) AS new_customers,
       CAST(SUM(1 - is_new) AS BIGINT) AS returning_customers,
       CAST(SUM(CASE WHEN is_new = 1 THEN revenue ELSE 0 END) AS DECIMAL(38, 2)) AS new_net_revenue,
       CAST(SUM(CASE WHEN is_new = 0 THEN revenue ELSE 0 END) AS DECIMAL(38, 2)) AS returning_net_revenue
FROM seen
GROUP BY order_date
ORDER BY order_date
