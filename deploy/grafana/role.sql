-- The role with which Grafana reads the warehouse, for psql. Whoever may look at a
-- dashboard may ask anything with it, so it reads facts and aggregates only: no names
-- and addresses of customers (dim_customer, v_orders), and by default nothing for longer than 10 s.
-- To run it again changes nothing.
\getenv password GRAFANA_PASSWORD
SELECT 'CREATE ROLE grafana' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'grafana') \gexec
ALTER ROLE grafana LOGIN PASSWORD :'password' CONNECTION LIMIT 10;
ALTER ROLE grafana SET default_transaction_read_only = on;
ALTER ROLE grafana SET statement_timeout = '10s';
GRANT USAGE ON SCHEMA sales TO grafana;
GRANT SELECT ON sales.fact_sales, sales.agg_daily_sales, sales.agg_hourly_sales, sales.agg_daily_products,
    sales.agg_refunds_by_day, sales.restatements, sales.dim_date, sales.dim_product, sales.dim_region TO grafana;
