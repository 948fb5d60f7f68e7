DROP TABLE stage_days
