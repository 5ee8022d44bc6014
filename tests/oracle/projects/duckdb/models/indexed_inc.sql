{{ config(materialized='incremental', unique_key='id', indexes=[{'columns': ['kind']}]) }} select id, kind from {{ source('raw', 'events') }}
