DROP TABLE stage_sales;
DROP TABLE stage_skipped;
DROP TABLE stage_changed
