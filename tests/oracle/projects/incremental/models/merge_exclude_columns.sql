{{ config(unique_key=['id', 'region'], incremental_strategy='merge',
          merge_exclude_columns=['round']) }}
select id, region, name, {{ var('round') }} as round from {{ source('raw', 'events') }}
