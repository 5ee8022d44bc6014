select a.id, b.name from {{ ref('dim') }} a join {{ ref('dim', v=1) }} b using (id) join {{ ref('contracts', 'dim', version='3') }} using (id)
