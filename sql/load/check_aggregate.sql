-- What the aggregate holds now for each loaded day. The names in capitals are put in by the program.
SELECT CAST(d.order_date AS VARCHAR(10)) AS order_date,
       COALESCE(a.found_rows, 0) AS found_rows, COALESCE(a.found_cents, 0) AS found_cents
FROM stage_days AS d
LEFT JOIN (
    SELECT CAST(ITS_TIME AS DATE) AS order_date, COUNT(*) AS found_rows, CAST(SUM(ITS_MONEY) * 100 AS BIGINT) AS found_cents
    FROM sales.ITS_TABLE
    WHERE ITS_TIME >= CAST($1 AS DATE) AND ITS_TIME < CAST($2 AS DATE)
    GROUP BY CAST(ITS_TIME AS DATE)
) AS a ON a.order_date = d.order_date
ORDER BY d.order_date
