"""The questions asked of PostgreSQL's own catalog."""

from __future__ import annotations

# `depends_on` is in the same answer, so that one question per schema is enough. Foreign tables,
# indexes, sequences and composite types are no relations to dbt.
RELATIONS = """
    select
        spaces.nspname::text,
        relations.relname::text,
        case relations.relkind
            when 'v' then 'view' when 'm' then 'materialized_view' else 'table'
        end,
        bases.names
    from pg_catalog.pg_class as relations
    join pg_catalog.pg_namespace as spaces on spaces.oid = relations.relnamespace
    left join lateral (
        select array_agg(distinct array[base_spaces.nspname::text, base.relname::text]) as names
        from pg_catalog.pg_rewrite as rules
        join pg_catalog.pg_depend as needs
            on needs.classid = 'pg_catalog.pg_rewrite'::regclass
            and needs.objid = rules.oid
            and needs.refclassid = 'pg_catalog.pg_class'::regclass
            and needs.refobjid <> relations.oid
        join pg_catalog.pg_class as base on base.oid = needs.refobjid
        join pg_catalog.pg_namespace as base_spaces on base_spaces.oid = base.relnamespace
        where rules.ev_class = relations.oid
    ) as bases on relations.relkind in ('v', 'm')
    where lower(spaces.nspname) = lower(%s)
      and relations.relkind in ('r', 'p', 'v', 'm')
    order by 1, 2
"""

FUNCTIONS = """
    select distinct functions.proname::text
    from pg_catalog.pg_proc as functions
    join pg_catalog.pg_namespace as spaces on spaces.oid = functions.pronamespace
    where lower(spaces.nspname) = lower(%s)
    order by 1
"""

SCHEMAS = "select nspname::text from pg_catalog.pg_namespace order by 1"
