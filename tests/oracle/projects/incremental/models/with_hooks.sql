{{ config(unique_key='id',
          pre_hook="{% if is_incremental() %}delete from {{ this }} where id = 1{% endif %}",
          post_hook=["update {{ this }} set name = upper(name)"]) }}
select id, name from {{ source('raw', 'events') }}
{% if is_incremental() %} where id not in (select id from {{ this }}) {% endif %}
