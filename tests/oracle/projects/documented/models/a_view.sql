select id, loaded_at, 'x' as "Odd name" from {{ ref('mixed') }}
