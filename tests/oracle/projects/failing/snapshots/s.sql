{% snapshot bad_snapshot %}{{ config(unique_key='id', strategy='check', check_cols=['nope']) }} select 1 as id{% endsnapshot %}
{% snapshot no_such_strategy %}{{ config(unique_key='id', strategy='weird') }} select 1 as id{% endsnapshot %}
