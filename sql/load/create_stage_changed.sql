-- Staged rows that the facts do not hold as they are, with the keys of their
-- dimensions. In a slice of the past that got one correction this is one row.
CREATE TEMP TABLE stage_changed AS
SELECT s.order_id, s.order_ts, s.order_date, s.event_ts, s.event_id, c.customer_sk, s.customer_id,
       p.product_sk, s.product_id, r.region_sk, s.category, s.region, s.quantity, s.unit_price, s.revenue,
       s.currency, s.status, s.payment_method, s._partition, s._offset
FROM (
    SELECT order_id, order_ts, order_date, event_ts, event_id, customer_id, product_id, category, region,
           quantity, unit_price, revenue, currency, status, payment_method, _partition, _offset
    FROM stage_sales
    EXCEPT
    SELECT order_id, order_ts, order_date, event_ts, event_id, customer_id, product_id, category, region,
           quantity, unit_price, revenue, currency, status, payment_method, _partition, _offset
    FROM sales.fact_sales
    WHERE order_date IN (SELECT order_date FROM stage_days)
) AS s
JOIN sales.dim_customer AS c ON c.customer_id = s.customer_id AND c.is_current
JOIN sales.dim_product AS p ON p.product_id = s.product_id
JOIN sales.dim_region AS r ON r.region = s.region
WHERE NOT EXISTS (SELECT 1 FROM stage_skipped AS k WHERE k.order_id = s.order_id AND k.order_date = s.order_date)
