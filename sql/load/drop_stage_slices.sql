DROP TABLE stage_slices
