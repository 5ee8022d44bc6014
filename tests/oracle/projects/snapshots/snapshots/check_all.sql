{% snapshot check_all %}{{ config(unique_key='id', strategy='check', check_cols='all') }}
select id, name, price from {{ source('raw', 'things') }}{% endsnapshot %}
