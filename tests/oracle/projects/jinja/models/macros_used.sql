select '{{ with_args(1) }}' as a, '{{ uses_varargs(1, 2, 3, k=4) | replace("'", "") }}' as b, '{{ returns_list()[3]["k"] }}' as c, '{{ returns_early(true) }}{{ returns_early(false) }}' as d,
 '{% call calls_caller() %}inside{% endcall %}' as e, '{{ recursive(3) }}' as f, '{{ jinja._private() }}' as g, {{ speak() }} as h, {{ speak_ns() }} as i, '{{ set_in_macro() }}' as j,
 '{{ trimmed() }}' as k, '{{ context["trimmed"]() }}' as l, '{{ context.get("no_such") is none }}' as m
