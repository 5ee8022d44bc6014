select {{ twice(4) }} as eight, {{ function('plus_one') }}(1) as two, {{ function('lib', 'plus_one') }}(2) as three
