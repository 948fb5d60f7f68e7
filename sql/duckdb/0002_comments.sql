-- What each table and column means, for whoever meets them in a SQL client.

-- +goose Up
COMMENT ON TABLE sales.fact_sales IS 'One current row per order, loaded from gold/fact_sales';
COMMENT ON COLUMN sales.fact_sales.order_id IS 'Identity of the order';
COMMENT ON COLUMN sales.fact_sales.order_ts IS 'When the order was placed, UTC';
COMMENT ON COLUMN sales.fact_sales.order_date IS 'UTC date of order_ts';
COMMENT ON COLUMN sales.fact_sales.event_ts IS 'When this version of the order was emitted, UTC';
COMMENT ON COLUMN sales.fact_sales.event_id IS 'The event that made this version';
COMMENT ON COLUMN sales.fact_sales.customer_sk IS 'Version of the customer in dim_customer';
COMMENT ON COLUMN sales.fact_sales.customer_id IS 'Who ordered';
COMMENT ON COLUMN sales.fact_sales.product_sk IS 'Product in dim_product';
COMMENT ON COLUMN sales.fact_sales.product_id IS 'What was ordered';
COMMENT ON COLUMN sales.fact_sales.region_sk IS 'Region in dim_region';
COMMENT ON COLUMN sales.fact_sales.category IS 'Product category, as the order says it';
COMMENT ON COLUMN sales.fact_sales.region IS 'Sales region';
COMMENT ON COLUMN sales.fact_sales.quantity IS 'Units ordered, over 0';
COMMENT ON COLUMN sales.fact_sales.unit_price IS 'Price of one unit';
COMMENT ON COLUMN sales.fact_sales.revenue IS 'Money of the order, whatever its status';
COMMENT ON COLUMN sales.fact_sales.currency IS 'ISO 4217 code';
COMMENT ON COLUMN sales.fact_sales.status IS 'pending, completed, cancelled or refunded';
COMMENT ON COLUMN sales.fact_sales.payment_method IS 'How it was paid, null when not said';
COMMENT ON COLUMN sales.fact_sales._partition IS 'Source partition of the event';
COMMENT ON COLUMN sales.fact_sales._offset IS 'Offset of the event, or row number of the file';
COMMENT ON COLUMN sales.fact_sales.loaded_at IS 'When this version was loaded, UTC';

COMMENT ON TABLE sales.dim_customer IS 'Customers by version; one version of each is current';
COMMENT ON COLUMN sales.dim_customer.customer_sk IS 'Identity of the version';
COMMENT ON COLUMN sales.dim_customer.customer_id IS 'Identity of the customer';
COMMENT ON COLUMN sales.dim_customer.name IS 'Full name';
COMMENT ON COLUMN sales.dim_customer.email IS 'Mail address';
COMMENT ON COLUMN sales.dim_customer.segment IS 'Kind of customer';
COMMENT ON COLUMN sales.dim_customer.city IS 'Home city';
COMMENT ON COLUMN sales.dim_customer.country IS 'Home country';
COMMENT ON COLUMN sales.dim_customer.valid_from IS 'When the version began, UTC; 1970 for one that was inferred';
COMMENT ON COLUMN sales.dim_customer.valid_to IS 'When the version ended, UTC; null when it is current';
COMMENT ON COLUMN sales.dim_customer.is_current IS 'Whether this is the newest version';
COMMENT ON COLUMN sales.dim_customer.inferred IS 'Known from orders only: the attributes have not come yet';

COMMENT ON TABLE sales.dim_product IS 'Products';
COMMENT ON COLUMN sales.dim_product.product_sk IS 'Identity of the row';
COMMENT ON COLUMN sales.dim_product.product_id IS 'Identity of the product';
COMMENT ON COLUMN sales.dim_product.name IS 'Name in the catalogue';
COMMENT ON COLUMN sales.dim_product.category IS 'Category in the catalogue; of an inferred product, that of an order';
COMMENT ON COLUMN sales.dim_product.list_price IS 'Price in the catalogue';
COMMENT ON COLUMN sales.dim_product.inferred IS 'Known from orders only: the attributes have not come yet';

COMMENT ON TABLE sales.dim_region IS 'Sales regions';
COMMENT ON COLUMN sales.dim_region.region_sk IS 'Identity of the row';
COMMENT ON COLUMN sales.dim_region.region IS 'Name of the region';

COMMENT ON TABLE sales.dim_date IS 'Every day of the months from the first order to the last';
COMMENT ON COLUMN sales.dim_date.order_date IS 'The day, UTC';
COMMENT ON COLUMN sales.dim_date.year IS 'Calendar year';
COMMENT ON COLUMN sales.dim_date.quarter IS '1 to 4';
COMMENT ON COLUMN sales.dim_date.month IS '1 to 12';
COMMENT ON COLUMN sales.dim_date.day IS 'Day of the month';
COMMENT ON COLUMN sales.dim_date.weekday IS '1 Monday to 7 Sunday';
COMMENT ON COLUMN sales.dim_date.weekday_name IS 'Monday to Sunday';
COMMENT ON COLUMN sales.dim_date.iso_year IS 'Year of the ISO week';
COMMENT ON COLUMN sales.dim_date.iso_week IS 'ISO week, 1 to 53';
COMMENT ON COLUMN sales.dim_date.month_start IS 'First day of the month';

COMMENT ON TABLE sales.agg_daily_sales IS 'A row for each UTC date, region and category with any order';
COMMENT ON COLUMN sales.agg_daily_sales.order_date IS 'UTC date of the orders';
COMMENT ON COLUMN sales.agg_daily_sales.region IS 'Sales region';
COMMENT ON COLUMN sales.agg_daily_sales.category IS 'Product category';
COMMENT ON COLUMN sales.agg_daily_sales.orders IS 'Completed and refunded orders';
COMMENT ON COLUMN sales.agg_daily_sales.units IS 'Units of those orders';
COMMENT ON COLUMN sales.agg_daily_sales.gross_revenue IS 'Revenue of those orders';
COMMENT ON COLUMN sales.agg_daily_sales.refunded_revenue IS 'Revenue of refunded orders';
COMMENT ON COLUMN sales.agg_daily_sales.net_revenue IS 'Gross less refunded';
COMMENT ON COLUMN sales.agg_daily_sales.customers IS 'Distinct customers of those orders; not additive';
COMMENT ON COLUMN sales.agg_daily_sales.pending_orders IS 'Orders still pending';
COMMENT ON COLUMN sales.agg_daily_sales.cancelled_orders IS 'Orders cancelled';

COMMENT ON TABLE sales.agg_daily_products IS 'A row for each UTC date and product with any order';
COMMENT ON COLUMN sales.agg_daily_products.order_date IS 'UTC date of the orders';
COMMENT ON COLUMN sales.agg_daily_products.product_id IS 'Product';
COMMENT ON COLUMN sales.agg_daily_products.category IS 'Category on most of the day''s orders of the product';
COMMENT ON COLUMN sales.agg_daily_products.orders IS 'Completed and refunded orders';
COMMENT ON COLUMN sales.agg_daily_products.units IS 'Units of those orders';
COMMENT ON COLUMN sales.agg_daily_products.gross_revenue IS 'Revenue of those orders';
COMMENT ON COLUMN sales.agg_daily_products.refunded_revenue IS 'Revenue of refunded orders';
COMMENT ON COLUMN sales.agg_daily_products.net_revenue IS 'Gross less refunded';
COMMENT ON COLUMN sales.agg_daily_products.customers IS 'Distinct customers of those orders; not additive';
COMMENT ON COLUMN sales.agg_daily_products.pending_orders IS 'Orders still pending';
COMMENT ON COLUMN sales.agg_daily_products.cancelled_orders IS 'Orders cancelled';

COMMENT ON TABLE etl.load_ledger IS 'The version of each slice that is loaded';
COMMENT ON COLUMN etl.load_ledger.table_name IS 'Table of the lake, such as gold/fact_sales';
COMMENT ON COLUMN etl.load_ledger.slice IS 'Slice of it, such as day=2026-01-31';
COMMENT ON COLUMN etl.load_ledger.version IS 'Version of the slice; older ones are not loaded again';
COMMENT ON COLUMN etl.load_ledger.rows IS 'Rows that the slice''s manifest promised';
COMMENT ON COLUMN etl.load_ledger.cents IS 'Money that the manifest promised, in cents';
COMMENT ON COLUMN etl.load_ledger.outcome IS 'Verdict: pass or warn';
COMMENT ON COLUMN etl.load_ledger.loaded_at IS 'When it was loaded, UTC';
