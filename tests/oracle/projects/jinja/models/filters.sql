select
  '{{ "abc" | upper }}' as a, '{{ [3, 1, 2] | sort | join("-") }}' as b, {{ [1, 2, 3] | sum }} as c,
  '{{ {"b": 1, "a": 2} | tojson }}' as d, '{{ tojson({"b": 1, "a": [1, none, true]}) }}' as e, '{{ tojson({"b": 1, "a": 2}, sort_keys=true) }}' as f,
  '{{ fromjson("[1, 2]")[1] }}' as g, '{{ fromyaml("a: [1, {b: c}]")["a"][1]["b"] }}' as h, '{{ toyaml({"a": 1}) | trim }}' as i,
  '{{ "1.50" | as_number }}' as j, '{{ "true" | as_bool }}' as k, '{{ "[1]" | as_native }}' as l, '{{ 5 | as_text }}' as m,
  '{{ zip([1, 2], ["a", "b"]) | list | length }}' as n, '{{ set([1, 1, 2]) | list | length }}' as o,
  '{{ zip(1, [2]) }}' as p, '{{ set(5) }}' as q, '{{ range(3) | list }}' as r, '{{ local_md5("x") }}' as s,
  '{{ "%05.2f" | format(3.14159) }}' as t, '{{ "a-b-c".split("-") | last }}' as u, '{{ 7 // 2 }} {{ 7 % 3 }} {{ 2 ** 5 }} {{ 7 / 2 }}' as v,
  '{{ "x" ~ 1 ~ none ~ true }}' as w, '{{ {"a": 1}.items() | list | string | replace("'", "") }}' as x, '{{ "  pad " | trim }}' as y, '{{ (1, 2)[0] }}' as z
