-- What is overtaken of these orders is told anew.
DELETE FROM etl.overtaken_sales
USING stage_sought AS s
WHERE overtaken_sales.order_id = s.order_id
