-- Of a product that the file has more than once the last line counts.
DELETE FROM stage_products
WHERE EXISTS (SELECT 1 FROM stage_products AS later
              WHERE later.product_id = stage_products.product_id AND later.line > stage_products.line)
