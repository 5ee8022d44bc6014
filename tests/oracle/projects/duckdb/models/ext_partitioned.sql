{{ config(materialized='external', format='parquet', options={'partition_by': 'kind', 'overwrite_or_ignore': true}) }} select id, kind from {{ source('raw', 'events') }}
