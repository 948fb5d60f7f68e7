DROP TABLE stage_known;
DROP TABLE stage_rows;
DROP TABLE stage_sought;
DROP TABLE stage_rivals;
DROP TABLE stage_ranked;
DROP TABLE stage_touched
