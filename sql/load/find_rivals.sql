-- What the days that are loaded change is no rival: stage_rows has what becomes of it.
INSERT INTO stage_rivals (
    order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price, revenue,
    currency, status, payment_method, _partition, _offset,
    order_date, in_facts
)
SELECT f.order_id, f.order_ts, f.event_ts, f.event_id, f.customer_id, f.product_id, f.category, f.region, f.quantity,
       f.unit_price, f.revenue, f.currency, f.status, f.payment_method, f._partition, f._offset,
       f.order_date, TRUE
FROM sales.fact_sales AS f
JOIN stage_sought AS s ON s.order_id = f.order_id
LEFT JOIN stage_rows AS r ON r.order_id = f.order_id AND r.order_date = CAST(f.order_ts AS DATE)
WHERE r.order_id IS NULL
  AND f.order_ts >= CAST($1 AS TIMESTAMP) AND f.order_ts < CAST($2 AS TIMESTAMP)
UNION ALL
SELECT o.order_id, o.order_ts, o.event_ts, o.event_id, o.customer_id, o.product_id, o.category, o.region, o.quantity,
       o.unit_price, o.revenue, o.currency, o.status, o.payment_method, o._partition, o._offset,
       CAST(o.order_ts AS DATE), FALSE
FROM etl.overtaken_sales AS o
JOIN stage_sought AS s ON s.order_id = o.order_id
LEFT JOIN stage_rows AS r ON r.order_id = o.order_id AND r.order_date = CAST(o.order_ts AS DATE)
WHERE r.order_id IS NULL
