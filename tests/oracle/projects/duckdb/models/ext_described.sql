{{ config(materialized='external', location="{{ 'ext/' ~ this.name ~ '.parquet' }}") }} select id from {{ source('raw', 'events') }}
