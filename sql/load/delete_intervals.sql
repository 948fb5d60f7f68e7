-- Intervals that are no more.
DELETE FROM sales.dim_customer
WHERE customer_id IN (SELECT customer_id FROM stage_changed)
  AND NOT EXISTS (SELECT 1 FROM stage_intervals AS i
                  WHERE i.customer_id = dim_customer.customer_id AND i.valid_from = dim_customer.valid_from)
