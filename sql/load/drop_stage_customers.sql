DROP TABLE stage_customers;
DROP TABLE stage_customer_changes;
DROP TABLE stage_versions;
DROP TABLE stage_changed;
DROP TABLE stage_intervals;
DROP TABLE stage_moved
