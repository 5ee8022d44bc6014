{% set columns = adapter.get_columns_in_relation(ref('stg_customers')) if execute else [] %}
select '{{ columns | map(attribute="name") | join("+") }}' as columns, '{{ load_relation(ref("stg_customers")) is not none }}' as loaded, '{{ builtins.ref("stg_orders") }}' as built_in,
  '{{ adapter.get_relation(this.database, this.schema, "stg_customers") is none }}' as by_name, '{{ (graph.nodes["model.shop.stg_customers"].get("defer_relation") or {}).get("schema") if execute }}' as shown,
  '{{ this }}' as me from {{ ref('stg_customers') }} limit 1
