-- Days that are loaded whole. The range of days is said for the sort key and for an index by time. The names in capitals are put in by the program.
DELETE FROM sales.ITS_TABLE
WHERE ITS_TIME >= CAST($1 AS DATE) AND ITS_TIME < CAST($2 AS DATE)
  AND CAST(ITS_TIME AS DATE) IN (SELECT order_date FROM stage_days WHERE _partition IS NULL)
