-- Question: which segments of customers do orders and revenue come from?
-- Topic:    customers
-- Grain:    a segment in a calendar month (UTC) in which its customers have any completed or refunded order
-- Columns:  month          first day of the month
--           segment        the customer's when the order was placed, or unknown
--           customers      distinct customers
--           orders         completed and refunded orders
--           revenue        net revenue: gross less refunds
--           share_percent  of the month's net revenue; null when that is zero
-- Owner:    sales analytics
-- Caveats:  a customer who changes segment within a month counts in both; orders that are older than all that is known of a
--           customer have the first known segment; it is unknown when none is known or the customer was deleted.
WITH segments AS (
    SELECT d.month_start AS month,
           COALESCE(v.customer_segment, 'unknown') AS segment,
           COUNT(DISTINCT v.customer_id) AS customers,
           COUNT(*) AS orders,
           CAST(SUM(CASE WHEN v.status = 'completed' THEN v.revenue ELSE 0 END) AS DECIMAL(38, 2)) AS revenue
    FROM sales.v_orders AS v
    JOIN sales.dim_date AS d ON d.order_date = v.order_date
    WHERE v.status IN ('completed', 'refunded')
    GROUP BY d.month_start, COALESCE(v.customer_segment, 'unknown')
)
SELECT month,
       segment,
       customers,
       orders,
       revenue,
       sales.ratio(100 * revenue, SUM(revenue) OVER (PARTITION BY month)) AS share_percent
FROM segments
ORDER BY month, segment
