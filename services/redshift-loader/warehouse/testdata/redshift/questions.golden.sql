SELECT table_name, slice, version, rows, cents, outcome, inputs
FROM etl.load_ledger
ORDER BY table_name, slice
;

SELECT table_name, CAST(SUM(rows) AS BIGINT) AS total_rows, CAST(SUM(cents) AS VARCHAR(40)) AS total_cents
FROM etl.load_ledger
GROUP BY table_name
ORDER BY table_name
;

select count(*), cast(cast(coalesce(sum(revenue), 0) * 100 as decimal(38, 0)) as varchar(40)) from sales.fact_sales;

select count(*) from etl.customer_versions;

SELECT column_name, data_type, COALESCE(character_maximum_length, 0),
       COALESCE(numeric_precision, 0), COALESCE(numeric_scale, 0), is_nullable
FROM information_schema.columns
WHERE table_schema = 'sales' AND table_name = 'fact_sales'
ORDER BY ordinal_position;

SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'sales';

-- Question: how many units does an order have, and what does a unit bring?
-- Topic:    products
-- Grain:    a category with any completed or refunded order
-- Columns:  category             product category, as the orders say it
--           orders               completed and refunded orders
--           units                units of those orders
--           units_per_order      units in the mean order
--           single_unit_percent  orders of one unit in percent of orders
--           largest_order        units of the greatest order
--           revenue_per_unit     gross revenue for each unit
-- Owner:    sales analytics
-- Caveats:  an order is of one product here, so a basket is units of that product: what is bought together cannot be told.
SELECT category,
       COUNT(*) AS orders,
       CAST(SUM(quantity) AS BIGINT) AS units,
       sales.ratio(SUM(quantity), COUNT(*)) AS units_per_order,
       sales.ratio(100 * SUM(CASE WHEN quantity = 1 THEN 1 ELSE 0 END), COUNT(*)) AS single_unit_percent,
       MAX(quantity) AS largest_order,
       sales.ratio(SUM(revenue), SUM(quantity)) AS revenue_per_unit
FROM sales.fact_sales
WHERE status IN ('completed', 'refunded')
GROUP BY category
ORDER BY category

