{{ config(unique_key='id', on_schema_change='append_new_columns') }}
select id, {% if var('round') > 1 %} 1.5 as extra {% else %} name {% endif %} from {{ source('raw', 'events') }}
