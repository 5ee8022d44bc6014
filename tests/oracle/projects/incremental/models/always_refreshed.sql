{{ config(full_refresh=true) }}
select id, {{ var('round') }} as round, '{{ is_incremental() }}' as again from {{ source('raw', 'events') }}
