{{ config(unique_key='id', incremental_strategy='merge',
          incremental_predicates=["DBT_INTERNAL_DEST.id > 1"]) }}
select id, name, {{ var('round') }} as round from {{ source('raw', 'events') }} where id <> 9
