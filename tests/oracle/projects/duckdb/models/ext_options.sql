{{ config(materialized='external', location='ext/zipped.parquet', options={'codec': 'zstd', 'row_group_size': '1000'}) }} select id, kind from {{ source('raw', 'events') }}
