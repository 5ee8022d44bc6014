select i.*, m.n from {{ ref('inferred') }} i cross join (select count(*) as n from {{ ref('many') }}) m
