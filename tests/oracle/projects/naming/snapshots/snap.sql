{% snapshot code_history %}
{{ config(unique_key='id', strategy='check', check_cols=['label']) }}
select * from {{ ref('codes') }}
{% endsnapshot %}
