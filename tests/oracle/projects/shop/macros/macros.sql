{% macro cents(column, digits=2) -%} round({{ column }} * 100, {{ digits }}) {%- endmacro %}

{% macro generate_schema_name(custom_schema_name, node) -%}
  {%- if custom_schema_name is none -%} {{ target.schema }}
  {%- else -%} {{ target.schema }}_{{ custom_schema_name | trim }}{%- if node.resource_type == 'seed' -%}_seed{%- endif -%}
  {%- endif -%}
{%- endmacro %}

{% macro statuses() %}
  {% if execute %}
    {% set found = run_query('select distinct status from ' ~ ref('raw_orders') ~ ' order by 1') %}
    {{ return(found.columns[0].values()) }}
  {% else %}
    {{ return([]) }}
  {% endif %}
{% endmacro %}

{% macro default__pretty(x) %} '<' || {{ x }} || '>' {% endmacro %}
{% macro duckdb__pretty(x) %} '[' || {{ x }} || ']' {% endmacro %}
{% macro pretty(x) %}{{ return(adapter.dispatch('pretty')(x)) }}{% endmacro %}

{% macro model_count() %}
  {% if not execute %}{{ return(0) }}{% endif %}
  {{ return(graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') | list | length) }}
{% endmacro %}

{% materialization numbered, default %}
  {%- set target_relation = this.incorporate(type='table') -%}
  {{ run_hooks(pre_hooks) }}
  {% call statement('main') %}
    create or replace table {{ target_relation }} as select row_number() over () as n, q.* from ({{ sql }}) as q
  {% endcall %}
  {{ run_hooks(post_hooks) }}
  {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}

{% macro get_incremental_keep_max_sql(arg_dict) %}
  insert into {{ arg_dict['target_relation'] }} ({{ get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) }})
  select {{ get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) }} from {{ arg_dict['temp_relation'] }}
{% endmacro %}

{% macro hello(name='world') %}{{ log('hello ' ~ name, info=True) }}{{ return(name) }}{% endmacro %}
