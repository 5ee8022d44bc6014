{% snapshot by_time_ignore %}{{ config(unique_key='id', strategy='timestamp', updated_at='changed_at', hard_deletes='ignore', target_schema='elsewhere', alias='timed') }}
select * from {{ source('raw', 'things') }}{% endsnapshot %}
