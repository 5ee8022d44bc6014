{{ config(unique_key='id', on_schema_change='fail') }}
select id {% if var('round') == 2 %}, 'x' as extra {% endif %} from {{ source('raw', 'events') }}
