-- Orders of the files that have more than one row, here or in the warehouse, or that a file takes out. The rows of the
-- others are new: there is nothing to compare them with.
CREATE TEMP TABLE stage_known /*redshift DISTKEY (order_id) SORTKEY (order_id)*/ AS
SELECT order_id
FROM sales.fact_sales
WHERE 1 = 0;

-- Rows that the days gain (n is 1) and lose (-1), but for the new ones.
CREATE TEMP TABLE stage_rows /*redshift DISTKEY (order_id) SORTKEY (order_ts)*/ AS
SELECT order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price,
       revenue, currency, status, payment_method, _partition, _offset,
       order_date, CAST(0 AS BIGINT) AS n
FROM sales.fact_sales
WHERE 1 = 0;

-- Orders that may have a row of another day.
CREATE TEMP TABLE stage_sought /*redshift DISTKEY (order_id) SORTKEY (order_id)*/ AS
SELECT order_id
FROM sales.fact_sales
WHERE 1 = 0;

-- Rows of these orders that the warehouse has of other days: in fact_sales, or overtaken.
CREATE TEMP TABLE stage_rivals /*redshift DISTKEY (order_id) SORTKEY (order_ts)*/ AS
SELECT order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price,
       revenue, currency, status, payment_method, _partition, _offset,
       order_date, TRUE AS in_facts
FROM sales.fact_sales
WHERE 1 = 0;

-- All rows of orders with several, the newest in the first place.
CREATE TEMP TABLE stage_ranked /*redshift DISTKEY (order_id) SORTKEY (order_ts)*/ AS
SELECT order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price,
       revenue, currency, status, payment_method, _partition, _offset,
       order_date, TRUE AS in_facts, CAST(0 AS BIGINT) AS place
FROM sales.fact_sales
WHERE 1 = 0;

-- Rows that are written anew, or no more.
CREATE TEMP TABLE stage_touched /*redshift DISTKEY (order_id) SORTKEY (order_id)*/ AS
SELECT order_id, order_date
FROM sales.fact_sales
WHERE 1 = 0
