-- The rows of new days whose order has no other row.
INSERT INTO sales.fact_sales (
    order_id, order_ts, order_date, event_ts, event_id, customer_sk, customer_id, product_sk, product_id,
    region_sk, category, region, quantity, unit_price, revenue, currency, status, payment_method,
    _partition, _offset, loaded_at
)
SELECT s.order_id, s.order_ts, CAST(s.order_ts AS DATE), s.event_ts, s.event_id, c.customer_sk, s.customer_id, p.product_sk, s.product_id,
       g.region_sk, s.category, s.region, s.quantity, s.unit_price, s.revenue, s.currency, s.status, s.payment_method,
       s._partition, s._offset, CAST($1 AS TIMESTAMP)
FROM stage_new AS s
JOIN sales.dim_customer AS c ON c.customer_id = s.customer_id
     AND s.order_ts >= c.valid_from AND (c.valid_to IS NULL OR s.order_ts < c.valid_to)
JOIN sales.dim_product AS p ON p.product_id = s.product_id
JOIN sales.dim_region AS g ON g.region = s.region
LEFT JOIN stage_rows AS r ON r.order_id = s.order_id
WHERE r.order_id IS NULL
