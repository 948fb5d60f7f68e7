-- Rows of files of the slices; the columns are those of silver's files, in their order.
CREATE TEMP TABLE stage_customers /*redshift DISTKEY (customer_id) SORTKEY (updated_ts)*/ AS
SELECT customer_id, updated_ts, name, email, segment, city, country, deleted, _partition, _offset
FROM etl.customer_versions
WHERE 1 = 0;

-- Rows of files of changes, in the same way.
CREATE TEMP TABLE stage_customer_changes /*redshift DISTKEY (customer_id) SORTKEY (updated_ts)*/ AS
SELECT customer_id, updated_ts, name, email, segment, city, country, deleted, _partition, _offset,
       segment AS _op, CAST(updated_ts AS DATE) AS _prev_day
FROM etl.customer_versions
WHERE 1 = 0;

-- Versions that the slices gain (n is 1) and lose (-1).
CREATE TEMP TABLE stage_versions /*redshift DISTKEY (customer_id) SORTKEY (updated_ts)*/ AS
SELECT customer_id, updated_ts, name, email, segment, city, country, deleted, _partition, _offset, CAST(0 AS BIGINT) AS n
FROM etl.customer_versions
WHERE 1 = 0;

-- Customers whose history changes.
CREATE TEMP TABLE stage_changed /*redshift DISTKEY (customer_id) SORTKEY (customer_id)*/ AS
SELECT customer_id
FROM etl.customer_versions
WHERE 1 = 0;

-- The whole history of these, as dim_customer shows it.
CREATE TEMP TABLE stage_intervals /*redshift DISTKEY (customer_id) SORTKEY (customer_id, valid_from)*/ AS
SELECT customer_id, name, email, segment, city, country, valid_from, valid_to, is_current, deleted, inferred
FROM sales.dim_customer
WHERE 1 = 0;

-- The time within which facts of a customer may belong to another interval than before.
CREATE TEMP TABLE stage_moved /*redshift DISTKEY (customer_id) SORTKEY (customer_id)*/ AS
SELECT customer_id, valid_from AS moved_from, valid_from AS moved_to
FROM sales.dim_customer
WHERE 1 = 0
