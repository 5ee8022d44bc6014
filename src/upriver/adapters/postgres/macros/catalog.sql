{# The catalog of a PostgreSQL database (JINJA-153). #}

{% macro postgres__get_catalog(information_schema, schemas) -%}
  {%- set relations = [] -%}
  {%- for schema in schemas -%}
    {%- do relations.append({'schema': schema}) -%}
  {%- endfor -%}
  {%- do return(postgres__get_catalog_relations(information_schema, relations)) -%}
{%- endmacro %}


{# A relation without an identifier stands for its whole schema. #}
{% macro postgres__get_catalog_relations(information_schema, relations) -%}
  {%- do upriver__check_database(information_schema.database) -%}
  {%- set conditions = [] -%}
  {%- for relation in relations -%}
    {%- set in_schema = "upper(namespace.nspname) = upper('" ~ relation.schema ~ "')" -%}
    {%- do conditions.append(
      '(' ~ in_schema ~ " and upper(class.relname) = upper('" ~ relation.identifier ~ "'))"
      if relation.identifier else in_schema) -%}
  {%- endfor -%}
  {%- call statement('catalog', fetch_result=True) %}
    select
      '{{ information_schema.database }}' as table_database,
      namespace.nspname as table_schema,
      class.relname as table_name,
      case class.relkind
        when 'v' then 'VIEW'
        when 'm' then 'MATERIALIZED VIEW'
        else 'BASE TABLE'
      end as table_type,
      obj_description(class.oid, 'pg_class') as table_comment,
      attribute.attname as column_name,
      attribute.attnum as column_index,
      pg_catalog.format_type(attribute.atttypid, attribute.atttypmod) as column_type,
      col_description(class.oid, attribute.attnum) as column_comment,
      pg_get_userbyid(class.relowner) as table_owner
    from pg_catalog.pg_namespace namespace
    join pg_catalog.pg_class class on class.relnamespace = namespace.oid
    join pg_catalog.pg_attribute attribute on attribute.attrelid = class.oid
    where ({{ conditions | join(' or ') if conditions else 'false' }})
      and not pg_is_other_temp_schema(namespace.oid)
      and class.relpersistence in ('p', 'u')
      and class.relkind in ('r', 'v', 'f', 'p', 'm')
      and attribute.attnum > 0
      and not attribute.attisdropped
    order by namespace.nspname, class.relname, attribute.attnum
  {%- endcall -%}
  {%- do return(load_result('catalog').table) -%}
{%- endmacro %}
