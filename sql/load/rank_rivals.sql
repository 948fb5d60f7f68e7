-- Of several rows of an order the newest version counts, as in silver.
INSERT INTO stage_ranked (
    order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price, revenue,
    currency, status, payment_method, _partition, _offset,
    order_date, in_facts, place
)
WITH contested AS (
    SELECT order_id
    FROM stage_rivals
    UNION
    SELECT order_id
    FROM stage_rows
    WHERE n > 0
    GROUP BY order_id
    HAVING COUNT(*) > 1
),
candidates AS (
    SELECT order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price,
           revenue, currency, status, payment_method, _partition, _offset,
           order_date, in_facts
    FROM stage_rivals
    UNION ALL
    SELECT r.order_id, r.order_ts, r.event_ts, r.event_id, r.customer_id, r.product_id, r.category, r.region,
           r.quantity, r.unit_price, r.revenue, r.currency, r.status, r.payment_method, r._partition, r._offset,
           r.order_date, FALSE
    FROM stage_rows AS r
    JOIN contested AS k ON k.order_id = r.order_id
    WHERE r.n > 0
)
SELECT order_id, order_ts, event_ts, event_id, customer_id, product_id, category, region, quantity, unit_price,
       revenue, currency, status, payment_method, _partition, _offset,
       order_date, in_facts,
       ROW_NUMBER() OVER (PARTITION BY order_id ORDER BY event_ts DESC, event_id DESC, _offset DESC, order_date DESC)
FROM candidates
