-- Orders that the loaded days no longer hold: they moved to another day.
DELETE FROM sales.fact_sales
WHERE order_date IN (SELECT order_date FROM stage_days)
  AND NOT EXISTS (SELECT 1 FROM stage_sales AS s
                  WHERE s.order_id = fact_sales.order_id AND CAST(s.order_ts AS DATE) = fact_sales.order_date)
