INSERT INTO etl.overtaken_sales (
    order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price, revenue,
    currency, status, payment_method, _partition, _offset
)
SELECT order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price,
       revenue, currency, status, payment_method, _partition, _offset
FROM stage_ranked
WHERE place > 1
