DROP TABLE stage_sales;
DROP TABLE stage_skipped
