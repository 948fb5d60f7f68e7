-- Staged rows that are not applied, as a newer version of the order is in another day:
-- the slices of an order's old and new day arrive in any order. Facts of the loaded
-- days themselves never win, their slices are replaced.
CREATE TEMP TABLE stage_skipped AS
SELECT order_id, order_date, revenue
FROM (
    SELECT order_id, CAST(order_ts AS DATE) AS order_date, revenue,
           ROW_NUMBER() OVER (PARTITION BY order_id ORDER BY event_ts DESC, event_id DESC, _offset DESC) AS place
    FROM stage_sales
    WHERE order_id IN (SELECT order_id FROM stage_sales GROUP BY order_id HAVING COUNT(*) > 1)
) AS repeated
WHERE place > 1
UNION
SELECT s.order_id, CAST(s.order_ts AS DATE) AS order_date, s.revenue
FROM stage_sales AS s
JOIN sales.fact_sales AS f ON f.order_id = s.order_id
WHERE f.order_date NOT IN (SELECT order_date FROM stage_days)
  AND (f.event_ts > s.event_ts
       OR (f.event_ts = s.event_ts AND f.event_id > s.event_id)
       OR (f.event_ts = s.event_ts AND f.event_id = s.event_id AND f._offset > s._offset))
