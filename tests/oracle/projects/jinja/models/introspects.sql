{% set rel = ref('base') %}
{%- set columns = adapter.get_columns_in_relation(rel) -%}
{%- set found = load_relation(rel) -%}
{%- set statuses = get_statuses(rel) -%}
{%- set t = run_query('select count(*) as n, max(amount) as m from ' ~ rel) if execute else none -%}
select {% for c in columns %}{{ c.quoted }} as {{ c.name }}_{{ c.dtype | lower | replace('(', '_') | replace(')', '') | replace(',', '_') }}, {% endfor %}
'{{ found.type if found else "none" }}' as kind, '{{ statuses | join(",") }}' as statuses, '{{ t.rows[0]["n"] ~ "/" ~ t.columns["m"].values()[0] if t else "" }}' as counted,
'{{ dbt_utils is defined }}' as u, '{{ adapter.get_relation(this.database, this.schema, "no_such") is none }}' as gone, '{{ adapter.check_schema_exists(this.database, "nowhere_land") }}' as s,
{% for s in statuses %}sum(case when status = '{{ s }}' then 1 else 0 end) over () as n_{{ s }}{{ "," if not loop.last }}{% else %}0 as n_none{% endfor %}
from {{ rel }}
