{%- call statement('first', fetch_result=True) -%} select 1 as one, 'a' as letter union all select 2, 'b' order by 1 {%- endcall -%}
{%- set result = load_result('first') -%}
{%- do store_result('second', response='done') if false -%}
select '{{ result["data"] | length if result else 0 }}' as n, '{{ result.table.columns["letter"].values() | join(",") if result else "" }}' as letters, '{{ (result["response"] is defined) if result }}' as r, '{{ load_result("nothing") is none }}' as none_yet
