-- One current version of each customer; it completes an inferred member, which keeps its key.
MERGE INTO sales.dim_customer
USING stage_customers AS s
ON dim_customer.customer_id = s.customer_id AND dim_customer.is_current
WHEN MATCHED THEN UPDATE SET
    name = s.name, email = s.email, segment = s.segment, city = s.city, country = s.country,
    valid_from = s.valid_from, inferred = FALSE
WHEN NOT MATCHED THEN INSERT (customer_id, name, email, segment, city, country, valid_from, is_current, deleted, inferred)
VALUES (s.customer_id, s.name, s.email, s.segment, s.city, s.country, s.valid_from, TRUE, FALSE, FALSE)
