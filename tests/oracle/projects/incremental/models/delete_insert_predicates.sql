{{ config(unique_key='id', incremental_strategy='delete+insert',
          incremental_predicates=["id > 1", "name is not null"]) }}
select id, name, {{ var('round') }} as round from {{ source('raw', 'events') }} where id < 3
