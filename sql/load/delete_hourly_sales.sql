DELETE FROM sales.agg_hourly_sales
WHERE CAST(order_hour AS DATE) IN (SELECT order_date FROM stage_days)
