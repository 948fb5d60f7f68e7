-- The rows that become facts, with the customer as of the order.
INSERT INTO sales.fact_sales (
    order_id, order_ts, order_date, event_ts, event_id, customer_sk, customer_id, product_sk, product_id,
    region_sk, category, region, quantity, unit_price, revenue, currency, status, payment_method,
    _partition, _offset, loaded_at
)
SELECT w.order_id, w.order_ts, CAST(w.order_ts AS DATE), w.event_ts, w.event_id, c.customer_sk, w.customer_id, p.product_sk, w.product_id,
       g.region_sk, w.category, w.region, w.quantity, w.unit_price, w.revenue, w.currency, w.status, w.payment_method,
       w._partition, w._offset, CAST($1 AS TIMESTAMP)
FROM (
    SELECT s.order_id, s.order_ts, s.event_ts, s.event_id, s.customer_id, s.product_id, s.category, s.region,
           s.quantity, s.unit_price, s.revenue, s.currency, s.status, s.payment_method, s._partition, s._offset
    FROM (
        SELECT order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price,
               revenue, currency, status, payment_method, _partition, _offset
        FROM stage_sales
        UNION ALL
        SELECT order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price,
               revenue, currency, status, payment_method, _partition, _offset
        FROM stage_changes
    ) AS s
    LEFT JOIN stage_known AS k ON k.order_id = s.order_id
    WHERE k.order_id IS NULL
    UNION ALL
    SELECT r.order_id, r.order_ts, r.event_ts, r.event_id, r.customer_id, r.product_id, r.category, r.region,
           r.quantity, r.unit_price, r.revenue, r.currency, r.status, r.payment_method, r._partition, r._offset
    FROM stage_rows AS r
    LEFT JOIN stage_ranked AS k ON k.order_id = r.order_id
    WHERE r.n > 0 AND k.order_id IS NULL
    UNION ALL
    SELECT order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price,
           revenue, currency, status, payment_method, _partition, _offset
    FROM stage_ranked
    WHERE place = 1 AND NOT in_facts
) AS w
JOIN sales.dim_customer AS c ON c.customer_id = w.customer_id
     AND w.order_ts >= c.valid_from AND (c.valid_to IS NULL OR w.order_ts < c.valid_to)
JOIN sales.dim_product AS p ON p.product_id = w.product_id
JOIN sales.dim_region AS g ON g.region = w.region
