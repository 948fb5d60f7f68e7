-- The days whose slices are loaded: whole, from all of their files, or by what changed.
CREATE TEMP TABLE stage_days (order_date DATE NOT NULL, whole BOOLEAN NOT NULL)
