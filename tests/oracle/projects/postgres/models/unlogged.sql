{{ config(unlogged=true, indexes=[{'columns': 'id'}] if false else []) }} select id from {{ source('raw', 'events') }}
