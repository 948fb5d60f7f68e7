DROP TABLE stage_products
