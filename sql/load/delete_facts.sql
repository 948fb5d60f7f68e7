-- The range of days is said twice, so that the sort key can be used. The day is computed for the reason in sum_lost.
DELETE FROM sales.fact_sales
USING stage_touched AS s
WHERE fact_sales.order_id = s.order_id AND CAST(fact_sales.order_ts AS DATE) = s.order_date
  AND fact_sales.order_ts >= CAST($1 AS TIMESTAMP) AND fact_sales.order_ts < CAST($2 AS TIMESTAMP)
