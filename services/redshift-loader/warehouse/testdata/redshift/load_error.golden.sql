SELECT TRIM(file_name), TRIM(column_name), TRIM(column_type), line_number, TRIM(error_message)
FROM sys_load_error_detail
WHERE session_id = 1
ORDER BY start_time DESC
LIMIT 1
