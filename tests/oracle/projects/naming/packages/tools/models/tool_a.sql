select {{ var('tools_only') }} as n, '{{ var("colour") }}' as colour, {{ tools.helper('1') }} as h, {{ var('own_default') }} as d
