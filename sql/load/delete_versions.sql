-- Whatever the history has of the versions that the slices gain or lose, also if an earlier load has put it there.
-- What another partition has stays, and is refused with its key.
DELETE FROM etl.customer_versions
USING stage_versions AS s
WHERE s.customer_id = customer_versions.customer_id AND s.updated_ts = customer_versions.updated_ts
  AND s._partition = customer_versions._partition
