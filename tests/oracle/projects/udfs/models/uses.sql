select {{ function('double_it') }}(id) as twice, {{ function('udfs', 'add_tax') }}(10) as taxed from {{ ref('base') }}
