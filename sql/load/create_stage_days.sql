-- The days whose slices are loaded from all of their files: of one partition, or of all where none is named.
CREATE TEMP TABLE stage_days (order_date DATE NOT NULL, _partition INTEGER) /*redshift DISTSTYLE ALL*/
