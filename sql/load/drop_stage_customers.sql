DROP TABLE stage_customers
