{# What a Python model is given (JINJA-166): functions to read its inputs, its config and its own
   name, appended to its text. The platform calls `model(dbtObj(load), session)`. #}

{% macro py_script_postfix(model) %}


# Added by upriver: what `dbt` offers to the function above.

{{ build_ref_function(model) }}

{{ build_source_function(model) }}

{{ build_config_dict(model) }}


class config:
    """The config of this model: only what its code asks for."""

    def __init__(self, *args, **kwargs):
        pass

    @staticmethod
    def get(key, default=None):
        return config_dict.get(key, default)

    @staticmethod
    def meta_get(key, default=None):
        return meta_dict.get(key, default)


class this:
    """The relation that this model becomes."""

    database = {{ tojson(this.database) if this.database is not none else 'None' }}
    schema = {{ tojson(this.schema) if this.schema is not none else 'None' }}
    identifier = {{ tojson(this.identifier) }}

    def __repr__(self):
        return {{ tojson(resolve_model_name(this)) }}


class dbtObj:
    """The first argument of `model`."""

    def __init__(self, load_df_function):
        self.source = lambda *args: source(*args, dbt_load_df_function=load_df_function)
        self.ref = lambda *args, **kwargs: ref(
            *args, **kwargs, dbt_load_df_function=load_df_function
        )
        self.config = config
        self.this = this()
        self.is_incremental = {{ is_incremental() }}

{{ py_script_comment() }}
{% endmacro %}


{# One entry per `dbt.ref` in the code, under the arguments as they were written. #}
{% macro build_ref_function(model) %}
{%- set names = {} -%}
{%- for entry in model.refs -%}
  {%- set arguments = [entry.package, entry.name] if entry.package else [entry.name] -%}
  {%- set key = arguments | join('.') -%}
  {%- if entry.version -%}
    {%- do names.update({
      key ~ '.v' ~ entry.version: resolve_model_name(ref(*arguments, v=entry.version)) }) -%}
  {%- else -%}
    {%- do names.update({key: resolve_model_name(ref(*arguments))}) -%}
  {%- endif -%}
{%- endfor -%}
def ref(*args, **kwargs):
    refs = {{ tojson(names) }}
    key = ".".join(args)
    version = kwargs.get("v") or kwargs.get("version")
    if version:
        key += f".v{version}"
    return kwargs["dbt_load_df_function"](refs[key])
{% endmacro %}


{% macro build_source_function(model) %}
{%- set names = {} -%}
{%- for entry in model.sources -%}
  {%- do names.update({entry | join('.'): resolve_model_name(source(*entry))}) -%}
{%- endfor -%}
def source(*args, dbt_load_df_function):
    sources = {{ tojson(names) }}
    return dbt_load_df_function(sources[".".join(args)])
{% endmacro %}


{# The configs the code asks for, as Python literals. #}
{% macro build_config_dict(model) %}
{%- set values = {} -%}
{%- set keys = model.config.config_keys_used or [] -%}
{%- set defaults = model.config.config_keys_defaults or [] -%}
{%- for key in keys -%}
  {%- set default = defaults[loop.index0] if loop.index0 < defaults | length else none -%}
  {%- set value = model.config.get(key, default) -%}
  {%- do values.update({key: default if value is none else value}) -%}
{%- endfor -%}
{%- set metas = {} -%}
{%- for key in model.config.meta_keys_used or [] -%}
  {%- do metas.update({key: (model.config.meta or {}).get(key)}) -%}
{%- endfor -%}
config_dict = {{ values }}
meta_dict = {{ metas }}
{%- endmacro %}


{# A relation's name as the platform's session reads it. #}
{% macro resolve_model_name(input_model_name) %}
  {%- do return(adapter.dispatch('resolve_model_name', 'dbt')(input_model_name)) -%}
{% endmacro %}

{% macro default__resolve_model_name(input_model_name) -%}
  {{- input_model_name | string -}}
{%- endmacro %}


{# For platforms that show the code in a notebook. #}
{% macro py_script_comment() -%}{%- endmacro %}
