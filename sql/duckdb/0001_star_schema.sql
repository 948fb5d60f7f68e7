-- The star schema. Times are UTC without a zone and money is exact. The big tables
-- declare no keys: an index on them would cost more than the load itself, and the load
-- keeps and checks what the keys would say.

-- +goose Up
CREATE SCHEMA IF NOT EXISTS sales;

-- The quotient of two numbers that the analytics round: exact to 2 decimals, half away
-- from 0, the same in every dialect (they divide decimals differently). Null unless the
-- denominator is over 0.
CREATE MACRO sales.ratio(numerator, denominator) AS
    CASE WHEN denominator > 0 THEN
        CAST(SIGN(numerator) * CAST((200 * ABS(CAST(numerator * 100 AS HUGEINT)) + CAST(denominator * 100 AS HUGEINT))
            // (2 * CAST(denominator * 100 AS HUGEINT)) AS DECIMAL(38, 0)) * 0.01 AS DECIMAL(38, 2)) END;

CREATE SEQUENCE sales.customer_sk;
CREATE SEQUENCE sales.product_sk;
CREATE SEQUENCE sales.region_sk;

CREATE TABLE sales.dim_customer (
    customer_sk BIGINT NOT NULL DEFAULT nextval('sales.customer_sk'),
    customer_id VARCHAR NOT NULL,
    name        VARCHAR,
    email       VARCHAR,
    segment     VARCHAR,
    city        VARCHAR,
    country     VARCHAR,
    valid_from  TIMESTAMP NOT NULL,
    valid_to    TIMESTAMP,
    is_current  BOOLEAN NOT NULL,
    deleted     BOOLEAN NOT NULL,
    inferred    BOOLEAN NOT NULL
);

CREATE TABLE sales.dim_product (
    product_sk BIGINT NOT NULL DEFAULT nextval('sales.product_sk'),
    product_id VARCHAR NOT NULL,
    name       VARCHAR,
    category   VARCHAR,
    list_price DECIMAL(18, 2),
    inferred   BOOLEAN NOT NULL
);

CREATE TABLE sales.dim_region (
    region_sk BIGINT NOT NULL DEFAULT nextval('sales.region_sk'),
    region    VARCHAR NOT NULL
);

CREATE TABLE sales.dim_date (
    order_date   DATE NOT NULL,
    year         INTEGER NOT NULL,
    quarter      INTEGER NOT NULL,
    month        INTEGER NOT NULL,
    day          INTEGER NOT NULL,
    weekday      INTEGER NOT NULL,
    weekday_name VARCHAR NOT NULL,
    iso_year     INTEGER NOT NULL,
    iso_week     INTEGER NOT NULL,
    month_start  DATE NOT NULL
);

CREATE TABLE sales.fact_sales (
    order_id       VARCHAR NOT NULL,
    order_ts       TIMESTAMP NOT NULL,
    order_date     DATE NOT NULL,
    event_ts       TIMESTAMP NOT NULL,
    event_id       VARCHAR NOT NULL,
    customer_sk    BIGINT NOT NULL,
    customer_id    VARCHAR NOT NULL,
    product_sk     BIGINT NOT NULL,
    product_id     VARCHAR NOT NULL,
    region_sk      BIGINT NOT NULL,
    category       VARCHAR NOT NULL,
    region         VARCHAR NOT NULL,
    quantity       INTEGER NOT NULL,
    unit_price     DECIMAL(18, 2) NOT NULL,
    revenue        DECIMAL(18, 2) NOT NULL,
    currency       VARCHAR NOT NULL,
    status         VARCHAR NOT NULL,
    payment_method VARCHAR,
    _partition     INTEGER NOT NULL,
    _offset        BIGINT NOT NULL,
    loaded_at      TIMESTAMP NOT NULL
);

CREATE TABLE sales.agg_daily_sales (
    order_date       DATE NOT NULL,
    region           VARCHAR NOT NULL,
    category         VARCHAR NOT NULL,
    orders           BIGINT NOT NULL,
    units            BIGINT NOT NULL,
    gross_revenue    DECIMAL(18, 2) NOT NULL,
    refunded_revenue DECIMAL(18, 2) NOT NULL,
    net_revenue      DECIMAL(18, 2) NOT NULL,
    customers        BIGINT NOT NULL,
    pending_orders   BIGINT NOT NULL,
    cancelled_orders BIGINT NOT NULL
);

CREATE TABLE sales.agg_daily_products (
    order_date       DATE NOT NULL,
    product_id       VARCHAR NOT NULL,
    category         VARCHAR NOT NULL,
    orders           BIGINT NOT NULL,
    units            BIGINT NOT NULL,
    gross_revenue    DECIMAL(18, 2) NOT NULL,
    refunded_revenue DECIMAL(18, 2) NOT NULL,
    net_revenue      DECIMAL(18, 2) NOT NULL,
    customers        BIGINT NOT NULL,
    pending_orders   BIGINT NOT NULL,
    cancelled_orders BIGINT NOT NULL
);

CREATE TABLE etl.overtaken_sales (
    order_id       VARCHAR NOT NULL,
    order_ts       TIMESTAMP NOT NULL,
    event_ts       TIMESTAMP NOT NULL,
    event_id       VARCHAR NOT NULL,
    customer_id    VARCHAR NOT NULL,
    product_id     VARCHAR NOT NULL,
    category       VARCHAR NOT NULL,
    region         VARCHAR NOT NULL,
    quantity       INTEGER NOT NULL,
    unit_price     DECIMAL(18, 2) NOT NULL,
    revenue        DECIMAL(18, 2) NOT NULL,
    currency       VARCHAR NOT NULL,
    status         VARCHAR NOT NULL,
    payment_method VARCHAR,
    _partition     INTEGER NOT NULL,
    _offset        BIGINT NOT NULL
);

CREATE TABLE etl.customer_versions (
    customer_id VARCHAR NOT NULL,
    updated_ts  TIMESTAMP NOT NULL,
    name        VARCHAR,
    email       VARCHAR,
    segment     VARCHAR,
    city        VARCHAR,
    country     VARCHAR,
    deleted     INTEGER NOT NULL,
    _partition  INTEGER NOT NULL,
    _offset     BIGINT NOT NULL
);

CREATE TABLE sales.agg_hourly_sales (
    order_hour       TIMESTAMP NOT NULL,
    region           VARCHAR NOT NULL,
    category         VARCHAR NOT NULL,
    orders           BIGINT NOT NULL,
    units            BIGINT NOT NULL,
    gross_revenue    DECIMAL(18, 2) NOT NULL,
    refunded_revenue DECIMAL(18, 2) NOT NULL,
    net_revenue      DECIMAL(18, 2) NOT NULL,
    pending_orders   BIGINT NOT NULL,
    cancelled_orders BIGINT NOT NULL
);

CREATE TABLE sales.agg_refunds_by_day (
    order_date       DATE NOT NULL,
    region           VARCHAR NOT NULL,
    category         VARCHAR NOT NULL,
    refund_date      DATE NOT NULL,
    refunds          BIGINT NOT NULL,
    refunded_revenue DECIMAL(18, 2) NOT NULL
);

CREATE TABLE sales.restatements (
    order_date           DATE NOT NULL,
    region               VARCHAR NOT NULL,
    category             VARCHAR NOT NULL,
    version              BIGINT NOT NULL,
    previous_version     BIGINT NOT NULL,
    restated_ts          TIMESTAMP NOT NULL,
    cause_orders         BIGINT NOT NULL,
    causes               VARCHAR NOT NULL,
    old_orders           BIGINT NOT NULL,
    old_units            BIGINT NOT NULL,
    old_gross_revenue    DECIMAL(18, 2) NOT NULL,
    old_refunded_revenue DECIMAL(18, 2) NOT NULL,
    old_net_revenue      DECIMAL(18, 2) NOT NULL,
    old_customers        BIGINT NOT NULL,
    old_pending_orders   BIGINT NOT NULL,
    old_cancelled_orders BIGINT NOT NULL,
    new_orders           BIGINT NOT NULL,
    new_units            BIGINT NOT NULL,
    new_gross_revenue    DECIMAL(18, 2) NOT NULL,
    new_refunded_revenue DECIMAL(18, 2) NOT NULL,
    new_net_revenue      DECIMAL(18, 2) NOT NULL,
    new_customers        BIGINT NOT NULL,
    new_pending_orders   BIGINT NOT NULL,
    new_cancelled_orders BIGINT NOT NULL
);

CREATE TABLE etl.load_ledger (
    table_name VARCHAR NOT NULL,
    slice      VARCHAR NOT NULL,
    version    BIGINT NOT NULL,
    rows       BIGINT NOT NULL,
    cents      BIGINT NOT NULL,
    outcome    VARCHAR NOT NULL,
    inputs     VARCHAR,
    loaded_at  TIMESTAMP NOT NULL
);

CREATE VIEW sales.v_orders AS
SELECT f.order_id, f.order_ts, f.order_date, f.event_ts, f.customer_id, f.product_id, f.category, f.region,
       f.quantity, f.unit_price, f.revenue, f.currency, f.status, f.payment_method,
       c.name AS customer_name, c.segment AS customer_segment, c.city AS customer_city, c.country AS customer_country,
       p.name AS product_name, p.category AS product_category, p.list_price
FROM sales.fact_sales AS f
JOIN sales.dim_customer AS c ON c.customer_sk = f.customer_sk
JOIN sales.dim_product AS p ON p.product_sk = f.product_sk;
