{% set q = run_query('select 1 as a') if execute else none %}
select {{ q.columns['nope'].values()[0] if execute and not var('mend') else 5 }} as id
