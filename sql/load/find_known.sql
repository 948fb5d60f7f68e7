-- Rows of new days whose order has another row, anywhere, go the way of all that changes. The other rows of new days have
-- nothing to be compared with: insert_facts takes them from stage_new.
INSERT INTO stage_rows (
    order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price, revenue,
    currency, status, payment_method, _partition, _offset,
    order_date, n
)
SELECT s.order_id, s.order_ts, s.event_ts, s.event_id, s.customer_id, s.product_id, s.category, s.region, s.quantity,
       s.unit_price, s.revenue, s.currency, s.status, s.payment_method, s._partition, s._offset,
       CAST(s.order_ts AS DATE), 1
FROM stage_new AS s
JOIN (
    SELECT n.order_id
    FROM stage_new AS n
    JOIN sales.fact_sales AS f ON f.order_id = n.order_id
    UNION
    SELECT n.order_id
    FROM stage_new AS n
    JOIN etl.overtaken_sales AS o ON o.order_id = n.order_id
    UNION
    SELECT n.order_id
    FROM stage_new AS n
    JOIN stage_rows AS r ON r.order_id = n.order_id
    UNION
    SELECT order_id
    FROM stage_new
    GROUP BY order_id
    HAVING COUNT(*) > 1
) AS k ON k.order_id = s.order_id
