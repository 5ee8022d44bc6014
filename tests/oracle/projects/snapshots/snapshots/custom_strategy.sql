{% macro snapshot_by_price_strategy(node, snapshotted_rel, current_rel, model_config, target_exists) %}
  {% set key = model_config.get('unique_key') %}
  {{ return({'unique_key': key, 'updated_at': 'changed_at',
    'row_changed': '(' ~ snapshotted_rel ~ '.price < ' ~ current_rel ~ '.price)',
    'scd_id': snapshot_hash_arguments([key, 'changed_at']), 'invalidate_hard_deletes': false, 'hard_deletes': 'ignore'}) }}
{% endmacro %}
{% snapshot custom_strategy %}{{ config(unique_key='id', strategy='by_price', updated_at='changed_at') }}
select * from {{ source('raw', 'things') }}{% endsnapshot %}
