{{ config(tags=['g1', 'g2'], meta={'k': 'v'}) }}
{%- set models = graph.nodes.values() | selectattr('resource_type', 'equalto', 'model') | list if execute else [] -%}
select {{ models | length }} as models, '{{ models | map(attribute="name") | sort | join(" ") }}' as names, '{{ graph.sources.values() | map(attribute="name") | list | join if execute }}' as sources,
 '{{ graph.exposures.values() | map(attribute="name") | list | join if execute }}' as exposures, '{{ graph.nodes["model.jinja.graphs"].config.meta.k if execute }}' as meta, '{{ graph.nodes["model.jinja.base"].depends_on.nodes | length if execute }}' as deps,
 '{{ graph.groups.keys() | list if execute }}' as groups, '{{ model.depends_on.nodes | length if execute }}' as own, '{{ graph.nodes["test.jinja.one"].severity if execute and false }}' as t
