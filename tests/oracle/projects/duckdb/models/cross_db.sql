select
  {{ dbt.any_value('id') }} as any_value, {{ dbt.bool_or('id = 1') }} as bool_or,
  {{ dbt.listagg('kind', "'-'", 'order by kind') }} as listed, {{ dbt.listagg('kind', "'-'", 'order by id desc', 2) }} as listed_two,
  {{ dbt.listagg('kind') }} is not null as unordered,
  {{ dbt.array_construct([1, 2]) }} as arr, {{ dbt.array_construct([], 'integer') }} as empty_arr,
  {{ dbt.array_append(dbt.array_construct([1, 2]), 3) }} as appended, {{ dbt.array_concat(dbt.array_construct([1]), dbt.array_construct([2])) }} as concatenated,
  {{ dbt.hash("'abc'") }} as hashed, {{ dbt.hash(1) }} as hashed_number, {{ dbt.length("'abcd'") }} as len, {{ dbt.position("'c'", "'abcd'") }} as pos,
  {{ dbt.replace("'abcd'", "'b'", "'x'") }} as replaced, {{ dbt.right("'abcd'", 2) }} as "right", {{ dbt.split_part("'a|b|c'", "'|'", 2) }} as part, {{ dbt.split_part("'a|b|c'", "'|'", -1) }} as last_part,
  {{ dbt.string_literal("it") }} as lit, '{{ dbt.escape_single_quotes("it's") }}' as esc, {{ dbt.concat(["'a'", "'b'", "'c'"]) }} as conc,
  {{ dbt.cast('1.5', dbt.type_string()) }} as cast_text, {{ dbt.safe_cast("'7'", dbt.type_int()) }} as safe, {{ dbt.cast_bool_to_text('true') }} as bool_text,
  {{ dbt.equals('1', '1') }} as eq, ({{ dbt.equals('null', 'null') }}) is null as eq_null,
  cast('1' as {{ dbt.type_bigint() }}) as b, cast('1' as {{ dbt.type_float() }}) as f, cast('1' as {{ dbt.type_numeric() }}) as n, cast('true' as {{ dbt.type_boolean() }}) as bo, cast('2024-01-01' as {{ dbt.type_timestamp() }}) as ts,
  {{ dbt.current_timestamp() }} is not null as now1, {{ dbt.current_timestamp_backcompat() }} is not null as now2, {{ dbt.current_timestamp_in_utc_backcompat() }} is not null as now3, {{ dbt.snapshot_get_time() }} is not null as now4
from {{ source('raw', 'events') }} where id < 4
