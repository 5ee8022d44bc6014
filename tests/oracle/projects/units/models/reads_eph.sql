select e.id, e.name || '!' as name from {{ ref('eph') }} e
