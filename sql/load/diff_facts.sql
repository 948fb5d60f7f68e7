-- What the days gain and lose. Of a slice that is loaded whole that is the difference between its files and what the
-- warehouse has of it; else what the changes add up to, whatever their order: a row that one version put in and a later one
-- took out is none. The range is said for the sort key and for an index by date.
INSERT INTO stage_rows (
    order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price, revenue,
    currency, status, payment_method, _partition, _offset,
    order_date, n
)
SELECT order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price,
       revenue, currency, status, payment_method, _partition, _offset,
       CAST(order_ts AS DATE), SUM(n)
FROM (
    SELECT s.order_id, s.order_ts, s.event_ts, s.event_id, s.customer_id, s.product_id, s.category, s.region,
           s.quantity, s.unit_price, s.revenue, s.currency, s.status, s.payment_method, s._partition, s._offset,
           1 AS n
    FROM stage_sales AS s
    JOIN stage_known AS k ON k.order_id = s.order_id
    UNION ALL
    SELECT c.order_id, c.order_ts, c.event_ts, c.event_id, c.customer_id, c.product_id, c.category, c.region,
           c.quantity, c.unit_price, c.revenue, c.currency, c.status, c.payment_method, c._partition, c._offset,
           CASE WHEN c._op = 'upsert' THEN 1 ELSE -1 END AS n
    FROM stage_changes AS c
    JOIN stage_known AS k ON k.order_id = c.order_id
    UNION ALL
    SELECT f.order_id, f.order_ts, f.event_ts, f.event_id, f.customer_id, f.product_id, f.category, f.region,
           f.quantity, f.unit_price, f.revenue, f.currency, f.status, f.payment_method, f._partition, f._offset,
           -1 AS n
    FROM sales.fact_sales AS f
    JOIN stage_days AS d ON d.order_date = f.order_date AND (d._partition = f._partition OR d._partition IS NULL)
    WHERE f.order_ts >= CAST($1 AS TIMESTAMP) AND f.order_ts < CAST($2 AS TIMESTAMP)
      AND f.order_date >= CAST($1 AS DATE) AND f.order_date < CAST($2 AS DATE)
    UNION ALL
    SELECT o.order_id, o.order_ts, o.event_ts, o.event_id, o.customer_id, o.product_id, o.category, o.region,
           o.quantity, o.unit_price, o.revenue, o.currency, o.status, o.payment_method, o._partition, o._offset,
           -1 AS n
    FROM etl.overtaken_sales AS o
    JOIN stage_days AS d ON d.order_date = CAST(o.order_ts AS DATE) AND (d._partition = o._partition OR d._partition IS NULL)
) AS both_sides
GROUP BY order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price,
         revenue, currency, status, payment_method, _partition, _offset
HAVING SUM(n) <> 0
