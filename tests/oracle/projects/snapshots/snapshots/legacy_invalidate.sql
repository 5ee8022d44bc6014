{% snapshot legacy_invalidate %}{{ config(unique_key="id || '-' || name", strategy='timestamp', updated_at='changed_at', invalidate_hard_deletes=true) }}
select * from {{ source('raw', 'things') }}{% endsnapshot %}
{% snapshot second_in_file %}{{ config(unique_key='id', strategy='check', check_cols='all', enabled=(var('round') | int == 1)) }}
select id, name from {{ source('raw', 'things') }}{% endsnapshot %}
