{% macro note(at, what) -%} insert into {{ target.schema }}.log values ({{ at }}, '{{ what }}') {%- endmacro %}
{% macro noisy() %}
  {#- On PostgreSQL dbt keeps what nothing commits only on a connection that committed before. -#}
  {% if target.type == 'duckdb' or flags.WHICH != 'compile' %}{% do run_query(note(7, 'from a macro')) %}{% endif %}
  {% call statement('counted', fetch_result=True) %} select count(*) as n, 'x' as x from {{ target.schema }}.log where n = 7 {% endcall %}
  {% set found = load_result('counted') %}
  {{ return(found['data'][0][0] ~ found.table.columns[1].values()[0] ~ found.table.column_names | join(',')) }}
{% endmacro %}
{% macro grant_nothing(relation=none) %}{{ log('hello', info=true) }}{{ print('printed') }}{% do run_query(note(8, 'operation ' ~ (relation or ref('plain')))) %}{% endmacro %}
{% macro two_statements() %}{% set q %}insert into {{ target.schema }}.log values (8, 'a'); insert into {{ target.schema }}.log values (8, 'b'){% endset %}{% do adapter.execute(q, auto_begin=true) if false %}{% do run_query(q) %}{% endmacro %}
