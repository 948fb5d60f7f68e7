DELETE FROM sales.agg_daily_products
WHERE order_date IN (SELECT order_date FROM stage_days)
