-- A version that is older than the current one changes nothing.
DELETE FROM stage_customers
WHERE EXISTS (SELECT 1 FROM sales.dim_customer AS c
              WHERE c.customer_id = stage_customers.customer_id AND c.is_current AND NOT c.inferred
                AND c.valid_from > stage_customers.valid_from)
