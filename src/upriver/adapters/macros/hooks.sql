{# Hooks around a node, inside or outside its transaction (PROJ-240, JINJA-163). #}

{% macro run_hooks(hooks, inside_transaction=True) -%}
  {%- for hook in hooks if hook.transaction == inside_transaction -%}
    {%- if not inside_transaction and loop.first -%}
      {# Nothing may be open around a hook that asked to be outside. #}
      {%- do adapter.commit() -%}
    {%- endif -%}
    {%- set rendered = render(hook.get('sql')) | trim -%}
    {%- if rendered -%}
      {%- call statement(auto_begin=inside_transaction) -%}
        {{ rendered }}
      {%- endcall -%}
    {%- endif -%}
  {%- endfor -%}
{%- endmacro %}


{% macro make_hook_config(sql, inside_transaction) -%}
  {{- tojson({'sql': sql, 'transaction': inside_transaction}) -}}
{%- endmacro %}


{% macro before_begin(sql) -%}
  {{- make_hook_config(sql, inside_transaction=False) -}}
{%- endmacro %}


{% macro in_transaction(sql) -%}
  {{- make_hook_config(sql, inside_transaction=True) -}}
{%- endmacro %}


{% macro after_commit(sql) -%}
  {{- make_hook_config(sql, inside_transaction=False) -}}
{%- endmacro %}
