{# Seeds on DuckDB: the database reads the file itself, unless `fast: false` (JINJA-158). #}

{% macro duckdb__get_binding_char() -%}
  {%- do return('?') -%}
{%- endmacro %}

{% macro duckdb__get_batch_size() -%}
  {%- do return(10000) -%}
{%- endmacro %}


{% macro duckdb__load_csv_rows(model, agate_table) -%}
  {%- if config.get('fast', True) is sameas False -%}
    {%- do return(default__load_csv_rows(model, agate_table)) -%}
  {%- endif -%}
  {%- set path = agate_table.original_abspath -%}
  {%- set sql =
    'COPY ' ~ this.render() ~ " FROM '" ~ escape_single_quotes(path | string)
    ~ "' (FORMAT CSV, HEADER TRUE, DELIMITER '" ~ (config.get('delimiter') or ',') ~ "');" -%}
  {%- call statement('load_seed') -%}
    {{ sql }}
  {%- endcall -%}
  {%- do return(sql) -%}
{%- endmacro %}
