{# The end of a Python model on DuckDB: what turns its result into a table. #}

{% macro py_write_table(temporary, relation, compiled_code, partitioned_by=none, sorted_by=none) -%}
{%- set source = '__dbt_python_model_df_' ~ relation.identifier -%}
{{ compiled_code }}


def materialize(df, con):
    con.register('{{ source }}', df)
    try:
        con.execute(
            {{ tojson('create ' ~ ('temporary ' if temporary else '') ~ 'table '
              ~ relation.include(database=(not temporary), schema=(not temporary))
              ~ ' as select * from "' ~ source ~ '"') }}
        )
    finally:
        con.unregister('{{ source }}')
{% endmacro %}
