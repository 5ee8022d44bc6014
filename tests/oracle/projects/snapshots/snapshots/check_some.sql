{% snapshot check_some %}{{ config(unique_key='id', strategy='check', check_cols=['name'], hard_deletes='invalidate') }}
select id, name, price, {{ var('round') }} as round from {{ source('raw', 'things') }}{% endsnapshot %}
