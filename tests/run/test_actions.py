"""Seeds, tests, snapshots, unit tests, clones, microbatches, and the commands around them."""

import datetime

import msgspec
import pytest
from tests.run.running import SmallProject

from upriver.plan.plan import Plan, Step
from upriver.run.batches import PastBatches
from upriver.run.events import Printed
from upriver.run.setting import OperationCall, ShowOptions
from upriver.state.baseline import Published


@pytest.fixture
def project(tmp_path):
    return SmallProject(tmp_path)


def ok(ran):
    """Return statuses, with messages of what failed in sight."""
    bad = {i: r.message for i, r in ran.results.items() if r.status == "error"}
    assert not bad, bad
    return ran.statuses


# -- seeds ---------------------------------------------------------------------------------------


def test_seeds_are_typed_tables(project):
    project.seed("s", "id,name,at\n1,a,2024-01-02\n2,,\n")
    ran = project.run("seed")
    assert ok(ran) == {"s": "success"}
    assert ran["s"].message == "INSERT 2"
    assert ran["s"].response.rows_affected == 2
    assert ran["s"].compiled is None
    assert ran["s"].relation_name is None
    rows = project.rows("select * from dev.s order by id")
    assert rows == [(1, "a", datetime.date(2024, 1, 2)), (2, None, None)]


def test_seeds_are_loaded_again(project):
    project.seed("s", "id\n1\n")
    project.run("seed")
    project.seed("s", "id\n5\n6\n")
    assert ok(project.run("seed")) == {"s": "success"}
    assert project.rows("select * from dev.s order by 1") == [(5,), (6,)]


def test_seed_types_can_be_given(project):
    project.seed("s", "id,zip\n1,007\n", column_types={"zip": "varchar"})
    ok(project.run("seed"))
    assert project.rows("select zip from dev.s") == [("007",)]


def test_other_delimiters_and_bound_rows(project):
    project.seed("s", "id;n\n1;x\n2;null\n", delimiter=";", fast=False)
    ok(project.run("seed"))
    assert project.rows("select * from dev.s order by id") == [(1, "x"), (2, None)]


def test_a_missing_seed_file_is_named(project):
    project.seed("s", "id\n1\n")
    (project.root / "seeds" / "s.csv").unlink()
    result = project.run("seed")["s"]
    assert result.status == "error"
    assert result.problem.code == "seed-unreadable"


# -- data tests ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "status", "message", "failures"),
    [
        ({}, "fail", "Got 2 results, configured to fail if != 0", 2),
        ({"severity": "warn"}, "warn", "Got 2 results, configured to warn if != 0", 2),
        ({"error_if": "> 5"}, "warn", "Got 2 results, configured to warn if != 0", 2),
        ({"error_if": "> 5", "warn_if": "> 5"}, "pass", None, 0),
        ({"limit": 1}, "fail", "Got 1 result, configured to fail if != 0", 1),
        ({"fail_calc": "max(id)"}, "fail", "Got 2 results, configured to fail if != 0", 2),
    ],
)
def test_outcomes_of_tests(project, config, status, message, failures):
    project.test("t", "select 1 as id union all select 2", **config)
    result = project.run("test")["t"]
    assert (result.status, result.message, result.failures) == (status, message, failures)


@pytest.mark.parametrize(
    "flags",
    [
        {"WARN_ERROR": True},
        {"WARN_ERROR_OPTIONS": {"error": "all"}},
        {"WARN_ERROR_OPTIONS": {"error": ["LogTestResult"]}},
    ],
)
def test_warnings_can_be_errors(tmp_path, flags):
    project = SmallProject(tmp_path, flags=flags)
    project.test("t", "select 1 as id", severity="warn")
    assert project.run("test").statuses == {"t": "fail"}


def test_silenced_warnings_stay_warnings(tmp_path):
    options = {"WARN_ERROR_OPTIONS": {"error": "all", "warn": ["LogTestResult"]}}
    project = SmallProject(tmp_path, flags=options)
    project.test("t", "select 1 as id", severity="warn")
    assert project.run("test").statuses == {"t": "warn"}


def test_generic_tests_find_their_arguments(project):
    a = project.model("a", "select 1 as id union all select null")
    project.generic("not_null", a, "id")
    project.generic("unique", a, "id", where="id > 0")
    ran = project.run("build")
    assert ok(ran) == {"a": "success", "not_null_a_id": "fail", "unique_a_id": "pass"}
    code = project.compiled("models/schema.yml/unique_a_id.sql")
    assert '(select * from "small"."dev"."a" where id > 0) dbt_subquery' in code


def test_a_test_without_a_macro_is_an_error(project):
    a = project.model("a", "select 1 as id")
    project.generic("nope", a, "id")
    ran = project.run("build")
    assert ran["nope_a_id"].status == "error"
    assert "'test_nope' is undefined" in ran["nope_a_id"].message


def test_failures_can_be_stored(project):
    project.test("t", "select 7 as id", store_failures=True, schema="audit")
    ran = project.run("test")
    assert ran["t"].status == "fail", ran["t"].message
    assert ran["t"].relation_name == '"small"."audit"."t"'
    assert project.rows("select * from audit.t") == [(7,)]


def test_a_failing_test_blocks_what_lies_below_in_build(project):
    a = project.model("a", "select null as id")
    project.model("b", "select * from {{ ref('a') }}", a)
    project.generic("not_null", a, "id")
    ran = project.run("build")
    assert ran.statuses == {"a": "success", "not_null_a_id": "fail", "b": "skipped"}


# -- snapshots -----------------------------------------------------------------------------------


def test_snapshots_keep_history(project):
    config = {"strategy": "check", "check_cols": ["v"], "unique_key": "id"}
    project.snapshot("s", "select 1 as id, 'a' as v", **config)
    assert ok(project.run("snapshot")) == {"s": "success"}
    project.snapshot("s", "select 1 as id, 'b' as v", **config)
    assert ok(project.run("snapshot")) == {"s": "success"}
    rows = project.rows("select v, dbt_valid_to is null from dev.s order by dbt_valid_from")
    assert rows == [("a", False), ("b", True)]


# -- unit tests ----------------------------------------------------------------------------------


def unit_project(project):
    a = project.model("a", "select 1 as id, 'x' as name")
    b = project.model("b", "select id + 1 as id, name from {{ ref('a') }}", a)
    project.run("run")
    return b


@pytest.mark.parametrize(
    "given",
    [
        {"input": "ref('a')", "rows": [{"id": 1, "name": "it's"}, {"id": 5}]},
        {"input": "ref('a')", "format": "csv", "rows": "id,name\n1,it's\n5,\n"},
        {"input": "ref('a')", "format": "sql",
         "rows": "select 1 as id, 'it''s' as name union all select 5, null"},
    ],
)  # fmt: skip
def test_unit_tests_pass(project, given):
    b = unit_project(project)
    t = project.unit_test("t", b, [given], {"rows": [{"id": 6, "name": None},
                                                   {"id": 2, "name": "it's"}]})  # fmt: skip
    ran = project.run("test", t)
    assert ok(ran) == {"t": "pass"}
    assert ran["t"].failures == 0
    assert "__dbt__cte__a" in project.compiled("models/schema.yml/models/t.sql")


def test_unit_tests_fail_with_a_difference(project):
    b = unit_project(project)
    given = [{"input": "ref('a')", "rows": [{"id": 1, "name": "n"}]}]
    t = project.unit_test("t", b, given, {"rows": [{"id": 3, "name": "n"}]})
    result = project.run("test", t)["t"]
    assert (result.status, result.failures) == ("fail", 1)
    assert result.message == "\n\nactual differs from expected:\n\n@@,id ,name\n→ ,3→2,n\n"


def test_overrides_and_this(project):
    c = project.model(
        "c",
        "select {{ var('k', 1) }} as k, '{{ env_var('E', 'e') }}' as e"
        "{% if is_incremental() %} from {{ this }}{% endif %}",
        materialized="incremental",
    )
    project.run("run")
    t = project.unit_test(
        "t", c, [{"input": "this", "rows": [{"k": 1}, {"k": 2}]}],
        {"rows": [{"k": 9, "e": "z"}, {"k": 9, "e": "z"}]},
        overrides={"vars": {"k": 9}, "env_vars": {"E": "z"}, "macros": {"is_incremental": True}},
    )  # fmt: skip
    assert ok(project.run("test", t)) == {"t": "pass"}


def test_an_input_that_is_not_given_is_named(project):
    b = unit_project(project)
    t = project.unit_test("t", b, [], {"rows": []})
    result = project.run("test", t)["t"]
    assert result.status == "error"
    assert "`a`, which has no `given` entry" in result.message


def test_seeds_give_their_own_rows(project):
    s = project.seed("s", "id\n4\n")
    m = project.model("m", "select id * 2 as id from {{ ref('s') }}", s)
    ok(project.run("build"))
    t = project.unit_test("t", m, [{"input": "ref('s')"}], {"rows": [{"id": 8}]})
    assert ok(project.run("test", t)) == {"t": "pass"}


def test_a_failing_unit_test_blocks_its_model_in_build(project):
    a = project.model("a", "select 1 as id")
    b = project.model("b", "select id from {{ ref('a') }}", a)
    given = [{"input": "ref('a')", "rows": [{"id": 1}]}]
    t = project.unit_test("t", b, given, {"rows": [{"id": 2}]})
    ran = project.run("build")
    assert ran.statuses == {"a": "success", "t": "fail", "b": "skipped"}
    assert ran["b"].skipped_by == t
    assert ran.events[0].total == 3


# -- compile, show, operations -------------------------------------------------------------------


def test_compile_sends_nothing(project):
    a = project.model("a", "select 1 as id")
    project.model("b", "select * from {{ ref('a') }}", a)
    told = []
    ran = project.run("compile", on_query=told.append)
    assert ok(ran) == {"a": "success", "b": "success"}
    assert ran["b"].compiled_code == 'select * from "small"."dev"."a"'
    assert told == []


def test_show_returns_rows(project):
    m = project.model("a", "select * from range(10) t(id)")
    ran = project.run("show", m, show=ShowOptions(limit=2))
    assert ok(ran) == {"a": "success"}
    assert ran["a"].column_names == ("id",)
    assert ran["a"].rows == ((0,), (1,))
    assert len(project.run("show", m, show=ShowOptions(limit=None))["a"].rows) == 10


def operation(project, macro, **arguments):
    plan = Plan(
        command="run-operation",
        steps=(Step(unique_id=f"macro.p.{macro}", action="operation"),),
        selected=(),
    )
    return project.run(
        "run-operation", plan=plan, operation=OperationCall(macro=macro, arguments=arguments)
    )


def test_operations_do_not_commit_by_themselves(project):
    project.model("a", "select 1 as id")
    project.run("run")
    project.macro(
        "{% macro op(x) %}{% call statement('s') %}create table dev.{{ x }} as select 1"
        "{% endcall %}{% if x == 'kept' %}{% do adapter.commit() %}{% endif %}"
        "{{ log(ref('a') ~ x, info=true) }}{% endmacro %}"
    )
    ran = operation(project, "op", x="lost")
    assert ran["op"].status == "success", ran["op"].message
    assert [e.text for e in ran.events if isinstance(e, Printed)] == ['"small"."dev"."a"lost']
    assert operation(project, "op", x="kept")["op"].status == "success"
    tables = project.rows("select table_name from information_schema.tables order by 1")
    assert tables == [("a",), ("kept",)]


def test_a_failing_operation_says_why(project):
    project.macro("{% macro op() %}{{ exceptions.raise_compiler_error('bad op') }}{% endmacro %}")
    result = operation(project, "op")["op"]
    assert (result.status, result.failures, result.compiled) == ("error", 1, False)
    assert "bad op" in result.message
    assert operation(project, "nope")["nope"].problem.code == "operation-not-found"


# -- clone ---------------------------------------------------------------------------------------


def published(name, kind="model"):
    return Published(
        unique_id=f"{kind}.p.{name}", kind=kind, name=name, database="small", schema="prod",
        alias=name, relation_name=f'"small"."prod"."{name}"', materialized="table",
    )  # fmt: skip


def test_clones_copy_what_runs_add_to_and_view_the_rest(project):
    project.model("setup", "select 1 as id")
    ok(project.run("run"))
    project.rows("create schema prod")
    project.rows("create table prod.a as select 5 as id")
    project.rows("create table prod.b as select 6 as id")
    a = project.model("a", "select 1 as id", materialized="incremental")
    b = project.model("b", "select 1 as id")
    c = project.model("c", "select 1 as id")
    counterparts = {p.unique_id: p for p in (published("a"), published("b"))}
    ran = project.run("clone", a, b, c, published=counterparts)
    assert set(ok(ran).values()) == {"success"}
    assert ran["c"].message == "No relation found in state manifest for model.p.c"
    types = project.rows(
        "select table_name, table_type from information_schema.tables"
        " where table_schema = 'dev' and table_name in ('a', 'b') order by 1"
    )
    assert types == [("a", "BASE TABLE"), ("b", "VIEW")]
    assert project.run("clone", a, published=counterparts)["a"].message == "No-op"


# -- microbatch ----------------------------------------------------------------------------------


def batched(project, sql="select * from {{ ref('ev') }}", **config):
    ev = project.model(
        "ev",
        "select range as id, timestamp '2024-04-28' + range * interval 5 hour as ts"
        " from range(24)",
        event_time="ts",
    )
    return project.model(
        "mb", sql, ev, materialized="incremental", incremental_strategy="microbatch",
        event_time="ts", begin="2024-04-28", batch_size="day", lookback=1, **config,
    )  # fmt: skip


def test_batches_fill_the_table(project):
    """Files are those of CLI-133."""
    sql = "select *, '{{ model.batch.id }}' as b from {{ ref('ev') }}"
    batched(project, sql)
    ran = project.run("run")
    assert ok(ran) == {"ev": "success", "mb": "success"}
    assert ran["mb"].message == "SUCCESS"
    assert len(ran["mb"].succeeded_batches) == 4
    assert ran["mb"].succeeded_batches[0] == (
        "2024-04-28T00:00:00+00:00", "2024-04-29T00:00:00+00:00",
    )  # fmt: skip
    assert project.rows("select count(*), count(distinct b) from dev.mb") == [(20, 4)]
    assert "ts >= '2024-04-29 00:00:00+00:00'" in project.compiled("models/mb/mb_2024-04-29.sql")
    assert len(project.run("run")["mb"].succeeded_batches) == 2
    assert project.rows("select count(*), count(distinct b) from dev.mb") == [(20, 4)]


def test_a_batch_that_fails_leaves_a_hole(project):
    sql = "select * from {{ ref('ev') }} {{ 'where nope' if model.batch.id == '20240429' }}"
    m = batched(project, sql)
    result = project.run("run")["mb"]
    assert result.status == "partial success"
    assert result.message.startswith("PARTIAL SUCCESS (3/4)\nRuntime Error in model mb")
    assert result.failed_batches == (("2024-04-29T00:00:00+00:00", "2024-04-30T00:00:00+00:00"),)
    batched(project)
    past = PastBatches(succeeded=result.succeeded_batches, failed=result.failed_batches)
    project.flags["FULL_REFRESH"] = True
    retried = project.run("run", m, batches={m: past})["mb"]
    assert retried.status == "success"
    assert set(retried.succeeded_batches) == {*past.succeeded, *past.failed}
    assert project.rows("select count(*) from dev.mb") == [(20,)]


_SLOW = "(select count(*) from range(4000000) t(i) where hash(i) % 7 = ev.id % 7) as n"


@pytest.mark.parametrize(
    ("config", "reads", "threads", "is_concurrent"),
    [
        ({}, "", 4, True),
        ({}, "", 1, False),
        ({}, "{% if is_incremental() %} {{ this }} {% endif %}", 4, False),
        ({"concurrent_batches": False}, "", 4, False),
        ({"concurrent_batches": True}, "{# {{ this }} #}", 4, True),
    ],
)
def test_batches_run_side_by_side(project, config, reads, threads, is_concurrent):
    sql = f"select *, {_SLOW} from {{{{ ref('ev') }}}} as ev"
    if "this" in reads and not config:
        sql += " {% if is_incremental() %} where id not in (select id from {{ this }}) {% endif %}"
    batched(project, sql, **config)
    ran = project.run("run", threads=threads)
    assert ok(ran) == {"ev": "success", "mb": "success"}
    lines = [event.text for event in ran.events if isinstance(event, Printed)]
    steps = [(line.split()[1], line.split()[4]) for line in lines if line.startswith("Batch")]
    assert [step for step in steps if step[0] == "1"] == steps[:2]
    assert [step for step in steps if step[0] == "4"] == steps[-2:]
    first_end = next(at for at, step in enumerate(steps[2:]) if step[1] == "OK")
    assert (first_end > 1) == is_concurrent
    assert project.rows("select count(*), count(distinct ts::date) from dev.mb") == [(20, 4)]


def test_when_the_first_batch_fails_the_others_are_left_out(project):
    batched(project, "select nope")
    result = project.run("run")["mb"]
    assert result.status == "error"
    assert result.message.startswith("ERROR\n")
    assert (len(result.succeeded_batches), len(result.failed_batches)) == (0, 4)


def test_samples_cut_references(tmp_path):
    project = SmallProject(tmp_path, flags={"SAMPLE": "1 day"})
    ev = project.model(
        "ev", "select 1 as id, timestamptz '2024-05-01 10:00+00' as ts union all"
              " select 2, timestamptz '2024-04-01 10:00+00'", event_time="ts",
    )  # fmt: skip
    project.model("a", "select * from {{ ref('ev') }}", ev)
    ok(project.run("run"))
    assert project.rows("select id from dev.a") == [(1,)]


def test_decisions_are_recorded(project):
    a = project.model("a", "select 1 as id")
    project.model("b", "select * from {{ ref('a') }}", a)
    (decision,) = project.run("run")["b"].decisions
    assert (decision.target, decision.place) == (a, "built-here")


def test_references_read_what_was_decided(project):
    a = project.model("a", "select 1 as id")
    b = project.model("b", "select * from {{ ref('a') }}", a)
    project.model("setup", "select 1")
    ok(project.run("run", "model.p.setup"))
    project.rows("create schema prod")
    project.rows("create table prod.A_x as select 5 as id")
    plan = project.plan("run", b)
    (step,) = plan.steps
    decision = msgspec.structs.replace(
        step.inputs[0], place="baseline",
        relation=msgspec.structs.replace(step.inputs[0].relation, schema="prod", identifier="A_x"),
        relation_name='small.prod."A_x"',
    )  # fmt: skip
    plan = msgspec.structs.replace(
        plan, steps=(msgspec.structs.replace(step, inputs=(decision,)),)
    )
    ran = project.run("run", plan=plan)
    assert ok(ran) == {"b": "success"}
    assert ran["b"].compiled_code == 'select * from small.prod."A_x"'
    assert project.rows("select * from dev.b") == [(5,)]


# -- what can be wrong ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{{ return({'relations': []}) }}", "materialization-without-main"),
        (
            "{% call noop_statement('main', 'OK') %}{% endcall %}",
            "materialization-without-relations",
        ),
    ],
)
def test_materializations_must_do_their_part(project, body, code):
    """JINJA-173 and JINJA-174."""
    project.macro(f"{{% materialization mine, default %}}{body}{{% endmaterialization %}}")
    project.model("a", "select 1 as id", materialized="mine")
    assert project.run("run")["a"].problem.code == code


def test_own_materializations_are_found(project):
    """JINJA-171 and JINJA-177."""
    project.macro(
        "{% materialization mine, default %}{% call statement('main') %}"
        "create or replace table {{ this }} as {{ sql }}{% endcall %}{% do adapter.commit() %}"
        "{{ return({'relations': [this.incorporate(type='table')]}) }}{% endmaterialization %}"
    )
    project.model("a", "select 1 as id", materialized="mine")
    assert ok(project.run("run")) == {"a": "success"}
    assert project.rows("select * from dev.a") == [(1,)]


def test_unknown_materializations_and_languages(project):
    project.model("a", "select 1 as id", materialized="nonesuch")
    b = project.model("b", "def model(dbt, session): pass", materialized="view")
    project.nodes[b] = msgspec.structs.replace(project.nodes[b], language="python")
    ran = project.run("run")
    assert ran["a"].problem.code == "materialization-not-found"
    assert ran["a"].compiled is True
    assert ran["b"].problem.code == "materialization-language"


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "seed-empty"), (b"a\n1,2\n", "seed-invalid-csv"), (b"a\n\xff\n", "seed-unreadable")],
)
def test_broken_seed_files(project, content, code):
    project.seed("s", "")
    (project.root / "seeds" / "s.csv").write_bytes(content)
    result = project.run("seed")["s"]
    assert (result.status, result.problem.code) == ("error", code)
    assert result.problem.span.file == "seeds/s.csv"


def test_a_test_that_gives_something_else_is_refused(project):
    project.macro("{% macro get_test_sql(m, f, w, e, l) %}select 1 as a{% endmacro %}")
    project.test("t", "select 1 as id")
    assert project.run("test")["t"].problem.code == "test-result-shape"


def test_ephemeral_inputs_need_sql(project):
    a = project.model("a", "select 1 as id", materialized="ephemeral")
    b = project.model("b", "select id from {{ ref('a') }}", a)
    rows = project.unit_test("t", b, [{"input": "ref('a')", "rows": [{"id": 1}]}], {"rows": []})
    sql = project.unit_test(
        "u", b, [{"input": "ref('a')", "format": "sql", "rows": "select 4 as id"}],
        {"rows": [{"id": 4}]},
    )  # fmt: skip
    ran = project.run("test", rows, sql)
    assert ran.statuses == {"t": "error", "u": "pass"}
    assert "Write this input as `format: sql`" in ran["t"].message


def test_seeds_can_be_compiled_and_shown(project):
    s = project.seed("s", "id\n7\n")
    ok(project.run("seed"))
    assert ok(project.run("compile", s)) == {"s": "success"}
    assert project.run("show", s)["s"].rows == ((7,),)


def test_batches_need_to_know_their_size(project):
    batched(project)
    node = project.nodes["model.p.mb"]
    for config in ({"batch_size": "week"}, {"batch_size": None}, {"begin": None}):
        project.nodes["model.p.mb"] = msgspec.structs.replace(
            node, config={**node.config, **config}
        )
        assert project.run("run")["mb"].problem.code == "microbatch-config"


def test_a_strategy_of_the_project_s_own_is_not_batched(project):
    project.macro(
        "{% macro get_incremental_microbatch_sql(arg_dict) %}"
        "{{ return(get_incremental_append_sql(arg_dict)) }}{% endmacro %}"
    )
    batched(project)
    result = project.run("run")["mb"]
    assert result.message == "OK"
    assert result.succeeded_batches == ()
