-- Rows of files of changes, in the same way.
CREATE TEMP TABLE stage_changes /*redshift DISTKEY (order_id) SORTKEY (order_ts)*/ AS
SELECT order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price,
       revenue, currency, status, payment_method, _partition, _offset,
       status AS _op, order_date AS _prev_day
FROM sales.fact_sales
WHERE 1 = 0
