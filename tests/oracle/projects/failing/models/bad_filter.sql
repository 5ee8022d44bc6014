select {{ ("a" | int('x', 3, 4, 5)) if execute and not var('mend') else 4 }} as id
