-- The intervals of the changed customers: closed at valid_from, open at valid_to. The first holds for all time before the
-- second, so that no order falls before it. Versions that say the same as the one before are one interval with it. A
-- deletion begins an interval of its own, without attributes; one that is the first version ends an inferred interval, as
-- the customer was there before. Who has no version any more is an inferred member again.
INSERT INTO stage_intervals (customer_id, name, email, segment, city, country, valid_from, valid_to, is_current, deleted, inferred)
WITH told AS (
    SELECT v.customer_id, v.updated_ts, v.deleted,
           CASE WHEN v.deleted = 0 THEN v.name END AS name,
           CASE WHEN v.deleted = 0 THEN v.email END AS email,
           CASE WHEN v.deleted = 0 THEN v.segment END AS segment,
           CASE WHEN v.deleted = 0 THEN v.city END AS city,
           CASE WHEN v.deleted = 0 THEN v.country END AS country
    FROM etl.customer_versions AS v
    JOIN stage_changed AS c ON c.customer_id = v.customer_id
),
compared AS (
    SELECT customer_id, updated_ts, deleted, name, email, segment, city, country,
           LAG(deleted) OVER (PARTITION BY customer_id ORDER BY updated_ts) AS old_deleted,
           LAG(name) OVER (PARTITION BY customer_id ORDER BY updated_ts) AS old_name,
           LAG(email) OVER (PARTITION BY customer_id ORDER BY updated_ts) AS old_email,
           LAG(segment) OVER (PARTITION BY customer_id ORDER BY updated_ts) AS old_segment,
           LAG(city) OVER (PARTITION BY customer_id ORDER BY updated_ts) AS old_city,
           LAG(country) OVER (PARTITION BY customer_id ORDER BY updated_ts) AS old_country
    FROM told
),
versions AS (
    SELECT customer_id, updated_ts, deleted, name, email, segment, city, country, old_deleted,
           LEAD(updated_ts) OVER (PARTITION BY customer_id ORDER BY updated_ts) AS valid_to
    FROM compared
    WHERE old_deleted IS NULL OR old_deleted <> deleted
       OR COALESCE(old_name, '') <> COALESCE(name, '') OR COALESCE(old_email, '') <> COALESCE(email, '')
       OR COALESCE(old_segment, '') <> COALESCE(segment, '') OR COALESCE(old_city, '') <> COALESCE(city, '')
       OR COALESCE(old_country, '') <> COALESCE(country, '')
)
SELECT customer_id, name, email, segment, city, country,
       CASE WHEN old_deleted IS NULL AND deleted = 0 THEN CAST('1970-01-01 00:00:00' AS TIMESTAMP) ELSE updated_ts END,
       valid_to,
       CASE WHEN valid_to IS NULL THEN TRUE ELSE FALSE END,
       CASE WHEN deleted = 1 THEN TRUE ELSE FALSE END,
       FALSE
FROM versions
UNION ALL
SELECT customer_id, NULL, NULL, NULL, NULL, NULL, CAST('1970-01-01 00:00:00' AS TIMESTAMP), updated_ts, FALSE, FALSE, TRUE
FROM versions
WHERE old_deleted IS NULL AND deleted = 1
UNION ALL
SELECT c.customer_id, NULL, NULL, NULL, NULL, NULL, CAST('1970-01-01 00:00:00' AS TIMESTAMP), NULL, TRUE, FALSE, TRUE
FROM stage_changed AS c
LEFT JOIN etl.customer_versions AS v ON v.customer_id = c.customer_id
WHERE v.customer_id IS NULL
