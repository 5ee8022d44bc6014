{%- set ns = namespace(total=0) -%}
{% for n in range(4) %}{% if n is even %}{% set ns.total = ns.total + n %}{% endif %}{% endfor %}
{%- set items = [] -%}{% do items.append('x') %}{% do items.extend(['y', 'z']) %}
{# a comment {{ not rendered }} #}
{%- set block %}captured {{ 1 + 1 }}{% endset -%}
{% filter upper %}select '{{ block }}' as block{% endfilter %}, {{ ns.total }} as total, '{{ items | join }}' as items,
{% for i in items if i != 'y' %}'{{ loop.index }}{{ loop.first }}{{ loop.last }}{{ i }}' as c{{ loop.index0 }}{{ "," if not loop.last }} {% endfor %},
'{{ "yes" if items is iterable and items is sequence else "no" }}' as tests, '{% raw %}{{ raw }}{% endraw %}' as raw,
'{{ none is none }} {{ (undefined_name is defined) }} {{ 1 in [1] }} {{ "a" is string }} {{ not false }}' as bools
{% if false %}{{ exceptions.raise_compiler_error('not reached') }}{% elif true %}, 1 as elif_branch{% else %}, 2 as else_branch{% endif %}
