{% snapshot snap_customers %}{{ config(unique_key='id', strategy='check', check_cols=['name']) }} select * from {{ ref('raw_customers') }}{% endsnapshot %}
