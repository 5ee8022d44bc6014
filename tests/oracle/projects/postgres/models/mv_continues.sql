{{ config(materialized='materialized_view', on_configuration_change='continue', indexes=[{'columns': ['id' if var('round') < 2 else 'kind']}]) }} select id, kind from {{ source('raw', 'events') }}
