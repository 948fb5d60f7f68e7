-- Staged rows that the facts do not hold as they are: in a slice of the past that got
-- one correction this is one row. A row that is skipped is not among them.
MERGE INTO sales.fact_sales
USING (
    SELECT g.order_id, g.order_ts, CAST(g.order_ts AS DATE) AS order_date, g.event_ts, g.event_id, c.customer_sk, g.customer_id,
           p.product_sk, g.product_id, r.region_sk, g.category, g.region, g.quantity, g.unit_price, g.revenue,
           g.currency, g.status, g.payment_method, g._partition, g._offset
    FROM stage_sales AS g
    JOIN sales.dim_customer AS c ON c.customer_id = g.customer_id
     AND g.order_ts >= c.valid_from AND (c.valid_to IS NULL OR g.order_ts < c.valid_to)
    JOIN sales.dim_product AS p ON p.product_id = g.product_id
    JOIN sales.dim_region AS r ON r.region = g.region
    WHERE NOT EXISTS (SELECT 1 FROM stage_skipped AS k WHERE k.order_id = g.order_id AND k.order_date = CAST(g.order_ts AS DATE))
      AND NOT EXISTS (
        SELECT 1
        FROM sales.fact_sales AS f
        WHERE f.order_id = g.order_id AND f.order_ts = g.order_ts
          AND f.event_ts = g.event_ts AND f.event_id = g.event_id AND f.customer_id = g.customer_id
          AND f.product_id = g.product_id AND f.category = g.category AND f.region = g.region
          AND f.quantity = g.quantity AND f.unit_price = g.unit_price AND f.revenue = g.revenue
          AND f.currency = g.currency AND f.status = g.status
          AND COALESCE(f.payment_method, '') = COALESCE(g.payment_method, '')
          AND f._partition = g._partition AND f._offset = g._offset
      )
) AS s
ON fact_sales.order_id = s.order_id
WHEN MATCHED THEN UPDATE SET
    order_ts = s.order_ts, order_date = s.order_date, event_ts = s.event_ts, event_id = s.event_id,
    customer_sk = s.customer_sk, customer_id = s.customer_id, product_sk = s.product_sk, product_id = s.product_id,
    region_sk = s.region_sk, category = s.category, region = s.region, quantity = s.quantity,
    unit_price = s.unit_price, revenue = s.revenue, currency = s.currency, status = s.status,
    payment_method = s.payment_method, _partition = s._partition, _offset = s._offset,
    loaded_at = CAST($1 AS TIMESTAMP)
WHEN NOT MATCHED THEN INSERT (
    order_id, order_ts, order_date, event_ts, event_id, customer_sk, customer_id, product_sk, product_id,
    region_sk, category, region, quantity, unit_price, revenue, currency, status, payment_method,
    _partition, _offset, loaded_at
) VALUES (
    s.order_id, s.order_ts, s.order_date, s.event_ts, s.event_id, s.customer_sk, s.customer_id, s.product_sk, s.product_id,
    s.region_sk, s.category, s.region, s.quantity, s.unit_price, s.revenue, s.currency, s.status, s.payment_method,
    s._partition, s._offset, CAST($1 AS TIMESTAMP)
)
