-- Rows of the files of whole days that the warehouse has something of, and of files of new orders. The columns are those of silver's files, in their order:
-- Redshift's COPY goes by position.
CREATE TEMP TABLE stage_sales AS
SELECT order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price,
       revenue, currency, status, payment_method, _partition, _offset
FROM sales.fact_sales
WHERE 1 = 0;

-- Rows of days that the warehouse has nothing of, in the same way.
CREATE TEMP TABLE stage_new AS
SELECT order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price,
       revenue, currency, status, payment_method, _partition, _offset
FROM sales.fact_sales
WHERE 1 = 0;

-- Rows of files of changes, in the same way.
CREATE TEMP TABLE stage_changes AS
SELECT order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price,
       revenue, currency, status, payment_method, _partition, _offset,
       status AS _op, order_date AS _prev_day
FROM sales.fact_sales
WHERE 1 = 0;

-- Rows that the days gain (n is 1) and lose (-1); of stage_new only those that find_known puts here.
CREATE TEMP TABLE stage_rows AS
SELECT order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price,
       revenue, currency, status, payment_method, _partition, _offset,
       order_date, CAST(0 AS BIGINT) AS n
FROM sales.fact_sales
WHERE 1 = 0;

-- Orders that may have a row of another day.
CREATE TEMP TABLE stage_sought AS
SELECT order_id
FROM sales.fact_sales
WHERE 1 = 0;

-- Rows of these orders that the warehouse has of other days: in fact_sales, or overtaken.
CREATE TEMP TABLE stage_rivals AS
SELECT order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price,
       revenue, currency, status, payment_method, _partition, _offset,
       order_date, TRUE AS in_facts
FROM sales.fact_sales
WHERE 1 = 0;

-- All rows of orders with several, the newest in the first place.
CREATE TEMP TABLE stage_ranked AS
SELECT order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price,
       revenue, currency, status, payment_method, _partition, _offset,
       order_date, TRUE AS in_facts, CAST(0 AS BIGINT) AS place
FROM sales.fact_sales
WHERE 1 = 0;

-- Orders that leave a day.
CREATE TEMP TABLE stage_gone AS
SELECT order_id, order_date
FROM sales.fact_sales
WHERE 1 = 0;

-- Facts that are new or changed.
CREATE TEMP TABLE stage_facts AS
SELECT order_id, order_ts, order_date, event_ts, event_id, customer_sk, customer_id, product_sk, product_id, region_sk,
       category, region, quantity, unit_price, revenue, currency, status, payment_method, _partition, _offset
FROM sales.fact_sales
WHERE 1 = 0
