-- A row is known by its order and day: one that moves leaves its old day with delete_facts.
MERGE INTO sales.fact_sales
USING stage_facts AS s
ON fact_sales.order_id = s.order_id AND fact_sales.order_date = s.order_date
   AND fact_sales.order_ts >= CAST($1 AS TIMESTAMP) AND fact_sales.order_ts < CAST($2 AS TIMESTAMP)
WHEN MATCHED THEN UPDATE SET
    order_ts = s.order_ts, event_ts = s.event_ts, event_id = s.event_id,
    customer_sk = s.customer_sk, customer_id = s.customer_id, product_sk = s.product_sk, product_id = s.product_id,
    region_sk = s.region_sk, category = s.category, region = s.region, quantity = s.quantity,
    unit_price = s.unit_price, revenue = s.revenue, currency = s.currency, status = s.status,
    payment_method = s.payment_method, _partition = s._partition, _offset = s._offset,
    loaded_at = CAST($3 AS TIMESTAMP)
WHEN NOT MATCHED THEN INSERT (
    order_id, order_ts, order_date, event_ts, event_id, customer_sk, customer_id, product_sk, product_id,
    region_sk, category, region, quantity, unit_price, revenue, currency, status, payment_method,
    _partition, _offset, loaded_at
) VALUES (
    s.order_id, s.order_ts, s.order_date, s.event_ts, s.event_id, s.customer_sk, s.customer_id, s.product_sk, s.product_id,
    s.region_sk, s.category, s.region, s.quantity, s.unit_price, s.revenue, s.currency, s.status, s.payment_method,
    s._partition, s._offset, CAST($3 AS TIMESTAMP)
)
