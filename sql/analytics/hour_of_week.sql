-- Question: when in the week do customers order?
-- Topic:    customers
-- Grain:    a weekday and UTC hour of the day: all 168, those without orders are zero
-- Columns:  weekday         1 Monday to 7 Sunday
--           weekday_name    Monday to Sunday
--           hour            0 to 23, UTC
--           days            such weekdays from the first day with orders to the last
--           orders          completed and refunded orders
--           orders_average  orders on such a weekday in the mean; null when there was none
--           revenue         net revenue: gross less refunds
-- Owner:    sales analytics
-- Caveats:  hours are UTC, not those of the customers. Compare orders_average, as a weekday may come once more than another.
WITH span AS (
    SELECT MIN(order_date) AS first_day, MAX(order_date) AS last_day
    FROM sales.agg_daily_sales
),
weekdays AS (
    SELECT d.weekday, d.weekday_name,
           CAST(SUM(CASE WHEN d.order_date BETWEEN span.first_day AND span.last_day THEN 1 ELSE 0 END) AS BIGINT) AS days
    FROM sales.dim_date AS d
    CROSS JOIN span
    GROUP BY d.weekday, d.weekday_name
),
hours AS ( -- the days of a month lend their numbers
    SELECT DISTINCT day - 1 AS hour
    FROM sales.dim_date
    WHERE day <= 24
),
hourly AS (
    SELECT CAST(order_hour AS DATE) AS order_date,
           CAST(EXTRACT(HOUR FROM order_hour) AS INTEGER) AS hour,
           orders, net_revenue
    FROM sales.agg_hourly_sales
),
cells AS (
    SELECT d.weekday, h.hour,
           CAST(SUM(h.orders) AS BIGINT) AS orders,
           SUM(h.net_revenue) AS revenue
    FROM hourly AS h
    JOIN sales.dim_date AS d ON d.order_date = h.order_date
    GROUP BY d.weekday, h.hour
)
SELECT w.weekday,
       w.weekday_name,
       h.hour,
       w.days,
       COALESCE(c.orders, 0) AS orders,
       sales.ratio(COALESCE(c.orders, 0), w.days) AS orders_average,
       CAST(COALESCE(c.revenue, 0) AS DECIMAL(38, 2)) AS revenue
FROM weekdays AS w
CROSS JOIN hours AS h
LEFT JOIN cells AS c ON c.weekday = w.weekday AND c.hour = h.hour
ORDER BY w.weekday, h.hour
