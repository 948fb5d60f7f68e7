DELETE FROM sales.restatements
WHERE order_date IN (SELECT order_date FROM stage_days)
