"""Whole runs on DuckDB."""

import duckdb
import pytest
from msgspec.structs import replace
from tests.run.running import SmallProject

from upriver.problems import ProblemsError
from upriver.resources.nodes import Column
from upriver.run.events import Printed, QueryRan, RunFinished, RunStarted
from upriver.run.report import report_of
from upriver.workspace.settings import QueryComment


@pytest.fixture
def project(tmp_path):
    return SmallProject(tmp_path)


def test_views_and_tables_are_built_in_order(project):
    a = project.model("a", "select 1 as id", materialized="table")
    project.model("b", "select id + 1 as id from {{ ref('a') }}", a)
    ran = project.run("run")
    assert ran.statuses == {"a": "success", "b": "success"}, ran["a"].message
    assert project.rows("select * from dev.b") == [(2,)]


def test_a_result_says_what_happened(project):
    project.model("a", "select 1 as id", materialized="table")
    result = project.run("run")["a"]
    assert result.message == "OK"
    assert result.compiled is True
    assert result.compiled_code == "select 1 as id"
    assert result.relation_name == '"small"."dev"."a"'
    assert [t.name for t in result.timing] == ["compile", "execute"]
    assert result.thread_id == "Thread-1 (worker)"
    assert result.execution_time > 0


def test_compiled_and_sent_statements_are_written(project):
    project.model("a", "select {{ 1 + 1 }} as id", materialized="table")
    project.run("run")
    assert project.compiled("models/a.sql") == "select 2 as id"
    assert "create" in project.compiled("models/a.sql", "run")


def test_the_second_run_replaces_the_first(project):
    project.model("a", "select 1 as id", materialized="table")
    project.run("run")
    project.model("a", "select 2 as id")
    assert project.run("run").statuses == {"a": "success"}
    assert project.rows("select * from dev.a") == [(2,)]
    project.model("a", "select 3 as id", materialized="table")
    project.run("run")
    assert project.rows("select * from dev.a") == [(3,)]


def test_a_failing_rebuild_leaves_the_old_table(project):
    project.model("a", "select 1 as id", materialized="table")
    project.run("run")
    project.model(
        "a", "select 2 as id", materialized="table",
        **{"post-hook": [{"sql": "select nope", "transaction": True, "index": None}]},
    )  # fmt: skip
    result = project.run("run")["a"]
    assert result.status == "error"
    assert project.rows("select * from dev.a") == [(1,)]
    names = project.rows("select table_name from information_schema.tables order by 1")
    assert names == [("a",)]


def test_after_a_rollback_the_cache_is_true_again(project):
    project.model("a", "select 1 as id", materialized="table")
    project.run("run")
    hook = [{"sql": "select {{ 'nope' if var('bad', true) }}", "transaction": True, "index": None}]
    bad = project.model("a", "select 2 as id", materialized="table", **{"post-hook": hook})
    project.model("b", "select count(*) as n from {{ ref('a') }}", "model.p.a")
    # Both in one run: `b` is asked for through the cache that the failing `a` changed.
    ran = project.run("test", plan=project.plan("run", bad))
    assert ran.statuses == {"a": "error"}
    assert project.rows("select * from dev.a") == [(1,)]


def test_a_refused_statement_reads_like_dbt(project):
    project.model("a", "select nope from (select 1 as id)")
    result = project.run("run")["a"]
    lines = result.message.splitlines()
    assert lines[0] == "Runtime Error in model a (models/a.sql)"
    assert lines[1].startswith("  Binder Error:")
    assert result.problem.code == "warehouse-error"
    assert result.compiled_code == "select nope from (select 1 as id)"


def test_what_was_never_built_is_named_with_the_remedies(project):
    a = project.model("a", "select 1 as id")
    b = project.model("b", "select id from {{ ref('a') }}", a)
    result = project.run("run", b)["b"]
    hint = result.problem.hint
    assert hint.startswith("a is not built in this target")
    assert "--select +b" in hint
    assert "--defer" in hint
    assert "not built in this target" not in result.message  # dbt's words, for tools


def test_what_is_built_is_not_blamed(project):
    a = project.model("a", "select 1 as id")
    project.model("b", "select nope from {{ ref('a') }}", a)
    assert project.run("run")["b"].problem.hint is None


def test_a_template_error_names_the_line(project):
    project.model("a", "select 1 as id,\n\n{{ exceptions.raise_compiler_error('oh no') }}")
    result = project.run("run")["a"]
    assert result.message == (
        "Compilation Error in model a (models/a.sql)\n  oh no\n    at models/a.sql:3"
    )
    assert result.problem.span.line == 3
    assert result.compiled is False
    assert [t.name for t in result.timing] == ["compile"]


def test_an_error_in_a_macro_names_both_places(project):
    project.macro("{% macro boom() %}\n{{ exceptions.raise_compiler_error('no') }}{% endmacro %}")
    project.model("a", "select\n{{ boom() }}")
    assert project.run("run")["a"].message.splitlines() == [
        "Compilation Error in model a (models/a.sql)",
        "  no",
        "    at macros/m.sql:2",
        "    called from models/a.sql:2",
    ]


def test_a_hidden_ref_is_refused_with_the_remedy(project):
    project.model("a", "select 1 as id")
    project.model("b", "select * from {% if execute %}{{ ref('a') }}{% endif %}")
    result = project.run("run")["b"]
    assert "-- depends_on: {{ ref('a') }}" in result.message
    assert result.problem.code == "ref-not-declared"


def test_what_lies_below_a_failure_is_skipped(project):
    a = project.model("a", "select nope")
    b = project.model("b", "select 1 from {{ ref('a') }}", a)
    project.model("c", "select 1 from {{ ref('b') }}", b)
    project.model("d", "select 1 as id")
    ran = project.run("run")
    assert ran.statuses == {"a": "error", "b": "skipped", "c": "skipped", "d": "success"}
    assert ran["c"].skipped_by == a
    assert ran["c"].relation_name == '"small"."dev"."c"'
    assert ran["c"].compiled is False


def test_fail_fast_skips_what_has_not_begun(project):
    project.model("a", "select nope")
    for name in "bcd":
        project.model(name, "select 1 as id", "model.p.a" if name == "b" else "model.p.b")
    ran = project.run("run", threads=1, is_fail_fast=True)
    assert ran.statuses["a"] == "error"
    assert {ran[n].message for n in "bcd"} == {"Skipping due to fail_fast"}


def test_ephemeral_models_are_inlined(project):
    a = project.model("a", "select 1 as id", materialized="ephemeral")
    b = project.model("b", "select id from {{ ref('a') }}", a, materialized="ephemeral")
    project.model("c", "select * from {{ ref('b') }} join {{ ref('a') }} using (id)", b, a)
    ran = project.run("run")
    assert ran.statuses == {"c": "success"}
    assert project.compiled("models/c.sql") == (
        "with __dbt__cte__a as (\nselect 1 as id\n),  __dbt__cte__b as (\n"
        "select id from __dbt__cte__a\n)"
        " select * from __dbt__cte__b join __dbt__cte__a using (id)"
    )
    assert project.compiled("models/b.sql").startswith("with __dbt__cte__a as (")
    assert ran["c"].extra_ctes[0] == (a, " __dbt__cte__a as (\nselect 1 as id\n)")
    assert ran["c"].compiled_path == "target/compiled/p/models/c.sql"
    assert ran["c"].build_path == "target/run/p/models/c.sql"


def test_hooks_of_a_model_run_around_it(project):
    hooks = {
        "pre-hook": [{"sql": "create table dev.log as select 'pre' as w", "transaction": True}],
        "post-hook": [{"sql": "insert into dev.log select '{{ this }}'", "transaction": True}],
    }
    project.model("a", "select 1 as id", materialized="table", **hooks)
    ran = project.run("run")
    assert ran.statuses == {"a": "success"}, ran["a"].message
    assert project.rows("select * from dev.log order by 1") == [('"small"."dev"."a"',), ("pre",)]


def test_incremental_models_add_rows(project):
    project.model(
        "a",
        "select {{ 2 if is_incremental() else 1 }} as id",
        materialized="incremental",
        incremental_strategy="append",
    )
    assert project.run("run").statuses == {"a": "success"}
    ran = project.run("run")
    assert ran.statuses == {"a": "success"}, ran["a"].message
    assert project.rows("select * from dev.a order by 1") == [(1,), (2,)]


def test_run_hooks_see_results_and_schemas(project):
    project.model("a", "select 1 as id")
    project.hook("start", 0, "create table dev.h as select 'start' as w")
    project.hook("end", 0, "insert into dev.h select '{{ results | length }} {{ schemas | join }}'"
                           " where '{{ results[0].node.name }}' = 'a'")  # fmt: skip
    project.hook("end", 1, "{{ log(results[0].to_dict()['status'] ~ database_schemas, true) }}")
    ran = project.run("run")
    assert ran["p-on-run-start-0"].message == "p.on-run-start.0 passed"
    assert ran["p-on-run-start-0"].thread_id == "main"
    assert ran["p-on-run-end-0"].failures == 0
    assert ran["p-on-run-end-1"].status == "success"
    assert project.rows("select * from dev.h order by 1") == [("1 dev",), ("start",)]
    said = [event.text for event in ran.events if isinstance(event, Printed)]
    assert said == ["success[('small', 'dev')]"]


def test_a_failing_start_hook_skips_the_others_but_not_the_models(project):
    project.model("a", "select 1 as id")
    project.hook("start", 0, "select nope")
    project.hook("start", 1, "select 1")
    ran = project.run("run")
    assert ran["p-on-run-start-0"].status == "error"
    assert ran["p-on-run-start-0"].message.startswith("p.on-run-start.0 failed, error:\n Binder")
    assert ran["p-on-run-start-1"].message == "p.on-run-start.1 skipped"
    assert ran["a"].status == "success"


def test_a_failing_start_hook_can_skip_everything(tmp_path):
    project = SmallProject(tmp_path, flags={"SKIP_NODES_IF_ON_RUN_START_FAILS": True})
    project.model("a", "select 1 as id")
    project.hook("start", 0, "select nope")
    assert project.run("run")["a"].status == "skipped"


def test_exposures_are_counted(project):
    a = project.model("a", "select 1 as id")
    project.exposure("e", a)
    assert project.run("build").statuses == {"a": "success", "e": "no-op"}


def test_empty_references_give_no_rows(tmp_path):
    project = SmallProject(tmp_path, flags={"EMPTY": True})
    a = project.model("a", "select 1 as id", materialized="table")
    project.model("b", "select * from {{ ref('a') }}", a, materialized="table")
    project.run("run")
    assert project.rows("select count(*) from dev.a union all select count(*) from dev.b") == [
        (1,), (0,),
    ]  # fmt: skip


def test_the_events_begin_and_end(project):
    project.model("a", "select 1 as id")
    project.hook("start", 0, "select 1")
    events = project.run("run").events
    assert events[0] == RunStarted(total=2, threads=2, target="default")
    assert isinstance(events[-1], RunFinished)
    report = report_of(iter(events))
    assert report.is_success
    assert [r.unique_id for r in report.results] == ["operation.p.p-on-run-start-0", "model.p.a"]


def test_statements_carry_the_comment_and_are_told(project):
    project.model("a", "select 1 as id")
    told = []
    project.run("run", on_query=told.append)
    created = next(q.sql for q in told if "create view" in q.sql)
    assert created.startswith(
        '/* {"app": "dbt", "dbt_version": "1.11.16", "profile_name": "p", "target_name": "dev",'
        ' "node_id": "model.p.a"} */\n'
    )
    assert all(isinstance(query, QueryRan) for query in told)


@pytest.mark.parametrize(
    ("comment", "expected"),
    [
        (QueryComment(comment="by {{ node.name }} {{ node.config.materialized }}", append=True),
         "\n/* by a view */"),
        (QueryComment(comment=None, is_off=True), ""),
        (QueryComment(comment="fixed", append=True), "\n/* fixed */"),
    ],
)  # fmt: skip
def test_query_comments(project, comment, expected):
    project.model("a", "select 1 as id")
    told = []
    project.run("run", on_query=told.append, query_comment=comment)
    renamed = next(q.sql for q in told if "create view" in q.sql)
    assert renamed.rstrip(";").endswith(expected)
    assert ("/*" in renamed) == bool(expected)


def test_a_schema_that_cannot_be_created_stops_the_run(project):
    project.model("a", "select 1 as id")
    project.macro("{% macro create_schema(relation) %}{% do run_query('nope') %}{% endmacro %}")
    with pytest.raises(ProblemsError, match="Could not create the schemas"):
        project.run("run")


def test_models_run_in_parallel_on_one_file(project):
    for n in range(12):
        project.model(f"m{n}", f"select {n} as id", materialized="table")
    ran = project.run("run", threads=4)
    assert set(ran.statuses.values()) == {"success"}
    assert len({result.thread_id for result in ran.results.values()}) > 1
    with duckdb.connect(str(project.path)) as connection:
        assert len(connection.execute("show all tables").fetchall()) == 12


def test_the_graph_is_one_dict_for_all(project):
    project.hook("start", 0, "{% do graph.setdefault('mine', {}).update(a=1) %}")
    project.model("a", "select {{ graph['mine']['a'] }} as id, '{{ graph.nodes | length }}' as n")
    ran = project.run("run")
    assert ran["a"].status == "success", ran["a"].message
    assert project.rows("select * from dev.a") == [(1, "2")]


def test_return_outside_of_a_macro_is_an_error(project):
    project.model("a", "select 1 {{ return(2) }}")
    assert project.run("run")["a"].problem.code == "return-outside-macro"


def test_a_template_that_gives_up_fails_its_own_step(project):
    a = project.model("a", "{{ exceptions.raise_fail_fast_error('enough') if execute }}")
    project.model("b", "select 1", a)
    project.model("c", "select 1 as id")
    ran = project.run("run", threads=1)
    assert ran.statuses == {"a": "error", "b": "skipped", "c": "success"}
    assert ran["a"].problem.code == "fail-fast"


def test_warnings_of_templates(tmp_path):
    lenient, strict = SmallProject(tmp_path), SmallProject(tmp_path, flags={"WARN_ERROR": True})
    for project in (lenient, strict):
        project.model("a", "select 1 as id {{ exceptions.warn('careful') }}")
    ran = lenient.run("run")
    assert ran["a"].status == "success"
    assert [(e.text, e.level, e.unique_id) for e in ran.events if isinstance(e, Printed)] == [
        ("careful", "warn", "model.p.a")
    ]
    assert "careful" in strict.run("run")["a"].message


def test_contracts_name_resolved_types_and_relations(project):
    columns = {
        "id": Column(name="id", data_type="integer", constraints=({"type": "primary_key"},)),
    }
    config = {"contract": {"enforced": True, "alias_types": True}, "materialized": "table"}
    a = project.model("a", "select 1 as id", **config)
    b = project.model("b", "select 'x' as name, 1 as a_id", a, **config)
    project.nodes[a] = replace(project.nodes[a], columns=columns)
    project.nodes[b] = replace(
        project.nodes[b],
        columns={
            "a_id": Column(name="a_id", data_type="integer"),
            "name": Column(name="name", data_type="string"),
        },
        constraints=(
            {"type": "foreign_key", "columns": ["a_id"], "to": "ref('a')", "to_columns": ["id"]},
        ),
    )
    ran = project.run("run")
    assert ran.statuses == {"a": "success", "b": "success"}, (ran["a"].message, ran["b"].message)
    sent = project.compiled("models/b.sql", "run")
    assert 'references "small"."dev"."a" (id)' in sent
    assert "name TEXT" in sent
