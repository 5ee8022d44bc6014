"""Names that are written out in SQL."""

from __future__ import annotations

import pytest

from upriver.state.rules.written import fixed_names, names_read

READ = {
    "select * from prod.patients": ["prod.patients"],
    'select * from "wh"."prod"."Patients" p': ["wh.prod.Patients"],
    "select * from `wh.prod.patients`": ["wh.prod.patients"],
    "select * from a.x, b.y as y, c.z z join d.w on y.i = z.i, e.v": [
        "a.x", "b.y", "c.z", "d.w", "e.v",
    ],
    "with p as (select prod.id from q.r prod) select prod.id, p.x from p": ["q.r"],
    "select * from (select 1 from a.b) s, c.d": ["a.b", "c.d"],
    "select * from (a.b join c.d using (id))": ["a.b", "c.d"],
    "select * from only a.b, lateral (select s.x from c.d s) l": ["a.b", "c.d"],
    "select extract(year from o.day), trim(both 'x' from o.name) from a.b o": ["a.b"],
    "select a is distinct from o.b from x.y o": ["x.y"],
    "delete from a.b using c.d where a.b.id = c.d.id": ["a.b", "c.d"],
    "merge into dev.t using prod.s on t.id = s.id": ["prod.s"],
    "insert into dev.t select * from prod.s": ["prod.s"],
    "create table dev.t as (select x, y from prod.s order by x, y)": ["dev.t", "prod.s"],
    "select 'from a.b' as x -- from c.d\n/* from e.f */ from g.h": ["g.h"],
    "create function f() returns int as $$ select 1 from a.b $$": ["a.b"],
    "select 1.5, t.x from u": [],
    "select * from f(a.b, c.d)": [],
    "select * from x where i in (select i from a.b)": ["a.b"],
    "select 1 from x union all select 2, q.z from a.b": ["a.b"],
    "": [],
    "select (((": [],
}  # fmt: skip


@pytest.mark.parametrize("sql", READ)
def test_what_stands_where_a_table_is_named(sql: str) -> None:
    assert [name.text for name in names_read(sql)] == READ[sql]


TEMPLATES = {
    "select 1\n-- c\nfrom prod.patients": [("prod.patients", 3)],
    "select * from {{ ref('x') }} a\njoin prod.y on a.i = y.i": [("prod.y", 2)],
    "{{ config(meta={'a': 1},\n tags=['x']) }}\nselect * from prod.y": [("prod.y", 3)],
    "{% if target.name == 'prod' %}select * from prod.y{% else %}select 1{% endif %}": [],
    "{% set q %}select * from prod.y{% endset %}select 1": [],
    "{% set q = 1 %}select * from prod.y": [("prod.y", 1)],
    "{# from prod.y #}select * from {{ x }}.y": [],
    "select * from {{ target.database }}.prod.y": [("\ue000.prod.y", 1)],
    "{% raw %}from prod.y{% endraw %}": [],
    "{% snapshot s %}select * from prod.y{% endsnapshot %}": [],
}


@pytest.mark.parametrize("template", TEMPLATES)
def test_what_a_template_has_however_it_is_rendered(template: str) -> None:
    assert [(name.text, name.line) for name in fixed_names(template)] == TEMPLATES[template]
