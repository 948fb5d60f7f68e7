-- What is loaded of a range of days, of which a slice's name tells its day.
SELECT table_name, slice, version, rows, cents, outcome, inputs
FROM etl.load_ledger
WHERE slice >= 'day=2026-01-01' AND slice < 'day=2026-01-04'
;

BEGIN READ WRITE;

SET LOCAL statement_timeout TO 600000;

LOCK etl.write_lock;

SET LOCAL statement_timeout TO 3600000;

-- The slices that are loaded: what the ledger will say of them.
CREATE TEMP TABLE stage_slices DISTSTYLE ALL AS
SELECT table_name, slice, version, rows, cents, outcome, inputs, CAST(loaded_at AS DATE) AS slice_day, CAST(0 AS INTEGER) AS _partition
FROM etl.load_ledger
WHERE 1 = 0
;

INSERT INTO stage_slices (table_name, slice, version, rows, cents, outcome, inputs, slice_day, _partition) VALUES ('gold/daily_products','day=2026-01-01',2,1,205,'pass',NULL,'2026-01-01',-1),('gold/daily_sales','day=2026-01-01',2,1,205,'pass',NULL,'2026-01-01',-1),('gold/fact_sales','day=2026-01-01',2,2,205,'pass','{"day=2026-01-01/p=000":2}','2026-01-01',-1),('gold/hourly_sales','day=2026-01-01',2,1,205,'pass',NULL,'2026-01-01',-1),('gold/refunds_by_day','day=2026-01-01',2,0,0,'pass',NULL,'2026-01-01',-1),('gold/restatements','day=2026-01-01',2,1,100,'pass',NULL,'2026-01-01',-1),('silver/customers','day=2026-01-01/p=000',2,2,0,'pass',NULL,'2026-01-01',0),('gold/fact_sales','day=2026-01-02',1,0,0,'pass','{"day=2026-01-02/p=000":1}','2026-01-02',-1),('gold/fact_sales','day=2026-01-03',1,1,5,'pass','{"day=2026-01-03/p=000":1}','2026-01-03',-1);

-- What is loaded of the slices.
SELECT l.table_name, l.slice, l.version, l.rows, l.cents, l.outcome, l.inputs
FROM etl.load_ledger AS l
JOIN stage_slices AS s ON s.table_name = l.table_name AND s.slice = l.slice
;

-- Versions that are loaded already, or older than what is loaded.
DELETE FROM stage_slices
USING etl.load_ledger AS l
WHERE l.table_name = stage_slices.table_name AND l.slice = stage_slices.slice AND l.version >= stage_slices.version
;

-- Rows of files of the slices; the columns are those of silver's files, in their order.
CREATE TEMP TABLE stage_customers DISTKEY (customer_id) SORTKEY (updated_ts) AS
SELECT customer_id, updated_ts, name, email, segment, city, country, deleted, _partition, _offset
FROM etl.customer_versions
WHERE 1 = 0;

-- Rows of files of changes, in the same way.
CREATE TEMP TABLE stage_customer_changes DISTKEY (customer_id) SORTKEY (updated_ts) AS
SELECT customer_id, updated_ts, name, email, segment, city, country, deleted, _partition, _offset,
       segment AS _op, CAST(updated_ts AS DATE) AS _prev_day
FROM etl.customer_versions
WHERE 1 = 0;

-- Versions that the slices gain (n is 1) and lose (-1).
CREATE TEMP TABLE stage_versions DISTKEY (customer_id) SORTKEY (updated_ts) AS
SELECT customer_id, updated_ts, name, email, segment, city, country, deleted, _partition, _offset, CAST(0 AS BIGINT) AS n
FROM etl.customer_versions
WHERE 1 = 0;

-- Customers whose history changes.
CREATE TEMP TABLE stage_changed DISTKEY (customer_id) SORTKEY (customer_id) AS
SELECT customer_id
FROM etl.customer_versions
WHERE 1 = 0;

-- The whole history of these, as dim_customer shows it.
CREATE TEMP TABLE stage_intervals DISTKEY (customer_id) SORTKEY (customer_id, valid_from) AS
SELECT customer_id, name, email, segment, city, country, valid_from, valid_to, is_current, deleted, inferred
FROM sales.dim_customer
WHERE 1 = 0;

-- The time within which facts of a customer may belong to another interval than before.
CREATE TEMP TABLE stage_moved DISTKEY (customer_id) SORTKEY (customer_id) AS
SELECT customer_id, valid_from AS moved_from, valid_from AS moved_to
FROM sales.dim_customer
WHERE 1 = 0
;

SELECT pg_backend_pid();

COPY stage_customers
FROM 's3://bucket/lake/_redshift/RANDOM.manifest'
IAM_ROLE 'arn:aws:iam::123456789012:role/saleslake'
FORMAT AS PARQUET
MANIFEST;

-- The days whose slices are loaded from all of their files: of one partition, or of all where none is named.
CREATE TEMP TABLE stage_days (order_date DATE NOT NULL, _partition INTEGER) DISTSTYLE ALL
;

-- What the slices gain and lose, as of days: of one that is loaded whole, the difference between its files and what the
-- warehouse has of it; else what the changes add up to.
INSERT INTO stage_versions (customer_id, updated_ts, name, email, segment, city, country, deleted, _partition, _offset, n)
SELECT customer_id, updated_ts, name, email, segment, city, country, deleted, _partition, _offset, SUM(n)
FROM (
    SELECT customer_id, updated_ts, name, email, segment, city, country, deleted, _partition, _offset, 1 AS n
    FROM stage_customers
    UNION ALL
    SELECT customer_id, updated_ts, name, email, segment, city, country, deleted, _partition, _offset,
           CASE WHEN _op = 'upsert' THEN 1 ELSE -1 END AS n
    FROM stage_customer_changes
    UNION ALL
    SELECT v.customer_id, v.updated_ts, v.name, v.email, v.segment, v.city, v.country, v.deleted, v._partition, v._offset, -1 AS n
    FROM etl.customer_versions AS v
    JOIN stage_days AS d ON d._partition = v._partition AND d.order_date = CAST(v.updated_ts AS DATE)
    WHERE v.updated_ts >= CAST('1970-01-01' AS TIMESTAMP) AND v.updated_ts < CAST('1970-01-01' AS TIMESTAMP)
) AS both_sides
GROUP BY customer_id, updated_ts, name, email, segment, city, country, deleted, _partition, _offset
HAVING SUM(n) <> 0
;

ANALYZE stage_versions;

-- A version that a slice holds more than once: silver promises one row per customer and time.
SELECT customer_id, CAST(updated_ts AS VARCHAR(26)) AS updated_ts, CAST(SUM(n) AS BIGINT) AS copies
FROM stage_versions
WHERE n > 0
GROUP BY customer_id, updated_ts
HAVING SUM(n) > 1
ORDER BY customer_id, updated_ts
LIMIT 1
;

-- How many rows more each slice will have of the history: those that it gains, without what the history has of the versions
-- that it gains or loses, which goes.
SELECT s.slice, CAST(SUM(c.gained) - COUNT(v.customer_id) AS BIGINT) AS more_rows, 0 AS more_cents
FROM stage_slices AS s
JOIN (
    SELECT customer_id, updated_ts, _partition, SUM(CASE WHEN n > 0 THEN 1 ELSE 0 END) AS gained
    FROM stage_versions
    GROUP BY customer_id, updated_ts, _partition
) AS c ON c._partition = s._partition AND CAST(c.updated_ts AS DATE) = s.slice_day
LEFT JOIN etl.customer_versions AS v
  ON v.customer_id = c.customer_id AND v.updated_ts = c.updated_ts AND v._partition = c._partition
WHERE s.table_name = 'silver/customers'
GROUP BY s.slice
ORDER BY s.slice
;

-- Whatever the history has of the versions that the slices gain or lose, also if an earlier load has put it there.
-- What another partition has stays, and is refused with its key.
DELETE FROM etl.customer_versions
USING stage_versions AS s
WHERE s.customer_id = customer_versions.customer_id AND s.updated_ts = customer_versions.updated_ts
  AND s._partition = customer_versions._partition
;

INSERT INTO etl.customer_versions (customer_id, updated_ts, name, email, segment, city, country, deleted, _partition, _offset)
SELECT customer_id, updated_ts, name, email, segment, city, country, deleted, _partition, _offset
FROM stage_versions
WHERE n > 0
;

DROP TABLE stage_days
;

INSERT INTO stage_changed (customer_id)
SELECT DISTINCT customer_id
FROM stage_versions
;

ANALYZE stage_changed;

-- The intervals of the changed customers: closed at valid_from, open at valid_to. The first holds for all time before the
-- second, so that no order falls before it. Versions that say the same as the one before are one interval with it. A
-- deletion begins an interval of its own, without attributes; one that is the first version ends an inferred interval, as
-- the customer was there before. Who has no version any more is an inferred member again.
INSERT INTO stage_intervals (customer_id, name, email, segment, city, country, valid_from, valid_to, is_current, deleted, inferred)
WITH told AS (
    SELECT v.customer_id, v.updated_ts, v.deleted,
           CASE WHEN v.deleted = 0 THEN v.name END AS name,
           CASE WHEN v.deleted = 0 THEN v.email END AS email,
           CASE WHEN v.deleted = 0 THEN v.segment END AS segment,
           CASE WHEN v.deleted = 0 THEN v.city END AS city,
           CASE WHEN v.deleted = 0 THEN v.country END AS country
    FROM etl.customer_versions AS v
    JOIN stage_changed AS c ON c.customer_id = v.customer_id
),
compared AS (
    SELECT customer_id, updated_ts, deleted, name, email, segment, city, country,
           LAG(deleted) OVER (PARTITION BY customer_id ORDER BY updated_ts) AS old_deleted,
           LAG(name) OVER (PARTITION BY customer_id ORDER BY updated_ts) AS old_name,
           LAG(email) OVER (PARTITION BY customer_id ORDER BY updated_ts) AS old_email,
           LAG(segment) OVER (PARTITION BY customer_id ORDER BY updated_ts) AS old_segment,
           LAG(city) OVER (PARTITION BY customer_id ORDER BY updated_ts) AS old_city,
           LAG(country) OVER (PARTITION BY customer_id ORDER BY updated_ts) AS old_country
    FROM told
),
versions AS (
    SELECT customer_id, updated_ts, deleted, name, email, segment, city, country, old_deleted,
           LEAD(updated_ts) OVER (PARTITION BY customer_id ORDER BY updated_ts) AS valid_to
    FROM compared
    WHERE old_deleted IS NULL OR old_deleted <> deleted
       OR COALESCE(old_name, '') <> COALESCE(name, '') OR COALESCE(old_email, '') <> COALESCE(email, '')
       OR COALESCE(old_segment, '') <> COALESCE(segment, '') OR COALESCE(old_city, '') <> COALESCE(city, '')
       OR COALESCE(old_country, '') <> COALESCE(country, '')
)
SELECT customer_id, name, email, segment, city, country,
       CASE WHEN old_deleted IS NULL AND deleted = 0 THEN CAST('1970-01-01 00:00:00' AS TIMESTAMP) ELSE updated_ts END,
       valid_to,
       CASE WHEN valid_to IS NULL THEN TRUE ELSE FALSE END,
       CASE WHEN deleted = 1 THEN TRUE ELSE FALSE END,
       FALSE
FROM versions
UNION ALL
SELECT customer_id, NULL, NULL, NULL, NULL, NULL, CAST('1970-01-01 00:00:00' AS TIMESTAMP), updated_ts, FALSE, FALSE, TRUE
FROM versions
WHERE old_deleted IS NULL AND deleted = 1
UNION ALL
SELECT c.customer_id, NULL, NULL, NULL, NULL, NULL, CAST('1970-01-01 00:00:00' AS TIMESTAMP), NULL, TRUE, FALSE, TRUE
FROM stage_changed AS c
LEFT JOIN etl.customer_versions AS v ON v.customer_id = c.customer_id
WHERE v.customer_id IS NULL
;

ANALYZE stage_intervals;

-- Orders of known customers may belong to another interval in the time of the intervals that begin anew, and of those that
-- are no more. The others keep their keys.
INSERT INTO stage_moved (customer_id, moved_from, moved_to)
SELECT customer_id, MIN(valid_from), MAX(COALESCE(valid_to, CAST('9999-12-31 00:00:00' AS TIMESTAMP)))
FROM (
    SELECT i.customer_id, i.valid_from, i.valid_to
    FROM stage_intervals AS i
    JOIN (
        SELECT DISTINCT c.customer_id
        FROM sales.dim_customer AS c
        JOIN stage_changed AS s ON s.customer_id = c.customer_id
    ) AS known ON known.customer_id = i.customer_id
    LEFT JOIN sales.dim_customer AS c ON c.customer_id = i.customer_id AND c.valid_from = i.valid_from
    WHERE c.customer_id IS NULL
    UNION ALL
    SELECT c.customer_id, c.valid_from, c.valid_to
    FROM sales.dim_customer AS c
    JOIN stage_changed AS s ON s.customer_id = c.customer_id
    LEFT JOIN stage_intervals AS i ON i.customer_id = c.customer_id AND i.valid_from = c.valid_from
    WHERE i.customer_id IS NULL
) AS moved
GROUP BY customer_id
;

ANALYZE stage_moved;

SELECT CAST(MIN(moved_from) AS VARCHAR(26)) AS moved_from, CAST(MAX(moved_to) AS VARCHAR(26)) AS moved_to
FROM stage_moved
;

-- An interval that begins when one began before keeps its key, and an inferred member is completed.
MERGE INTO sales.dim_customer
USING stage_intervals AS s
ON dim_customer.customer_id = s.customer_id AND dim_customer.valid_from = s.valid_from
WHEN MATCHED THEN UPDATE SET
    name = s.name, email = s.email, segment = s.segment, city = s.city, country = s.country,
    valid_to = s.valid_to, is_current = s.is_current, deleted = s.deleted, inferred = s.inferred
WHEN NOT MATCHED THEN INSERT (customer_id, name, email, segment, city, country, valid_from, valid_to, is_current, deleted, inferred)
VALUES (s.customer_id, s.name, s.email, s.segment, s.city, s.country, s.valid_from, s.valid_to, s.is_current, s.deleted, s.inferred)
;

-- Intervals that are no more.
DELETE FROM sales.dim_customer
WHERE customer_sk IN (
    SELECT c.customer_sk
    FROM sales.dim_customer AS c
    JOIN stage_changed AS s ON s.customer_id = c.customer_id
    LEFT JOIN stage_intervals AS i ON i.customer_id = c.customer_id AND i.valid_from = c.valid_from
    WHERE i.customer_id IS NULL
)
;

-- Orders that belong to another interval of their customer now. Most customers' times begin with their newest version: to look
-- at all that they ordered would cost more with each order. The bounds of all are said for the sort key.
UPDATE sales.fact_sales
SET customer_sk = c.customer_sk
FROM stage_moved AS m
JOIN sales.dim_customer AS c ON c.customer_id = m.customer_id
WHERE fact_sales.customer_id = m.customer_id
  AND fact_sales.order_ts >= m.moved_from AND fact_sales.order_ts < m.moved_to
  AND fact_sales.order_ts >= CAST('2026-01-01 02:00:00' AS TIMESTAMP) AND fact_sales.order_ts < CAST('9999-12-31 00:00:00' AS TIMESTAMP)
  AND fact_sales.order_ts >= c.valid_from AND (c.valid_to IS NULL OR fact_sales.order_ts < c.valid_to)
  AND fact_sales.customer_sk <> c.customer_sk
;

DROP TABLE stage_customers;
DROP TABLE stage_customer_changes;
DROP TABLE stage_versions;
DROP TABLE stage_changed;
DROP TABLE stage_intervals;
DROP TABLE stage_moved
;

-- The days whose slices are loaded from all of their files: of one partition, or of all where none is named.
CREATE TEMP TABLE stage_days (order_date DATE NOT NULL, _partition INTEGER) DISTSTYLE ALL
;

INSERT INTO stage_days (order_date, _partition) VALUES ('2026-01-03',NULL);

-- Rows of silver's files: of slices that are loaded whole, and of new orders. The columns are those of the files, in their
-- order: Redshift's COPY goes by position.
CREATE TEMP TABLE stage_sales DISTKEY (order_id) SORTKEY (order_ts) AS
SELECT order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price,
       revenue, currency, status, payment_method, _partition, _offset
FROM sales.fact_sales
WHERE 1 = 0
;

SELECT pg_backend_pid();

COPY stage_sales
FROM 's3://bucket/lake/_redshift/RANDOM.manifest'
IAM_ROLE 'arn:aws:iam::123456789012:role/saleslake'
FORMAT AS PARQUET
MANIFEST;

-- Rows of files of changes, in the same way.
CREATE TEMP TABLE stage_changes DISTKEY (order_id) SORTKEY (order_ts) AS
SELECT order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price,
       revenue, currency, status, payment_method, _partition, _offset,
       status AS _op, order_date AS _prev_day
FROM sales.fact_sales
WHERE 1 = 0
;

SELECT pg_backend_pid();

COPY stage_changes
FROM 's3://bucket/lake/_redshift/RANDOM.manifest'
IAM_ROLE 'arn:aws:iam::123456789012:role/saleslake'
FORMAT AS PARQUET
MANIFEST;

-- Orders of the files that have more than one row, here or in the warehouse, or that a file takes out. The rows of the
-- others are new: there is nothing to compare them with.
CREATE TEMP TABLE stage_known DISTKEY (order_id) SORTKEY (order_id) AS
SELECT order_id
FROM sales.fact_sales
WHERE 1 = 0;

-- Rows that the days gain (n is 1) and lose (-1), but for the new ones.
CREATE TEMP TABLE stage_rows DISTKEY (order_id) SORTKEY (order_ts) AS
SELECT order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price,
       revenue, currency, status, payment_method, _partition, _offset,
       order_date, CAST(0 AS BIGINT) AS n
FROM sales.fact_sales
WHERE 1 = 0;

-- Orders that may have a row of another day.
CREATE TEMP TABLE stage_sought DISTKEY (order_id) SORTKEY (order_id) AS
SELECT order_id
FROM sales.fact_sales
WHERE 1 = 0;

-- Rows of these orders that the warehouse has of other days: in fact_sales, or overtaken.
CREATE TEMP TABLE stage_rivals DISTKEY (order_id) SORTKEY (order_ts) AS
SELECT order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price,
       revenue, currency, status, payment_method, _partition, _offset,
       order_date, TRUE AS in_facts
FROM sales.fact_sales
WHERE 1 = 0;

-- All rows of orders with several, the newest in the first place.
CREATE TEMP TABLE stage_ranked DISTKEY (order_id) SORTKEY (order_ts) AS
SELECT order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price,
       revenue, currency, status, payment_method, _partition, _offset,
       order_date, TRUE AS in_facts, CAST(0 AS BIGINT) AS place
FROM sales.fact_sales
WHERE 1 = 0;

-- Rows that are written anew, or no more.
CREATE TEMP TABLE stage_touched DISTKEY (order_id) SORTKEY (order_id) AS
SELECT order_id, order_date
FROM sales.fact_sales
WHERE 1 = 0
;

-- Every order that has an overtaken row has a fact, too.
INSERT INTO stage_known (order_id)
WITH staged AS (
    SELECT order_id, 1 AS gained FROM stage_sales
    UNION ALL
    SELECT order_id, CASE WHEN _op = 'upsert' THEN 1 ELSE 0 END FROM stage_changes
)
SELECT s.order_id
FROM staged AS s
JOIN sales.fact_sales AS f ON f.order_id = s.order_id
UNION
SELECT order_id
FROM staged
GROUP BY order_id
HAVING COUNT(*) > 1 OR SUM(gained) = 0
;

ANALYZE stage_known;

-- What the days gain and lose. Of a slice that is loaded whole that is the difference between its files and what the
-- warehouse has of it; else what the changes add up to, whatever their order: a row that one version put in and a later one
-- took out is none. The range is said for the sort key and for an index by date.
INSERT INTO stage_rows (
    order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price, revenue,
    currency, status, payment_method, _partition, _offset,
    order_date, n
)
SELECT order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price,
       revenue, currency, status, payment_method, _partition, _offset,
       CAST(order_ts AS DATE), SUM(n)
FROM (
    SELECT s.order_id, s.order_ts, s.event_ts, s.event_id, s.customer_id, s.product_id, s.category, s.region,
           s.quantity, s.unit_price, s.revenue, s.currency, s.status, s.payment_method, s._partition, s._offset,
           1 AS n
    FROM stage_sales AS s
    JOIN stage_known AS k ON k.order_id = s.order_id
    UNION ALL
    SELECT c.order_id, c.order_ts, c.event_ts, c.event_id, c.customer_id, c.product_id, c.category, c.region,
           c.quantity, c.unit_price, c.revenue, c.currency, c.status, c.payment_method, c._partition, c._offset,
           CASE WHEN c._op = 'upsert' THEN 1 ELSE -1 END AS n
    FROM stage_changes AS c
    JOIN stage_known AS k ON k.order_id = c.order_id
    UNION ALL
    SELECT f.order_id, f.order_ts, f.event_ts, f.event_id, f.customer_id, f.product_id, f.category, f.region,
           f.quantity, f.unit_price, f.revenue, f.currency, f.status, f.payment_method, f._partition, f._offset,
           -1 AS n
    FROM sales.fact_sales AS f
    JOIN stage_days AS d ON d.order_date = f.order_date AND (d._partition = f._partition OR d._partition IS NULL)
    WHERE f.order_ts >= CAST('2026-01-03' AS TIMESTAMP) AND f.order_ts < CAST('2026-01-04' AS TIMESTAMP)
      AND f.order_date >= CAST('2026-01-03' AS DATE) AND f.order_date < CAST('2026-01-04' AS DATE)
    UNION ALL
    SELECT o.order_id, o.order_ts, o.event_ts, o.event_id, o.customer_id, o.product_id, o.category, o.region,
           o.quantity, o.unit_price, o.revenue, o.currency, o.status, o.payment_method, o._partition, o._offset,
           -1 AS n
    FROM etl.overtaken_sales AS o
    JOIN stage_days AS d ON d.order_date = CAST(o.order_ts AS DATE) AND (d._partition = o._partition OR d._partition IS NULL)
) AS both_sides
GROUP BY order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price,
         revenue, currency, status, payment_method, _partition, _offset
HAVING SUM(n) <> 0
;

ANALYZE stage_rows;

-- An order that a day gains more than once: silver promises one row per order.
SELECT CAST(order_date AS VARCHAR(10)) AS order_date, order_id, CAST(SUM(n) AS BIGINT) AS copies
FROM stage_rows
WHERE n > 0
GROUP BY order_date, order_id
HAVING SUM(n) > 1
ORDER BY 1, 2
LIMIT 1
;

-- Where silver says that an order was in another day, the warehouse may have it in a third; where silver says that it is
-- new, it may have been removed from a day whose verdict has not come. One that was in its day before has other rows only
-- if some are overtaken.
INSERT INTO stage_sought (order_id)
SELECT order_id
FROM stage_rows
GROUP BY order_id, order_date
HAVING SUM(n) > 0
UNION
SELECT r.order_id
FROM stage_rows AS r
JOIN etl.overtaken_sales AS o ON o.order_id = r.order_id
;

ANALYZE stage_sought;

-- The days that have facts of the sought orders. All days are looked through, but no column other than these two.
SELECT CAST(MIN(f.order_date) AS VARCHAR(10)) AS first_day, CAST(MAX(f.order_date) AS VARCHAR(10)) AS last_day
FROM sales.fact_sales AS f
JOIN stage_sought AS s ON s.order_id = f.order_id
LEFT JOIN stage_rows AS r ON r.order_id = f.order_id AND r.order_date = CAST(f.order_ts AS DATE)
WHERE r.order_id IS NULL
;

-- What the days that are loaded change is no rival: stage_rows has what becomes of it.
INSERT INTO stage_rivals (
    order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price, revenue,
    currency, status, payment_method, _partition, _offset,
    order_date, in_facts
)
SELECT f.order_id, f.order_ts, f.event_ts, f.event_id, f.customer_id, f.product_id, f.category, f.region, f.quantity,
       f.unit_price, f.revenue, f.currency, f.status, f.payment_method, f._partition, f._offset,
       f.order_date, TRUE
FROM sales.fact_sales AS f
JOIN stage_sought AS s ON s.order_id = f.order_id
LEFT JOIN stage_rows AS r ON r.order_id = f.order_id AND r.order_date = CAST(f.order_ts AS DATE)
WHERE r.order_id IS NULL
  AND f.order_ts >= CAST('2026-01-01' AS TIMESTAMP) AND f.order_ts < CAST('2026-01-02' AS TIMESTAMP)
UNION ALL
SELECT o.order_id, o.order_ts, o.event_ts, o.event_id, o.customer_id, o.product_id, o.category, o.region, o.quantity,
       o.unit_price, o.revenue, o.currency, o.status, o.payment_method, o._partition, o._offset,
       CAST(o.order_ts AS DATE), FALSE
FROM etl.overtaken_sales AS o
JOIN stage_sought AS s ON s.order_id = o.order_id
LEFT JOIN stage_rows AS r ON r.order_id = o.order_id AND r.order_date = CAST(o.order_ts AS DATE)
WHERE r.order_id IS NULL
;

-- Of several rows of an order the newest version counts, as in silver.
INSERT INTO stage_ranked (
    order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price, revenue,
    currency, status, payment_method, _partition, _offset,
    order_date, in_facts, place
)
WITH contested AS (
    SELECT order_id
    FROM stage_rivals
    UNION
    SELECT order_id
    FROM stage_rows
    WHERE n > 0
    GROUP BY order_id
    HAVING COUNT(*) > 1
),
candidates AS (
    SELECT order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price,
           revenue, currency, status, payment_method, _partition, _offset,
           order_date, in_facts
    FROM stage_rivals
    UNION ALL
    SELECT r.order_id, r.order_ts, r.event_ts, r.event_id, r.customer_id, r.product_id, r.category, r.region,
           r.quantity, r.unit_price, r.revenue, r.currency, r.status, r.payment_method, r._partition, r._offset,
           r.order_date, FALSE
    FROM stage_rows AS r
    JOIN contested AS k ON k.order_id = r.order_id
    WHERE r.n > 0
)
SELECT order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price,
       revenue, currency, status, payment_method, _partition, _offset,
       order_date, in_facts,
       ROW_NUMBER() OVER (PARTITION BY order_id ORDER BY event_ts DESC, event_id DESC, _offset DESC, order_date DESC)
FROM candidates
;

INSERT INTO stage_touched (order_id, order_date)
SELECT order_id, order_date
FROM stage_rows
UNION
SELECT order_id, order_date
FROM stage_ranked
WHERE place > 1
;

-- Regions that are not known yet. What is staged of known orders and stays is in stage_rows.
INSERT INTO sales.dim_region (region)
SELECT DISTINCT s.region
FROM (
    SELECT region FROM stage_rows WHERE n > 0
    UNION ALL
    SELECT s.region
    FROM (
        SELECT order_id, region FROM stage_sales
        UNION ALL
        SELECT order_id, region FROM stage_changes
    ) AS s
    LEFT JOIN stage_known AS k ON k.order_id = s.order_id
    WHERE k.order_id IS NULL
) AS s
LEFT JOIN sales.dim_region AS r ON r.region = s.region
WHERE r.region IS NULL
;

-- A fact never waits for a dimension: what is not known yet becomes an inferred member. What
-- is staged of known orders and stays is in stage_rows.
INSERT INTO sales.dim_product (product_id, category, inferred)
SELECT s.product_id, MIN(s.category), TRUE
FROM (
    SELECT product_id, category FROM stage_rows WHERE n > 0
    UNION ALL
    SELECT s.product_id, s.category
    FROM (
        SELECT order_id, product_id, category FROM stage_sales
        UNION ALL
        SELECT order_id, product_id, category FROM stage_changes
    ) AS s
    LEFT JOIN stage_known AS k ON k.order_id = s.order_id
    WHERE k.order_id IS NULL
) AS s
LEFT JOIN sales.dim_product AS p ON p.product_id = s.product_id
WHERE p.product_id IS NULL
GROUP BY s.product_id
;

-- A fact never waits for a dimension: who is not known yet becomes an inferred member. What
-- is staged of known orders and stays is in stage_rows.
INSERT INTO sales.dim_customer (customer_id, valid_from, is_current, deleted, inferred)
SELECT DISTINCT s.customer_id, CAST('1970-01-01 00:00:00' AS TIMESTAMP), TRUE, FALSE, TRUE
FROM (
    SELECT customer_id FROM stage_rows WHERE n > 0
    UNION ALL
    SELECT s.customer_id
    FROM (
        SELECT order_id, customer_id FROM stage_sales
        UNION ALL
        SELECT order_id, customer_id FROM stage_changes
    ) AS s
    LEFT JOIN stage_known AS k ON k.order_id = s.order_id
    WHERE k.order_id IS NULL
) AS s
LEFT JOIN sales.dim_customer AS c ON c.customer_id = s.customer_id
WHERE c.customer_id IS NULL
;

-- The calendar's span, and the span of the orders that the days gain. What is staged of known orders and stays is in
-- stage_rows.
SELECT CAST(d.first_day AS VARCHAR(10)) AS first_day, CAST(d.last_day AS VARCHAR(10)) AS last_day,
       CAST(CAST(s.first_staged AS DATE) AS VARCHAR(10)) AS first_staged,
       CAST(CAST(s.last_staged AS DATE) AS VARCHAR(10)) AS last_staged
FROM (SELECT MIN(order_date) AS first_day, MAX(order_date) AS last_day FROM sales.dim_date) AS d
CROSS JOIN (
    SELECT MIN(order_ts) AS first_staged, MAX(order_ts) AS last_staged
    FROM (
        SELECT order_ts FROM stage_rows WHERE n > 0
        UNION ALL
        SELECT s.order_ts
        FROM (
            SELECT order_id, order_ts FROM stage_sales
            UNION ALL
            SELECT order_id, order_ts FROM stage_changes
        ) AS s
        LEFT JOIN stage_known AS k ON k.order_id = s.order_id
        WHERE k.order_id IS NULL
    ) AS staged
) AS s
;

-- What the days lose, before it is gone: the facts that are written anew or no more, and what is overtaken of the orders of
-- which that is told anew. The day is computed, or PostgreSQL might join by its index of days, and compare each order with
-- all others of its day; so it might if an order had to have its time, too, which it takes for a rarity.
SELECT CAST(order_date AS VARCHAR(10)) AS order_date, COUNT(*) AS lost_rows, CAST(SUM(revenue) * 100 AS BIGINT) AS lost_cents
FROM (
    SELECT f.order_date, f.revenue
    FROM sales.fact_sales AS f
    JOIN stage_touched AS t ON t.order_id = f.order_id AND t.order_date = CAST(f.order_ts AS DATE)
    WHERE f.order_ts >= CAST('2026-01-01' AS TIMESTAMP) AND f.order_ts < CAST('2026-01-02' AS TIMESTAMP)
    UNION ALL
    SELECT CAST(o.order_ts AS DATE), o.revenue
    FROM etl.overtaken_sales AS o
    JOIN stage_sought AS s ON s.order_id = o.order_id
) AS lost
GROUP BY order_date
;

ANALYZE stage_touched;

-- The days that have a row to delete.
SELECT CAST(MIN(order_date) AS VARCHAR(10)) AS first_day, CAST(MAX(order_date) AS VARCHAR(10)) AS last_day
FROM stage_touched
;

-- The range of days is said twice, so that the sort key can be used. The day is computed for the reason in sum_lost.
DELETE FROM sales.fact_sales
USING stage_touched AS s
WHERE fact_sales.order_id = s.order_id AND CAST(fact_sales.order_ts AS DATE) = s.order_date
  AND fact_sales.order_ts >= CAST('2026-01-01' AS TIMESTAMP) AND fact_sales.order_ts < CAST('2026-01-04' AS TIMESTAMP)
;

-- The rows that become facts, with the customer as of the order.
INSERT INTO sales.fact_sales (
    order_id, order_ts, order_date, event_ts, event_id, customer_sk, customer_id, product_sk, product_id,
    region_sk, category, region, quantity, unit_price, revenue, currency, status, payment_method,
    _partition, _offset, loaded_at
)
SELECT w.order_id, w.order_ts, CAST(w.order_ts AS DATE), w.event_ts, w.event_id, c.customer_sk, w.customer_id, p.product_sk, w.product_id,
       g.region_sk, w.category, w.region, w.quantity, w.unit_price, w.revenue, w.currency, w.status, w.payment_method,
       w._partition, w._offset, CAST('2026-01-02 03:04:05.000000' AS TIMESTAMP)
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
;

-- What is overtaken of these orders is told anew.
DELETE FROM etl.overtaken_sales
USING stage_sought AS s
WHERE overtaken_sales.order_id = s.order_id
;

INSERT INTO etl.overtaken_sales (
    order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price, revenue,
    currency, status, payment_method, _partition, _offset
)
SELECT order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price,
       revenue, currency, status, payment_method, _partition, _offset
FROM stage_ranked
WHERE place > 1
;

-- What the days have gained: the facts of this load, and what is overtaken now of the orders of which that was told anew. They
-- are read back by the time of the load, by which facts lie together.
SELECT CAST(order_date AS VARCHAR(10)) AS order_date, COUNT(*) AS gained_rows, CAST(SUM(revenue) * 100 AS BIGINT) AS gained_cents
FROM (
    SELECT order_date, revenue
    FROM sales.fact_sales
    WHERE loaded_at = CAST('2026-01-02 03:04:05.000000' AS TIMESTAMP)
    UNION ALL
    SELECT CAST(o.order_ts AS DATE), o.revenue
    FROM etl.overtaken_sales AS o
    JOIN stage_sought AS s ON s.order_id = o.order_id
) AS gained
GROUP BY order_date
;

-- What the warehouse has now of each day that is loaded whole: its facts, and its rows that are overtaken.
SELECT CAST(d.order_date AS VARCHAR(10)) AS order_date,
       CAST(COALESCE(SUM(h.found_rows), 0) AS BIGINT) AS found_rows, CAST(COALESCE(SUM(h.found_revenue), 0) * 100 AS BIGINT) AS found_cents
FROM stage_days AS d
LEFT JOIN (
    SELECT order_date, COUNT(*) AS found_rows, SUM(revenue) AS found_revenue
    FROM sales.fact_sales
    WHERE order_ts >= CAST('2026-01-03' AS TIMESTAMP) AND order_ts < CAST('2026-01-04' AS TIMESTAMP)
      AND order_date >= CAST('2026-01-03' AS DATE) AND order_date < CAST('2026-01-04' AS DATE)
    GROUP BY order_date
    UNION ALL
    SELECT CAST(order_ts AS DATE), 1, revenue
    FROM etl.overtaken_sales
) AS h ON h.order_date = d.order_date
WHERE d._partition IS NULL
GROUP BY d.order_date
ORDER BY d.order_date
;

DROP TABLE stage_sales;

DROP TABLE stage_changes;

DROP TABLE stage_known;
DROP TABLE stage_rows;
DROP TABLE stage_sought;
DROP TABLE stage_rivals;
DROP TABLE stage_ranked;
DROP TABLE stage_touched
;

DROP TABLE stage_days
;

-- The days whose slices are loaded from all of their files: of one partition, or of all where none is named.
CREATE TEMP TABLE stage_days (order_date DATE NOT NULL, _partition INTEGER) DISTSTYLE ALL
;

INSERT INTO stage_days (order_date, _partition) VALUES ('2026-01-01',NULL);

-- Days that are loaded whole. The range of days is said for the sort key and for an index by time. The names in capitals are put in by the program.
DELETE FROM sales.agg_daily_sales
WHERE order_date >= CAST('2026-01-01' AS DATE) AND order_date < CAST('2026-01-02' AS DATE)
  AND CAST(order_date AS DATE) IN (SELECT order_date FROM stage_days WHERE _partition IS NULL)
;

SELECT pg_backend_pid();

COPY sales.agg_daily_sales
FROM 's3://bucket/lake/_redshift/RANDOM.manifest'
IAM_ROLE 'arn:aws:iam::123456789012:role/saleslake'
FORMAT AS PARQUET
MANIFEST;

-- What the aggregate holds now for each loaded day. The names in capitals are put in by the program.
SELECT CAST(d.order_date AS VARCHAR(10)) AS order_date,
       COALESCE(a.found_rows, 0) AS found_rows, COALESCE(a.found_cents, 0) AS found_cents
FROM stage_days AS d
LEFT JOIN (
    SELECT CAST(order_date AS DATE) AS order_date, COUNT(*) AS found_rows, CAST(SUM(gross_revenue) * 100 AS BIGINT) AS found_cents
    FROM sales.agg_daily_sales
    WHERE order_date >= CAST('2026-01-01' AS DATE) AND order_date < CAST('2026-01-02' AS DATE)
    GROUP BY CAST(order_date AS DATE)
) AS a ON a.order_date = d.order_date
ORDER BY d.order_date
;

DROP TABLE stage_days
;

-- The days whose slices are loaded from all of their files: of one partition, or of all where none is named.
CREATE TEMP TABLE stage_days (order_date DATE NOT NULL, _partition INTEGER) DISTSTYLE ALL
;

INSERT INTO stage_days (order_date, _partition) VALUES ('2026-01-01',NULL);

-- Days that are loaded whole. The range of days is said for the sort key and for an index by time. The names in capitals are put in by the program.
DELETE FROM sales.agg_daily_products
WHERE order_date >= CAST('2026-01-01' AS DATE) AND order_date < CAST('2026-01-02' AS DATE)
  AND CAST(order_date AS DATE) IN (SELECT order_date FROM stage_days WHERE _partition IS NULL)
;

SELECT pg_backend_pid();

COPY sales.agg_daily_products
FROM 's3://bucket/lake/_redshift/RANDOM.manifest'
IAM_ROLE 'arn:aws:iam::123456789012:role/saleslake'
FORMAT AS PARQUET
MANIFEST;

-- What the aggregate holds now for each loaded day. The names in capitals are put in by the program.
SELECT CAST(d.order_date AS VARCHAR(10)) AS order_date,
       COALESCE(a.found_rows, 0) AS found_rows, COALESCE(a.found_cents, 0) AS found_cents
FROM stage_days AS d
LEFT JOIN (
    SELECT CAST(order_date AS DATE) AS order_date, COUNT(*) AS found_rows, CAST(SUM(gross_revenue) * 100 AS BIGINT) AS found_cents
    FROM sales.agg_daily_products
    WHERE order_date >= CAST('2026-01-01' AS DATE) AND order_date < CAST('2026-01-02' AS DATE)
    GROUP BY CAST(order_date AS DATE)
) AS a ON a.order_date = d.order_date
ORDER BY d.order_date
;

DROP TABLE stage_days
;

-- The days whose slices are loaded from all of their files: of one partition, or of all where none is named.
CREATE TEMP TABLE stage_days (order_date DATE NOT NULL, _partition INTEGER) DISTSTYLE ALL
;

INSERT INTO stage_days (order_date, _partition) VALUES ('2026-01-01',NULL);

-- Days that are loaded whole. The range of days is said for the sort key and for an index by time. The names in capitals are put in by the program.
DELETE FROM sales.agg_hourly_sales
WHERE order_hour >= CAST('2026-01-01' AS DATE) AND order_hour < CAST('2026-01-02' AS DATE)
  AND CAST(order_hour AS DATE) IN (SELECT order_date FROM stage_days WHERE _partition IS NULL)
;

SELECT pg_backend_pid();

COPY sales.agg_hourly_sales
FROM 's3://bucket/lake/_redshift/RANDOM.manifest'
IAM_ROLE 'arn:aws:iam::123456789012:role/saleslake'
FORMAT AS PARQUET
MANIFEST;

-- What the aggregate holds now for each loaded day. The names in capitals are put in by the program.
SELECT CAST(d.order_date AS VARCHAR(10)) AS order_date,
       COALESCE(a.found_rows, 0) AS found_rows, COALESCE(a.found_cents, 0) AS found_cents
FROM stage_days AS d
LEFT JOIN (
    SELECT CAST(order_hour AS DATE) AS order_date, COUNT(*) AS found_rows, CAST(SUM(gross_revenue) * 100 AS BIGINT) AS found_cents
    FROM sales.agg_hourly_sales
    WHERE order_hour >= CAST('2026-01-01' AS DATE) AND order_hour < CAST('2026-01-02' AS DATE)
    GROUP BY CAST(order_hour AS DATE)
) AS a ON a.order_date = d.order_date
ORDER BY d.order_date
;

DROP TABLE stage_days
;

-- The days whose slices are loaded from all of their files: of one partition, or of all where none is named.
CREATE TEMP TABLE stage_days (order_date DATE NOT NULL, _partition INTEGER) DISTSTYLE ALL
;

INSERT INTO stage_days (order_date, _partition) VALUES ('2026-01-01',NULL);

-- Days that are loaded whole. The range of days is said for the sort key and for an index by time. The names in capitals are put in by the program.
DELETE FROM sales.agg_refunds_by_day
WHERE order_date >= CAST('2026-01-01' AS DATE) AND order_date < CAST('2026-01-02' AS DATE)
  AND CAST(order_date AS DATE) IN (SELECT order_date FROM stage_days WHERE _partition IS NULL)
;

SELECT pg_backend_pid();

COPY sales.agg_refunds_by_day
FROM 's3://bucket/lake/_redshift/RANDOM.manifest'
IAM_ROLE 'arn:aws:iam::123456789012:role/saleslake'
FORMAT AS PARQUET
MANIFEST;

-- What the aggregate holds now for each loaded day. The names in capitals are put in by the program.
SELECT CAST(d.order_date AS VARCHAR(10)) AS order_date,
       COALESCE(a.found_rows, 0) AS found_rows, COALESCE(a.found_cents, 0) AS found_cents
FROM stage_days AS d
LEFT JOIN (
    SELECT CAST(order_date AS DATE) AS order_date, COUNT(*) AS found_rows, CAST(SUM(refunded_revenue) * 100 AS BIGINT) AS found_cents
    FROM sales.agg_refunds_by_day
    WHERE order_date >= CAST('2026-01-01' AS DATE) AND order_date < CAST('2026-01-02' AS DATE)
    GROUP BY CAST(order_date AS DATE)
) AS a ON a.order_date = d.order_date
ORDER BY d.order_date
;

DROP TABLE stage_days
;

-- The days whose slices are loaded from all of their files: of one partition, or of all where none is named.
CREATE TEMP TABLE stage_days (order_date DATE NOT NULL, _partition INTEGER) DISTSTYLE ALL
;

INSERT INTO stage_days (order_date, _partition) VALUES ('2026-01-01',-1);

-- Days that are loaded whole. The range of days is said for the sort key and for an index by time. The names in capitals are put in by the program.
DELETE FROM sales.restatements
WHERE order_date >= CAST('2026-01-01' AS DATE) AND order_date < CAST('2026-01-02' AS DATE)
  AND CAST(order_date AS DATE) IN (SELECT order_date FROM stage_days WHERE _partition IS NULL)
;

SELECT pg_backend_pid();

COPY sales.restatements
FROM 's3://bucket/lake/_redshift/RANDOM.manifest'
IAM_ROLE 'arn:aws:iam::123456789012:role/saleslake'
FORMAT AS PARQUET
MANIFEST;

-- What the aggregate holds now for each loaded day. The names in capitals are put in by the program.
SELECT CAST(d.order_date AS VARCHAR(10)) AS order_date,
       COALESCE(a.found_rows, 0) AS found_rows, COALESCE(a.found_cents, 0) AS found_cents
FROM stage_days AS d
LEFT JOIN (
    SELECT CAST(order_date AS DATE) AS order_date, COUNT(*) AS found_rows, CAST(SUM(new_gross_revenue - old_gross_revenue) * 100 AS BIGINT) AS found_cents
    FROM sales.restatements
    WHERE order_date >= CAST('2026-01-01' AS DATE) AND order_date < CAST('2026-01-02' AS DATE)
    GROUP BY CAST(order_date AS DATE)
) AS a ON a.order_date = d.order_date
ORDER BY d.order_date
;

DROP TABLE stage_days
;

DELETE FROM etl.load_ledger
USING stage_slices AS s
WHERE s.table_name = load_ledger.table_name AND s.slice = load_ledger.slice
;

INSERT INTO etl.load_ledger (table_name, slice, version, rows, cents, outcome, inputs, loaded_at)
SELECT table_name, slice, version, rows, cents, outcome, inputs, CAST('2026-01-02 03:04:05.000000' AS TIMESTAMP)
FROM stage_slices
;

DROP TABLE stage_slices
;

COMMIT
