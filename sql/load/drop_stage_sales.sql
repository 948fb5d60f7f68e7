DROP TABLE stage_sales;
DROP TABLE stage_changes;
DROP TABLE stage_rows;
DROP TABLE stage_sought;
DROP TABLE stage_rivals;
DROP TABLE stage_ranked;
DROP TABLE stage_gone;
DROP TABLE stage_facts
