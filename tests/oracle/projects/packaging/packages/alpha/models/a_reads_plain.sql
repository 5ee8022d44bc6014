-- the root's `common` comes before the package's own
select origin from {{ ref('common') }}
