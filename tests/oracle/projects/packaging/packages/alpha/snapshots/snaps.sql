{% snapshot alpha_history %}
{{ config(unique_key='id', strategy='check', check_cols='all') }}
select * from {{ ref('a_base') }}
{% endsnapshot %}
