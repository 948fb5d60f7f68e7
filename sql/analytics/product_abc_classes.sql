-- Question: which products bring the most revenue, and which few make up most of it?
-- Topic:    products
-- Grain:    a product with any completed or refunded order
-- Columns:  revenue_rank        1 for the greatest revenue; equals share a rank
--           product_id          the product
--           product_name        its name in the catalogue; null when that has not come
--           category            its category there
--           orders              completed and refunded orders
--           units               units of those orders
--           revenue             net revenue: gross less refunds
--           share_percent       of the revenue of all products; null when that is zero
--           cumulative_percent  share of this product and those above it
--           abc_class           A for the products that make up the first 80 % of revenue, B for the next 15 %, C for the rest
-- Owner:    sales analytics
-- Caveats:  the product that crosses a bound belongs to the better class. Of equal products the first product_id counts as above.
WITH products AS (
    SELECT product_id,
           CAST(SUM(orders) AS BIGINT) AS orders,
           CAST(SUM(units) AS BIGINT) AS units,
           SUM(net_revenue) AS revenue
    FROM sales.agg_daily_products
    GROUP BY product_id
    HAVING SUM(orders) > 0
),
ranked AS (
    SELECT product_id, orders, units, revenue,
           RANK() OVER (ORDER BY revenue DESC) AS revenue_rank,
           SUM(revenue) OVER (ORDER BY revenue DESC, product_id ROWS UNBOUNDED PRECEDING) AS cumulative_revenue,
           SUM(revenue) OVER () AS total_revenue
    FROM products
)
SELECT r.revenue_rank,
       r.product_id,
       p.name AS product_name,
       CASE WHEN p.inferred THEN NULL ELSE p.category END AS category,
       r.orders,
       r.units,
       r.revenue,
       sales.ratio(100 * r.revenue, r.total_revenue) AS share_percent,
       sales.ratio(100 * r.cumulative_revenue, r.total_revenue) AS cumulative_percent,
       CASE WHEN 100 * (r.cumulative_revenue - r.revenue) < 80 * r.total_revenue THEN 'A'
            WHEN 100 * (r.cumulative_revenue - r.revenue) < 95 * r.total_revenue THEN 'B'
            ELSE 'C' END AS abc_class
FROM ranked AS r
LEFT JOIN sales.dim_product AS p ON p.product_id = r.product_id
ORDER BY r.revenue_rank, r.product_id
