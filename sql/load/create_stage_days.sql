-- The days whose slices are loaded.
CREATE TEMP TABLE stage_days (order_date DATE NOT NULL)
