{% snapshot by_time %}{{ config(unique_key='id', strategy='timestamp', updated_at='changed_at') }}
select * from {{ source('raw', 'things') }}{% endsnapshot %}
