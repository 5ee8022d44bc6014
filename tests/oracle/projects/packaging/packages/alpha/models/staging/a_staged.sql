select id, code from {{ ref('alpha_codes') }}
