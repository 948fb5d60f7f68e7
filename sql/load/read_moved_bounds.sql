SELECT CAST(MIN(moved_from) AS VARCHAR(26)) AS moved_from, CAST(MAX(moved_to) AS VARCHAR(26)) AS moved_to
FROM stage_moved
