{{ config(materialized='materialized_view', on_configuration_change='fail', indexes=[{'columns': ['id' if var('round') in [1, 3] else 'kind']}]) }} select id, kind from {{ source('raw', 'events') }}
