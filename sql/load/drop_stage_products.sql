DROP TABLE stage_products;
DROP TABLE stage_changed_products
