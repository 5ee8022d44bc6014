{# A query with parameters, as a table macro of the database. #}

{% materialization table_function, adapter='duckdb' -%}
  {%- set target_relation = this.incorporate(type='view') -%}
  {%- set parameters = config.get('parameters') or [] -%}

  {{- run_hooks(pre_hooks, inside_transaction=False) -}}
  {{- run_hooks(pre_hooks, inside_transaction=True) -}}
  {%- call statement('main') -%}
    create or replace function {{ target_relation.render() }}(
      {{ parameters if parameters is string else parameters | join(', ') }}
    ) as table (
      {{ sql }});
  {%- endcall -%}
  {%- do persist_docs(target_relation, model, for_relation=False, for_columns=False) -%}
  {{- run_hooks(post_hooks, inside_transaction=True) -}}
  {%- do adapter.commit() -%}
  {{- run_hooks(post_hooks, inside_transaction=False) -}}

  {%- do return({'relations': [target_relation]}) -%}
{%- endmaterialization %}
