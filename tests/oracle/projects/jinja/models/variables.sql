select '{{ var("a_list") | string | replace("'", "") }}' as a, '{{ var("a_map")["x"]["y"] }}' as b, {{ var("number") }} as c, {{ var("flag") }} as d,
 '{{ var("missing", "fallback") }}' as e, '{{ var("scoped") }}' as f, '{{ var("a_map").get("n") is none }}' as g, '{{ var.has_var("nope") }}' as h,
 '{{ env_var("JINJA_ORACLE_UNSET", "dflt") }}' as i, '{{ var("day") }}' as j, '{{ var("a_text") | replace("'", "") }}' as k, '{{ var("missing", none) }}' as l,
 '{{ var("missing", [1]) | length }}' as m, '{{ env_var("JINJA_ORACLE_UNSET", 5) }}' as n
