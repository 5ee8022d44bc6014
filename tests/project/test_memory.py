"""Warm equals cold: whatever is edited, what is remembered never changes the answer."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from upriver.graph.inputs import LinkFlags
from upriver.project.load import load
from upriver.project.loading import LINKING_FLAGS, Loaded
from upriver.project.opened import Caller, OpenedProject
from upriver.project.option_groups import GlobalOptions
from upriver.project.requests import Parse
from upriver.project.store import Store

FILES = {
    "dbt_project.yml": "name: p\nprofile: p\nvars: {start: '2020', flag: true}\n",
    "profiles.yml": "p:\n  outputs:\n    default: {type: duckdb, path: ':memory:', schema: dev}\n",
    "models/a.sql": "select 1 as id",
    "models/b.sql": "{{ config(materialized='table', tags=['x']) }} select * from {{ ref('a') }}",
    "models/c.sql": "select {{ twice('id') }} as id from {{ ref('b') }}"
    "{% if var('flag') %} where '{{ var('start') }}' > '' {% endif %}",
    "models/schema.yml": "models:\n  - name: a\n    columns:\n      - name: id\n"
    "        data_tests: [not_null]\n  - name: b\n    description: B\n",
    "macros/twice.sql": "{% macro twice(x) %}{{ x }} * 2{% endmacro %}",
    "tests/positive.sql": "select * from {{ ref('c') }} where id < 0",
    "seeds/s.csv": "id\n1\n",
}
HOOKED = (
    "{{ config(materialized='table', tags=['x'], pre_hook=\"select * from {{ ref('s') }}\","
    " post_hook='select {{ twice(1) }}') }} "
)
EDITS: dict[str, tuple[str, str | None]] = {
    "body of a": ("models/a.sql", "select 2 as id -- edited"),
    "a reads the seed": ("models/a.sql", "select * from {{ ref('s') }}"),
    "a is broken": ("models/a.sql", "select * from {{ ref('nowhere') }}"),
    "a as it was": ("models/a.sql", FILES["models/a.sql"]),
    "config of b": (
        "models/b.sql",
        "{{ config(materialized='view') }} select * from {{ ref('a') }}",
    ),
    "b has a hook": ("models/b.sql", HOOKED + "select * from {{ ref('a') }}"),
    "body of b with its hook": ("models/b.sql", HOOKED + "select id from {{ ref('a') }}"),
    "a asks when it is": (
        "models/a.sql",
        "{% if run_started_at.year > 2000 %}select * from {{ ref('s') }}{% endif %}",
    ),
    "c asks when it is": (
        "models/c.sql",
        "{{ config(tags=['in ' ~ (run_started_at.year > 2000)]) }} select * from {{ ref('b') }}",
    ),
    "b as it was": ("models/b.sql", FILES["models/b.sql"]),
    "b is disabled": ("models/b.sql", "{{ config(enabled=false) }} select 1 as id"),
    "new model": ("models/d.sql", "select * from {{ ref('c') }}"),
    "new model gone": ("models/d.sql", None),
    "macro edited": ("macros/twice.sql", "{% macro twice(x) %}{{ x }} + {{ x }}{% endmacro %}"),
    "macro reads": (
        "macros/twice.sql",
        "{% macro twice(x) %}(select max(id) from {{ ref('s') }}){% endmacro %}",
    ),
    "naming macro": (
        "macros/naming.sql",
        "{% macro generate_alias_name(custom_alias_name=none, node=none) %}x_{{ node.name }}"
        "{% endmacro %}",
    ),
    "naming macro gone": ("macros/naming.sql", None),
    "ref overridden": (
        "macros/ref.sql",
        "{% macro ref(name) %}{% do return(builtins.ref(name)) %}{% endmacro %}",
    ),
    "ref as it was": ("macros/ref.sql", None),
    "yaml edited": ("models/schema.yml", "models:\n  - name: b\n    description: Bee\n"),
    "yaml as it was": ("models/schema.yml", FILES["models/schema.yml"]),
    "project config": (
        "dbt_project.yml",
        "name: p\nprofile: p\nvars: {start: '2021', flag: false}\nmodels: {+materialized: table}\n",
    ),
    "project as it was": ("dbt_project.yml", FILES["dbt_project.yml"]),
    "test edited": ("tests/positive.sql", "select * from {{ ref('b') }} where id < 0"),
    "function": ("functions/f.sql", "x * 3"),
    "function gone": ("functions/f.sql", None),
    "a uses a function": ("models/a.sql", "select {{ function('f') }}(1) as id"),
    "metrics": (
        "models/metrics.yml",
        "semantic_models:\n  - name: sa\n    model: ref('a')\n    primary_entity: pa\n"
        "    defaults: {agg_time_dimension: at}\n"
        "    dimensions: [{name: at, type: time, type_params: {time_granularity: day}}]\n"
        "    measures: [{name: rows_of_a, agg: count, expr: 1, create_metric: true}]\n"
        "models:\n  - name: c\n    time_spine: {standard_granularity_column: day}\n"
        "    columns: [{name: day, granularity: day}]\n",
    ),
    "metrics gone": ("models/metrics.yml", None),
    "a uses a metric": ("models/a.sql", "select 1 as id -- {{ metric('rows_of_a') }}"),
    "b uses a metric": (
        "models/b.sql",
        "select * from {{ ref('a') }} -- {{ metric('rows_of_a') }}",
    ),
    "seed edited": ("seeds/s.csv", "id\n1\n2\n"),
}


def write(root: Path, path: str, text: str | None) -> None:
    target = root / path
    if text is None:
        target.unlink(missing_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


def make(root: Path) -> Path:
    for path, text in FILES.items():
        write(root, path, text)
    return root


def loaded(root: Path, *, is_cold: bool = False, **options: Any) -> Loaded:
    """Load a project; a cold load has a target directory of its own."""
    target = tempfile.mkdtemp() if is_cold else str(root / "target")
    request = Parse(
        options=GlobalOptions(
            project_dir=str(root), profiles_dir=str(root), target_path=target, **options
        )
    )
    caller = Caller(env={}, cwd=str(root), listener=lambda _: None)
    opened = OpenedProject(request, "parse", caller)
    try:
        found = load(opened.loading())
        # Bodies are decoded while the store is there.
        list(found.graph.resources)
        list(found.graph.macros)
        list(found.graph.docs)
        list(found.graph.disabled)
        return found
    finally:
        opened.close()
        if is_cold:
            shutil.rmtree(target, ignore_errors=True)


def shown(project: Loaded) -> dict[str, Any]:
    """Everything a load says, as values that compare."""
    graph = project.graph
    return {
        "entries": dict(graph.entries),
        "parents": dict(graph.parents),
        "children": dict(graph.children),
        "resources": dict(graph.resources),
        "macros": dict(graph.macros),
        "docs": dict(graph.docs),
        "disabled": dict(graph.disabled),
        "problems": sorted(project.problems, key=repr),
    }


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(edits=st.lists(st.sampled_from(sorted(EDITS)), min_size=1, max_size=6), data=st.data())
def test_warm_equals_cold(edits: list[str], data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = make(Path(folder))
        loaded(root)
        for edit in edits:
            write(root, *EDITS[edit])
            variables = data.draw(st.sampled_from([None, {"start": "2022"}, {"flag": False}]))
            warm = loaded(root, vars=variables)
            cold = loaded(root, is_cold=True, vars=variables)
            assert shown(warm) == shown(cold), edit


def test_nothing_changed_parses_nothing(tmp_path: Path) -> None:
    make(tmp_path)
    assert loaded(tmp_path).counts.way == "linked"
    settle_stamps(tmp_path)
    again = loaded(tmp_path)
    again = loaded(tmp_path)
    assert (again.counts.way, again.counts.parsed) == ("remembered", 0)


@pytest.mark.parametrize(
    ("edit", "way", "parsed"),
    [
        ("body of a", "relinked", 1),
        ("a reads the seed", "relinked", 1),
        ("test edited", "relinked", 1),
        # Only what calls the macro, and the macro's own file.
        ("macro edited", "linked", 2),
        ("yaml edited", "linked", 1),
        ("seed edited", "linked", 1),
        ("new model", "linked", 1),
    ],
)
def test_an_edit_parses_what_it_must(tmp_path: Path, edit: str, way: str, parsed: int) -> None:
    make(tmp_path)
    settle_stamps(tmp_path)
    loaded(tmp_path)
    write(tmp_path, *EDITS[edit])
    settle_stamps(tmp_path)
    counts = loaded(tmp_path).counts
    assert (counts.way, counts.parsed) == (way, parsed)


def test_an_edited_body_keeps_what_its_hooks_read(tmp_path: Path) -> None:
    make(tmp_path)
    write(tmp_path, *EDITS["b has a hook"])
    settle_stamps(tmp_path)
    loaded(tmp_path)
    write(tmp_path, *EDITS["body of b with its hook"])
    settle_stamps(tmp_path)
    warm = loaded(tmp_path)
    assert warm.counts.way == "relinked"
    assert warm.graph.parents["model.p.b"] == ("model.p.a", "seed.p.s")
    assert shown(warm) == shown(loaded(tmp_path, is_cold=True))


def test_what_differs_each_time_is_parsed_again_alone(tmp_path: Path) -> None:
    make(tmp_path)
    write(tmp_path, *EDITS["c asks when it is"])
    settle_stamps(tmp_path)
    loaded(tmp_path)
    again = loaded(tmp_path)
    # It gives the same as before, so that what was linked stands.
    assert (again.counts.way, again.counts.parsed) == ("remembered", 0)
    write(tmp_path, "models/c.sql", "{{ config(tags=[invocation_id]) }} select 1 as id")
    settle_stamps(tmp_path)
    first, second = loaded(tmp_path), loaded(tmp_path)
    assert (second.counts.way, second.counts.parsed) == ("relinked", 1)
    tags = [project.graph.resources["model.p.c"].tags for project in (first, second)]
    assert tags[0] != tags[1]


@pytest.mark.parametrize("text", ["'{{ run_started_at }}'", "'at {{ invocation_id[:2] }}\\n'"])
def test_a_var_that_differs_each_time_and_is_only_written_out(tmp_path: Path, text: str) -> None:
    make(tmp_path)
    write(
        tmp_path, "dbt_project.yml", f"name: p\nprofile: p\nvars: {{flag: true, start: {text}}}\n"
    )
    settle_stamps(tmp_path)
    cold = loaded(tmp_path)
    again = loaded(tmp_path)
    assert (again.counts.way, again.counts.parsed) == ("remembered", 0)
    assert shown(again) == shown(cold)


def test_a_var_reparses_only_what_read_it(tmp_path: Path) -> None:
    make(tmp_path)
    settle_stamps(tmp_path)
    loaded(tmp_path)
    counts = loaded(tmp_path, vars={"flag": False}).counts
    assert (counts.way, counts.parsed) == ("linked", 1)


@pytest.mark.parametrize(
    "options",
    [{"debug": True}, {"log_format": "json"}, {"warn_error": True}, {"fail_fast": True}],
)
def test_options_that_change_nothing_read_nothing(tmp_path: Path, options: dict[str, Any]) -> None:
    make(tmp_path)
    settle_stamps(tmp_path)
    loaded(tmp_path)
    warm = loaded(tmp_path, **options)
    assert (warm.counts.way, warm.counts.parsed) == ("remembered", 0)
    assert shown(warm) == shown(loaded(tmp_path, is_cold=True, **options))


def test_an_option_that_a_template_asks_for_is_seen(tmp_path: Path) -> None:
    make(tmp_path)
    write(
        tmp_path, "models/c.sql", "{{ config(tags=['x' if flags.DEBUG else 'y']) }} select 1 as id"
    )
    settle_stamps(tmp_path)
    loaded(tmp_path)
    warm = loaded(tmp_path, debug=True)
    assert warm.counts.parsed == 1
    assert warm.graph.resources["model.p.c"].tags == ("x",)


def test_every_flag_of_linking_is_known() -> None:
    assert {*LINKING_FLAGS, "store_failures"} == set(LinkFlags.__struct_fields__)


def test_a_damaged_store_changes_nothing_but_time(tmp_path: Path) -> None:
    make(tmp_path)
    first = shown(loaded(tmp_path))
    (tmp_path / "target" / ".upriver" / "memory.db").write_bytes(b"not a database" * 1000)
    assert shown(loaded(tmp_path)) == first


def test_large_rows_do_not_slow_down_small_ones(tmp_path: Path) -> None:
    import sqlite3
    import time

    store = Store(str(tmp_path))
    store.put([("m", f"{at:05}", b"small") for at in range(300)])

    def looked_up() -> float:
        started = time.process_time()
        found = [store.get("m", f"{at:05}") for at in range(300)]
        assert found == [b"small"] * 300
        return time.process_time() - started

    before = min(looked_up() for _ in range(3))
    store.put([("m", f"{at:05} large", bytes(8_000_000)) for at in range(0, 300, 20)])
    # Reading large rows on the way would take hundreds of times as long.
    assert min(looked_up() for _ in range(3)) < 10 * before + 0.05
    store.close()
    with sqlite3.connect(tmp_path / ".upriver" / "memory.db") as connection:
        tables = connection.execute("select name from sqlite_master where type = 'table'")
        assert tables.fetchall() == [("remembered",)]
    connection.close()


def settle_stamps(root: Path) -> None:
    """Make files look older than any listing, so that their stamps are trusted."""
    import os
    import time

    for path in root.rglob("*"):
        if path.is_file() and "target" not in path.parts:
            stat = path.stat()
            if stat.st_mtime > time.time() - 60:
                digest = hash((path.name, stat.st_size, path.read_bytes())) % 100_000
                os.utime(path, (time.time() - 3600, 1_600_000_000 + digest))
