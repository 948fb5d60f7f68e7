-- Rows of silver's files: of slices that are loaded whole, and of new orders. The columns are those of the files, in their
-- order: Redshift's COPY goes by position.
CREATE TEMP TABLE stage_sales /*redshift DISTKEY (order_id) SORTKEY (order_ts)*/ AS
SELECT order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price,
       revenue, currency, status, payment_method, _partition, _offset
FROM sales.fact_sales
WHERE 1 = 0
