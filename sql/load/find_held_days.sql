-- The days to be loaded whole that the warehouse has something of, whatever the ledger says.
SELECT CAST(d.order_date AS VARCHAR(10)) AS order_date
FROM stage_days AS d
WHERE d.whole
  AND (EXISTS (SELECT 1 FROM sales.fact_sales AS f
               WHERE f.order_date = d.order_date
                 AND f.order_ts >= CAST($1 AS TIMESTAMP) AND f.order_ts < CAST($2 AS TIMESTAMP)
                 AND f.order_date >= CAST($1 AS DATE) AND f.order_date < CAST($2 AS DATE))
       OR EXISTS (SELECT 1 FROM etl.overtaken_sales AS o WHERE CAST(o.order_ts AS DATE) = d.order_date))
