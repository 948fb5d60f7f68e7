-- A version that is older than another one of the file changes nothing; of equal times
-- the last line counts.
DELETE FROM stage_customers
WHERE EXISTS (SELECT 1 FROM stage_customers AS later
              WHERE later.customer_id = stage_customers.customer_id
                AND (later.valid_from > stage_customers.valid_from
                     OR (later.valid_from = stage_customers.valid_from AND later.line > stage_customers.line)))
