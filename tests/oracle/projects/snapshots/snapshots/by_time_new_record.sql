{% snapshot by_time_new_record %}{{ config(unique_key='id', strategy='timestamp', updated_at='changed_at', hard_deletes='new_record') }}
select * from {{ source('raw', 'things') }}{% endsnapshot %}
