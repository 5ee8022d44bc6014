{# ADPT-32: the model's query over its inputs and the expected rows, as one result. #}

{% materialization unit, default -%}
  {%- set expected_rows = config.get('expected_rows') -%}
  {%- set expected_sql = config.get('expected_sql') -%}
  {%- set names = expected_rows[0].keys() | list if expected_rows
      else get_columns_in_query(sql) -%}

  {#- An empty table made by the query tells what the warehouse makes of its types. -#}
  {%- set temp_relation = make_temp_relation(this.incorporate(type='table')) -%}
  {%- do run_query(get_create_table_as_sql(True, temp_relation, get_empty_subquery_sql(sql))) -%}
  {%- set types, quoted = {}, {} -%}
  {%- for column in adapter.get_columns_in_relation(temp_relation) -%}
    {%- do types.update({column.name | lower: column.data_type}) -%}
    {%- do quoted.update({column.name | lower: adapter.quote(column.name)}) -%}
  {%- endfor -%}
  {%- set shown = [] -%}
  {%- for name in names -%}
    {%- do shown.append(quoted.get(name | lower) or adapter.quote(name)) -%}
  {%- endfor -%}

  {%- if not expected_sql -%}
    {%- set expected_sql = get_expected_sql(expected_rows or [], types, quoted) -%}
  {%- endif -%}
  {%- call statement('main', fetch_result=True) -%}
    {{ get_unit_test_sql(sql, expected_sql, shown) }}
  {%- endcall -%}

  {%- do adapter.drop_relation(temp_relation) -%}
  {%- do return({'relations': [temp_relation]}) -%}
{%- endmaterialization %}
