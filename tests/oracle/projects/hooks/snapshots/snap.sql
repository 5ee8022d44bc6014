{% snapshot snap %}{{ config(unique_key='id', strategy='check', check_cols='all', post_hook="{{ note(3, 'snap own ' ~ config.get('strategy')) }}") }} select * from {{ ref('s') }}{% endsnapshot %}
