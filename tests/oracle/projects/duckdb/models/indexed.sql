{{ config(indexes=[{'columns': ['id'], 'unique': true}, {'columns': ['id', 'kind']}]) }} select id, kind from {{ source('raw', 'events') }}
