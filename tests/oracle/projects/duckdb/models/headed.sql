{{ config(sql_header='set local work_mem = 1000;') }} select id, current_setting('work_mem') as mem from {{ source('raw', 'events') }} where id = 1
