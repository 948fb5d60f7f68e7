-- Of a product that the file has more than once the last line counts. What dim_product has already is not written again.
INSERT INTO stage_changed_products (product_id, name, category, list_price)
SELECT s.product_id, s.name, s.category, s.list_price
FROM stage_products AS s
JOIN (SELECT product_id, MAX(line) AS line FROM stage_products GROUP BY product_id) AS newest
  ON newest.product_id = s.product_id AND newest.line = s.line
LEFT JOIN sales.dim_product AS p ON p.product_id = s.product_id
WHERE p.product_id IS NULL OR p.inferred OR p.list_price <> s.list_price
   OR COALESCE(p.name, '') <> COALESCE(s.name, '') OR COALESCE(p.category, '') <> COALESCE(s.category, '')
