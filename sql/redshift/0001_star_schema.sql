-- The star schema. Times are UTC without a zone, money is exact. VARCHAR lengths are
-- bytes; the loader shortens what is longer. Keys, primary and foreign, are not enforced
-- but trusted by the planner: each load keeps them. Why tables are distributed, sorted
-- and encoded as they are is in docs/decisions/0012-warehouse-keys.md.

-- +goose Up
CREATE SCHEMA IF NOT EXISTS sales;

-- The quotient of two numbers that the analytics round: exact to 2 decimals, half away
-- from 0, the same in every dialect (they divide decimals differently; what is left of
-- the remainder is a whole number in all of them). Null unless the denominator is over 0.
CREATE FUNCTION sales.ratio(DECIMAL(38, 2), DECIMAL(38, 2)) RETURNS DECIMAL(38, 2) IMMUTABLE AS $$
    SELECT CASE WHEN $2 > 0 THEN
        CAST((200 * ABS($1) + $2 - MOD(200 * ABS($1) + $2, 2 * $2)) / (2 * $2)
            * CASE WHEN $1 < 0 THEN -0.01 ELSE 0.01 END AS DECIMAL(38, 2)) END
$$ LANGUAGE sql;

CREATE TABLE sales.dim_customer (
    customer_sk BIGINT IDENTITY(1, 1) ENCODE AZ64,
    customer_id VARCHAR(256) NOT NULL ENCODE ZSTD,
    name        VARCHAR(512) ENCODE ZSTD,
    email       VARCHAR(512) ENCODE ZSTD,
    segment     VARCHAR(128) ENCODE BYTEDICT,
    city        VARCHAR(256) ENCODE ZSTD,
    country     VARCHAR(128) ENCODE BYTEDICT,
    valid_from  TIMESTAMP NOT NULL ENCODE AZ64,
    valid_to    TIMESTAMP ENCODE AZ64,
    is_current  BOOLEAN NOT NULL ENCODE RAW,
    deleted     BOOLEAN NOT NULL ENCODE ZSTD,
    inferred    BOOLEAN NOT NULL ENCODE ZSTD,
    PRIMARY KEY (customer_sk)
)
DISTSTYLE ALL
SORTKEY (customer_id, valid_from);

CREATE TABLE sales.dim_product (
    product_sk BIGINT IDENTITY(1, 1) ENCODE AZ64,
    product_id VARCHAR(256) NOT NULL ENCODE ZSTD,
    name       VARCHAR(512) ENCODE ZSTD,
    category   VARCHAR(256) ENCODE BYTEDICT,
    list_price DECIMAL(18, 2) ENCODE AZ64,
    inferred   BOOLEAN NOT NULL ENCODE ZSTD,
    PRIMARY KEY (product_sk)
)
DISTSTYLE ALL
SORTKEY (product_id);

CREATE TABLE sales.dim_region (
    region_sk BIGINT IDENTITY(1, 1) ENCODE AZ64,
    region    VARCHAR(256) NOT NULL ENCODE ZSTD,
    PRIMARY KEY (region_sk)
)
DISTSTYLE ALL
SORTKEY (region);

CREATE TABLE sales.dim_date (
    order_date   DATE NOT NULL ENCODE RAW,
    year         INTEGER NOT NULL ENCODE AZ64,
    quarter      INTEGER NOT NULL ENCODE AZ64,
    month        INTEGER NOT NULL ENCODE AZ64,
    day          INTEGER NOT NULL ENCODE AZ64,
    weekday      INTEGER NOT NULL ENCODE AZ64,
    weekday_name VARCHAR(16) NOT NULL ENCODE BYTEDICT,
    iso_year     INTEGER NOT NULL ENCODE AZ64,
    iso_week     INTEGER NOT NULL ENCODE AZ64,
    month_start  DATE NOT NULL ENCODE AZ64,
    PRIMARY KEY (order_date)
)
DISTSTYLE ALL
SORTKEY (order_date);

CREATE TABLE sales.fact_sales (
    order_id       VARCHAR(256) NOT NULL ENCODE ZSTD,
    order_ts       TIMESTAMP NOT NULL ENCODE RAW,
    order_date     DATE NOT NULL ENCODE AZ64,
    event_ts       TIMESTAMP NOT NULL ENCODE AZ64,
    event_id       VARCHAR(256) NOT NULL ENCODE ZSTD,
    customer_sk    BIGINT NOT NULL ENCODE AZ64,
    customer_id    VARCHAR(256) NOT NULL ENCODE ZSTD,
    product_sk     BIGINT NOT NULL ENCODE AZ64,
    product_id     VARCHAR(256) NOT NULL ENCODE ZSTD,
    region_sk      BIGINT NOT NULL ENCODE AZ64,
    category       VARCHAR(256) NOT NULL ENCODE BYTEDICT,
    region         VARCHAR(256) NOT NULL ENCODE BYTEDICT,
    quantity       INTEGER NOT NULL ENCODE AZ64,
    unit_price     DECIMAL(18, 2) NOT NULL ENCODE AZ64,
    revenue        DECIMAL(18, 2) NOT NULL ENCODE AZ64,
    currency       VARCHAR(16) NOT NULL ENCODE BYTEDICT,
    status         VARCHAR(32) NOT NULL ENCODE BYTEDICT,
    payment_method VARCHAR(128) ENCODE BYTEDICT,
    _partition     INTEGER NOT NULL ENCODE AZ64,
    _offset        BIGINT NOT NULL ENCODE AZ64,
    loaded_at      TIMESTAMP NOT NULL ENCODE AZ64,
    PRIMARY KEY (order_id),
    FOREIGN KEY (customer_sk) REFERENCES sales.dim_customer (customer_sk),
    FOREIGN KEY (product_sk) REFERENCES sales.dim_product (product_sk),
    FOREIGN KEY (region_sk) REFERENCES sales.dim_region (region_sk),
    FOREIGN KEY (order_date) REFERENCES sales.dim_date (order_date)
)
DISTSTYLE KEY
DISTKEY (order_id)
SORTKEY (order_ts);

CREATE TABLE sales.agg_daily_sales (
    order_date       DATE NOT NULL ENCODE RAW,
    region           VARCHAR(256) NOT NULL ENCODE BYTEDICT,
    category         VARCHAR(256) NOT NULL ENCODE BYTEDICT,
    orders           BIGINT NOT NULL ENCODE AZ64,
    units            BIGINT NOT NULL ENCODE AZ64,
    gross_revenue    DECIMAL(18, 2) NOT NULL ENCODE AZ64,
    refunded_revenue DECIMAL(18, 2) NOT NULL ENCODE AZ64,
    net_revenue      DECIMAL(18, 2) NOT NULL ENCODE AZ64,
    customers        BIGINT NOT NULL ENCODE AZ64,
    pending_orders   BIGINT NOT NULL ENCODE AZ64,
    cancelled_orders BIGINT NOT NULL ENCODE AZ64,
    PRIMARY KEY (order_date, region, category)
)
DISTSTYLE ALL
SORTKEY (order_date);

CREATE TABLE sales.agg_daily_products (
    order_date       DATE NOT NULL ENCODE RAW,
    product_id       VARCHAR(256) NOT NULL ENCODE ZSTD,
    category         VARCHAR(256) NOT NULL ENCODE BYTEDICT,
    orders           BIGINT NOT NULL ENCODE AZ64,
    units            BIGINT NOT NULL ENCODE AZ64,
    gross_revenue    DECIMAL(18, 2) NOT NULL ENCODE AZ64,
    refunded_revenue DECIMAL(18, 2) NOT NULL ENCODE AZ64,
    net_revenue      DECIMAL(18, 2) NOT NULL ENCODE AZ64,
    customers        BIGINT NOT NULL ENCODE AZ64,
    pending_orders   BIGINT NOT NULL ENCODE AZ64,
    cancelled_orders BIGINT NOT NULL ENCODE AZ64,
    PRIMARY KEY (order_date, product_id)
)
DISTSTYLE KEY
DISTKEY (product_id)
SORTKEY (order_date);

CREATE TABLE etl.overtaken_sales (
    order_id       VARCHAR(256) NOT NULL ENCODE ZSTD,
    order_ts       TIMESTAMP NOT NULL ENCODE RAW,
    event_ts       TIMESTAMP NOT NULL ENCODE AZ64,
    event_id       VARCHAR(256) NOT NULL ENCODE ZSTD,
    customer_id    VARCHAR(256) NOT NULL ENCODE ZSTD,
    product_id     VARCHAR(256) NOT NULL ENCODE ZSTD,
    category       VARCHAR(256) NOT NULL ENCODE BYTEDICT,
    region         VARCHAR(256) NOT NULL ENCODE BYTEDICT,
    quantity       INTEGER NOT NULL ENCODE AZ64,
    unit_price     DECIMAL(18, 2) NOT NULL ENCODE AZ64,
    revenue        DECIMAL(18, 2) NOT NULL ENCODE AZ64,
    currency       VARCHAR(16) NOT NULL ENCODE BYTEDICT,
    status         VARCHAR(32) NOT NULL ENCODE BYTEDICT,
    payment_method VARCHAR(128) ENCODE BYTEDICT,
    _partition     INTEGER NOT NULL ENCODE AZ64,
    _offset        BIGINT NOT NULL ENCODE AZ64
)
DISTSTYLE KEY
DISTKEY (order_id)
SORTKEY (order_ts);

CREATE TABLE etl.customer_versions (
    customer_id VARCHAR(256) NOT NULL ENCODE ZSTD,
    updated_ts  TIMESTAMP NOT NULL ENCODE RAW,
    name        VARCHAR(512) ENCODE ZSTD,
    email       VARCHAR(512) ENCODE ZSTD,
    segment     VARCHAR(128) ENCODE BYTEDICT,
    city        VARCHAR(256) ENCODE ZSTD,
    country     VARCHAR(128) ENCODE BYTEDICT,
    deleted     INTEGER NOT NULL ENCODE AZ64,
    _partition  INTEGER NOT NULL ENCODE AZ64,
    _offset     BIGINT NOT NULL ENCODE AZ64,
    PRIMARY KEY (customer_id, updated_ts)
)
DISTSTYLE KEY
DISTKEY (customer_id)
SORTKEY (updated_ts);

CREATE TABLE sales.agg_hourly_sales (
    order_hour       TIMESTAMP NOT NULL ENCODE RAW,
    region           VARCHAR(256) NOT NULL ENCODE BYTEDICT,
    category         VARCHAR(256) NOT NULL ENCODE BYTEDICT,
    orders           BIGINT NOT NULL ENCODE AZ64,
    units            BIGINT NOT NULL ENCODE AZ64,
    gross_revenue    DECIMAL(18, 2) NOT NULL ENCODE AZ64,
    refunded_revenue DECIMAL(18, 2) NOT NULL ENCODE AZ64,
    net_revenue      DECIMAL(18, 2) NOT NULL ENCODE AZ64,
    pending_orders   BIGINT NOT NULL ENCODE AZ64,
    cancelled_orders BIGINT NOT NULL ENCODE AZ64,
    PRIMARY KEY (order_hour, region, category)
)
DISTSTYLE ALL
SORTKEY (order_hour);

CREATE TABLE sales.agg_refunds_by_day (
    order_date       DATE NOT NULL ENCODE RAW,
    region           VARCHAR(256) NOT NULL ENCODE BYTEDICT,
    category         VARCHAR(256) NOT NULL ENCODE BYTEDICT,
    refund_date      DATE NOT NULL ENCODE AZ64,
    refunds          BIGINT NOT NULL ENCODE AZ64,
    refunded_revenue DECIMAL(18, 2) NOT NULL ENCODE AZ64,
    PRIMARY KEY (order_date, region, category, refund_date)
)
DISTSTYLE ALL
SORTKEY (order_date);

CREATE TABLE sales.restatements (
    order_date           DATE NOT NULL ENCODE RAW,
    region               VARCHAR(256) NOT NULL ENCODE BYTEDICT,
    category             VARCHAR(256) NOT NULL ENCODE BYTEDICT,
    version              BIGINT NOT NULL ENCODE AZ64,
    previous_version     BIGINT NOT NULL ENCODE AZ64,
    restated_ts          TIMESTAMP NOT NULL ENCODE AZ64,
    cause_orders         BIGINT NOT NULL ENCODE AZ64,
    causes               VARCHAR(4096) NOT NULL ENCODE ZSTD,
    old_orders           BIGINT NOT NULL ENCODE AZ64,
    old_units            BIGINT NOT NULL ENCODE AZ64,
    old_gross_revenue    DECIMAL(18, 2) NOT NULL ENCODE AZ64,
    old_refunded_revenue DECIMAL(18, 2) NOT NULL ENCODE AZ64,
    old_net_revenue      DECIMAL(18, 2) NOT NULL ENCODE AZ64,
    old_customers        BIGINT NOT NULL ENCODE AZ64,
    old_pending_orders   BIGINT NOT NULL ENCODE AZ64,
    old_cancelled_orders BIGINT NOT NULL ENCODE AZ64,
    new_orders           BIGINT NOT NULL ENCODE AZ64,
    new_units            BIGINT NOT NULL ENCODE AZ64,
    new_gross_revenue    DECIMAL(18, 2) NOT NULL ENCODE AZ64,
    new_refunded_revenue DECIMAL(18, 2) NOT NULL ENCODE AZ64,
    new_net_revenue      DECIMAL(18, 2) NOT NULL ENCODE AZ64,
    new_customers        BIGINT NOT NULL ENCODE AZ64,
    new_pending_orders   BIGINT NOT NULL ENCODE AZ64,
    new_cancelled_orders BIGINT NOT NULL ENCODE AZ64,
    PRIMARY KEY (order_date, version, region, category)
)
DISTSTYLE ALL
SORTKEY (order_date);

CREATE TABLE etl.load_ledger (
    table_name VARCHAR(256) NOT NULL ENCODE ZSTD,
    slice      VARCHAR(256) NOT NULL ENCODE ZSTD,
    version    BIGINT NOT NULL ENCODE AZ64,
    rows       BIGINT NOT NULL ENCODE AZ64,
    cents      BIGINT NOT NULL ENCODE AZ64,
    outcome    VARCHAR(16) NOT NULL ENCODE BYTEDICT,
    inputs     VARCHAR(65535) ENCODE ZSTD,
    loaded_at  TIMESTAMP NOT NULL ENCODE AZ64,
    PRIMARY KEY (table_name, slice)
)
DISTSTYLE ALL;

CREATE VIEW sales.v_orders AS
SELECT f.order_id, f.order_ts, f.order_date, f.event_ts, f.customer_id, f.product_id, f.category, f.region,
       f.quantity, f.unit_price, f.revenue, f.currency, f.status, f.payment_method,
       c.name AS customer_name, c.segment AS customer_segment, c.city AS customer_city, c.country AS customer_country,
       p.name AS product_name, p.category AS product_category, p.list_price
FROM sales.fact_sales AS f
JOIN sales.dim_customer AS c ON c.customer_sk = f.customer_sk
JOIN sales.dim_product AS p ON p.product_sk = f.product_sk;
