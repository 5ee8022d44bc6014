{% materialization returns_nothing, default %}{% call statement('main') %}select 1{% endcall %}{% endmaterialization %}
