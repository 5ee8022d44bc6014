{% snapshot check_updated %}{{ config(unique_key='id', strategy='check', check_cols=['name', 'price'], updated_at='changed_at') }}
select * from {{ source('raw', 'things') }}{% endsnapshot %}
