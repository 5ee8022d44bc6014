select {{ no_such_macro_name(1) if execute and not var('mend') else 3 }} as id
