select a.* from {{ ref('after_missing') }} a, {{ ref('ok') }} b
