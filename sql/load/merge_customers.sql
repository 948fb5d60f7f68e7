-- An interval that begins when one began before keeps its key, and an inferred member is completed.
MERGE INTO sales.dim_customer
USING stage_intervals AS s
ON dim_customer.customer_id = s.customer_id AND dim_customer.valid_from = s.valid_from
WHEN MATCHED THEN UPDATE SET
    name = s.name, email = s.email, segment = s.segment, city = s.city, country = s.country,
    valid_to = s.valid_to, is_current = s.is_current, deleted = s.deleted, inferred = s.inferred
WHEN NOT MATCHED THEN INSERT (customer_id, name, email, segment, city, country, valid_from, valid_to, is_current, deleted, inferred)
VALUES (s.customer_id, s.name, s.email, s.segment, s.city, s.country, s.valid_from, s.valid_to, s.is_current, s.deleted, s.inferred)
