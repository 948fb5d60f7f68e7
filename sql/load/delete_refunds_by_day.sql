DELETE FROM sales.agg_refunds_by_day
WHERE order_date IN (SELECT order_date FROM stage_days)
