{{ config(unique_key='id', incremental_strategy='merge', merge_update_columns=['name']) }}
select id, name, {{ var('round') }} as round from {{ source('raw', 'events') }}
