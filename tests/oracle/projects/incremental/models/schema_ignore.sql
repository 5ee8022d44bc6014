{{ config(unique_key='id', on_schema_change='ignore') }}
select id, name {% if var('round') > 1 %}, 'new' as extra{% endif %} from {{ source('raw', 'events') }}
