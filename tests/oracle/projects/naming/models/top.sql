select '{{ var("colour") }}' as colour, {{ naming_only(1) }} as s, {{ tools.helper(1) }} as h, '{{ this }}' as me, '{{ model.alias }}' as alias
