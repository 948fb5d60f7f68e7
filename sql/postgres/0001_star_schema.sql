-- The star schema. Times are UTC without a zone, money is exact, and text compares by
-- bytes (COLLATE "C"), so that the newest version of an order and the order of results
-- are the same in every dialect.

-- +goose Up
CREATE SCHEMA IF NOT EXISTS sales;

-- The quotient of two numbers that the analytics round: exact to 2 decimals, half away
-- from 0, the same in every dialect (they divide decimals differently). Null unless the
-- denominator is over 0.
CREATE FUNCTION sales.ratio(numerator NUMERIC, denominator NUMERIC) RETURNS NUMERIC IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN denominator > 0 THEN
        CAST(SIGN(numerator) * DIV(200 * ABS(numerator) + denominator, 2 * denominator) * 0.01 AS DECIMAL(38, 2)) END
$$ LANGUAGE sql;

CREATE TABLE sales.dim_customer (
    customer_sk BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id TEXT COLLATE "C" NOT NULL,
    name        TEXT,
    email       TEXT,
    segment     TEXT COLLATE "C",
    city        TEXT,
    country     TEXT,
    valid_from  TIMESTAMP NOT NULL,
    valid_to    TIMESTAMP,
    is_current  BOOLEAN NOT NULL,
    deleted     BOOLEAN NOT NULL,
    inferred    BOOLEAN NOT NULL
);
CREATE UNIQUE INDEX dim_customer_version ON sales.dim_customer (customer_id, valid_from);

CREATE TABLE sales.dim_product (
    product_sk BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product_id TEXT COLLATE "C" NOT NULL UNIQUE,
    name       TEXT,
    category   TEXT COLLATE "C",
    list_price DECIMAL(18, 2),
    inferred   BOOLEAN NOT NULL
);

CREATE TABLE sales.dim_region (
    region_sk BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    region    TEXT COLLATE "C" NOT NULL UNIQUE
);

CREATE TABLE sales.dim_date (
    order_date   DATE PRIMARY KEY,
    year         INTEGER NOT NULL,
    quarter      INTEGER NOT NULL,
    month        INTEGER NOT NULL,
    day          INTEGER NOT NULL,
    weekday      INTEGER NOT NULL,
    weekday_name TEXT COLLATE "C" NOT NULL,
    iso_year     INTEGER NOT NULL,
    iso_week     INTEGER NOT NULL,
    month_start  DATE NOT NULL
);

-- The dimensions are filled in the transaction of the facts, so no foreign key
-- has to guard them; it would cost a lookup per row.
CREATE TABLE sales.fact_sales (
    order_id       TEXT COLLATE "C" PRIMARY KEY,
    order_ts       TIMESTAMP NOT NULL,
    order_date     DATE NOT NULL,
    event_ts       TIMESTAMP NOT NULL,
    event_id       TEXT COLLATE "C" NOT NULL,
    customer_sk    BIGINT NOT NULL,
    customer_id    TEXT COLLATE "C" NOT NULL,
    product_sk     BIGINT NOT NULL,
    product_id     TEXT COLLATE "C" NOT NULL,
    region_sk      BIGINT NOT NULL,
    category       TEXT COLLATE "C" NOT NULL,
    region         TEXT COLLATE "C" NOT NULL,
    quantity       INTEGER NOT NULL,
    unit_price     DECIMAL(18, 2) NOT NULL,
    revenue        DECIMAL(18, 2) NOT NULL,
    currency       TEXT COLLATE "C" NOT NULL,
    status         TEXT COLLATE "C" NOT NULL,
    payment_method TEXT COLLATE "C",
    _partition     INTEGER NOT NULL,
    _offset        BIGINT NOT NULL,
    loaded_at      TIMESTAMP NOT NULL
);
CREATE INDEX fact_sales_order_date ON sales.fact_sales (order_date);
CREATE INDEX fact_sales_customer ON sales.fact_sales (customer_id, order_ts);

CREATE TABLE sales.agg_daily_sales (
    order_date       DATE NOT NULL,
    region           TEXT COLLATE "C" NOT NULL,
    category         TEXT COLLATE "C" NOT NULL,
    orders           BIGINT NOT NULL,
    units            BIGINT NOT NULL,
    gross_revenue    DECIMAL(18, 2) NOT NULL,
    refunded_revenue DECIMAL(18, 2) NOT NULL,
    net_revenue      DECIMAL(18, 2) NOT NULL,
    customers        BIGINT NOT NULL,
    pending_orders   BIGINT NOT NULL,
    cancelled_orders BIGINT NOT NULL,
    PRIMARY KEY (order_date, region, category)
);

CREATE TABLE sales.agg_daily_products (
    order_date       DATE NOT NULL,
    product_id       TEXT COLLATE "C" NOT NULL,
    category         TEXT COLLATE "C" NOT NULL,
    orders           BIGINT NOT NULL,
    units            BIGINT NOT NULL,
    gross_revenue    DECIMAL(18, 2) NOT NULL,
    refunded_revenue DECIMAL(18, 2) NOT NULL,
    net_revenue      DECIMAL(18, 2) NOT NULL,
    customers        BIGINT NOT NULL,
    pending_orders   BIGINT NOT NULL,
    cancelled_orders BIGINT NOT NULL,
    PRIMARY KEY (order_date, product_id)
);

CREATE TABLE etl.overtaken_sales (
    order_id       TEXT COLLATE "C" NOT NULL,
    order_ts       TIMESTAMP NOT NULL,
    event_ts       TIMESTAMP NOT NULL,
    event_id       TEXT COLLATE "C" NOT NULL,
    customer_id    TEXT COLLATE "C" NOT NULL,
    product_id     TEXT COLLATE "C" NOT NULL,
    category       TEXT COLLATE "C" NOT NULL,
    region         TEXT COLLATE "C" NOT NULL,
    quantity       INTEGER NOT NULL,
    unit_price     DECIMAL(18, 2) NOT NULL,
    revenue        DECIMAL(18, 2) NOT NULL,
    currency       TEXT COLLATE "C" NOT NULL,
    status         TEXT COLLATE "C" NOT NULL,
    payment_method TEXT COLLATE "C",
    _partition     INTEGER NOT NULL,
    _offset        BIGINT NOT NULL
);
CREATE INDEX overtaken_sales_order ON etl.overtaken_sales (order_id);

CREATE TABLE etl.customer_versions (
    customer_id TEXT COLLATE "C" NOT NULL,
    updated_ts  TIMESTAMP NOT NULL,
    name        TEXT,
    email       TEXT,
    segment     TEXT,
    city        TEXT,
    country     TEXT,
    deleted     INTEGER NOT NULL,
    _partition  INTEGER NOT NULL,
    _offset     BIGINT NOT NULL,
    PRIMARY KEY (customer_id, updated_ts)
);
CREATE INDEX customer_versions_updated ON etl.customer_versions (updated_ts);

CREATE TABLE sales.agg_hourly_sales (
    order_hour       TIMESTAMP NOT NULL,
    region           TEXT COLLATE "C" NOT NULL,
    category         TEXT COLLATE "C" NOT NULL,
    orders           BIGINT NOT NULL,
    units            BIGINT NOT NULL,
    gross_revenue    DECIMAL(18, 2) NOT NULL,
    refunded_revenue DECIMAL(18, 2) NOT NULL,
    net_revenue      DECIMAL(18, 2) NOT NULL,
    pending_orders   BIGINT NOT NULL,
    cancelled_orders BIGINT NOT NULL,
    PRIMARY KEY (order_hour, region, category)
);

CREATE TABLE sales.agg_refunds_by_day (
    order_date       DATE NOT NULL,
    region           TEXT COLLATE "C" NOT NULL,
    category         TEXT COLLATE "C" NOT NULL,
    refund_date      DATE NOT NULL,
    refunds          BIGINT NOT NULL,
    refunded_revenue DECIMAL(18, 2) NOT NULL,
    PRIMARY KEY (order_date, region, category, refund_date)
);

CREATE TABLE sales.restatements (
    order_date           DATE NOT NULL,
    region               TEXT COLLATE "C" NOT NULL,
    category             TEXT COLLATE "C" NOT NULL,
    version              BIGINT NOT NULL,
    previous_version     BIGINT NOT NULL,
    restated_ts          TIMESTAMP NOT NULL,
    cause_orders         BIGINT NOT NULL,
    causes               TEXT NOT NULL,
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
    new_cancelled_orders BIGINT NOT NULL,
    PRIMARY KEY (order_date, version, region, category)
);

CREATE TABLE etl.load_ledger (
    table_name TEXT COLLATE "C" NOT NULL,
    slice      TEXT COLLATE "C" NOT NULL,
    version    BIGINT NOT NULL,
    rows       BIGINT NOT NULL,
    cents      BIGINT NOT NULL,
    outcome    TEXT COLLATE "C" NOT NULL,
    inputs     TEXT COLLATE "C",
    loaded_at  TIMESTAMP NOT NULL,
    PRIMARY KEY (table_name, slice)
);

CREATE VIEW sales.v_orders AS
SELECT f.order_id, f.order_ts, f.order_date, f.event_ts, f.customer_id, f.product_id, f.category, f.region,
       f.quantity, f.unit_price, f.revenue, f.currency, f.status, f.payment_method,
       c.name AS customer_name, c.segment AS customer_segment, c.city AS customer_city, c.country AS customer_country,
       p.name AS product_name, p.category AS product_category, p.list_price
FROM sales.fact_sales AS f
JOIN sales.dim_customer AS c ON c.customer_sk = f.customer_sk
JOIN sales.dim_product AS p ON p.product_sk = f.product_sk;
