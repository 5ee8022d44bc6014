"""Which differences of a resource are differences of meaning, which of form, and which neither."""

from __future__ import annotations

from typing import Any

import pytest

from upriver.resources.macro import Macro
from upriver.state.fingerprint.described import Described
from upriver.state.fingerprint.macros import BuiltIn, Macros, MacroSource, built_in
from upriver.state.fingerprint.meaning import meaning_of
from upriver.state.fingerprint.prints import Prints, combine, identity_of, secret_free
from upriver.state.fingerprint.questions import read_text

TOOL_MACROS = (
    ("materialization_table_default", ("create_as",), ()),
    ("materialization_incremental_default", ("create_as",), (("merge", None),)),
    ("create_as", ("generate_schema_name",), (("create_as", None),)),
    ("default__create_as", (), ()),
    ("datediff", (), (("datediff", None),)),
)


def tool() -> BuiltIn:
    return built_in(
        (
            Macro(
                unique_id=f"macro.dbt.{name}", name=name, package="dbt", path="", macro_sql="",
                original_file_path="", calls=calls, dispatches=dispatches,
            )
            for name, calls, dispatches in TOOL_MACROS
        ),
        ("duckdb",),
    )  # fmt: skip


def macros(**own: tuple[str, tuple[str, ...]]) -> Macros:
    sources = {
        f"macro.p.{name}": MacroSource(sql=sql, depends_on=d) for name, (sql, d) in own.items()
    }
    return Macros(
        sources, tool(), is_built_in=lambda package: package == "dbt", root="p", read=read_text
    )


def model(code: str = "select 1", **changes: Any) -> Described:
    fields: dict[str, Any] = {
        "unique_id": "model.p.m", "kind": "model", "package": "p", "code": code,
        "config": {"materialized": "view", "tags": [], "enabled": True}, **changes,
    }  # fmt: skip
    return Described(**fields)


def own(described: Described, of: Macros | None = None) -> str:
    return meaning_of(described, of or macros(), read_text).own


def form(described: Described) -> str:
    return meaning_of(described, macros(), read_text).form


def configured(**config: Any) -> Described:
    return model(config={"materialized": "table", **config})


@pytest.mark.parametrize(
    "config",
    [{"alias": "x"}, {"schema": "s"}, {"tags": ["t"]}, {"meta": {"a": 1}}, {"docs": {"show": 1}},
     {"full_refresh": True}, {"severity": "warn"}, {"unique_key": None}, {"delimiter": ","}],
)  # fmt: skip
def test_where_and_whose_it_is_does_not_count(config: dict[str, Any]) -> None:
    assert own(configured(**config)) == own(configured())
    assert form(configured(**config)) == form(configured())


@pytest.mark.parametrize(
    "config", [{"indexes": [1]}, {"grants": {"select": ["a"]}}, {"cluster_by": ["a"]}]
)
def test_form_counts_for_who_builds_but_not_for_what_is_in_it(config: dict[str, Any]) -> None:
    assert own(configured(**config)) == own(configured())
    assert form(configured(**config)) != form(configured())


def test_a_view_and_a_table_of_one_query_mean_the_same() -> None:
    view, table = model(config={"materialized": "view"}), model(config={"materialized": "table"})
    assert own(view) == own(table) == own(model(config={"materialized": "ephemeral"}))
    assert form(view) != form(table)
    assert own(table) != own(model(config={"materialized": "incremental"}))


@pytest.mark.parametrize(
    "config",
    [{"unique_key": "id"}, {"incremental_strategy": "merge"}, {"on_schema_change": "fail"},
     {"anything": 1}, {"pre-hook": [{"sql": "delete from x"}]}, {"sql_header": "set x = 1"},
     {"column_types": {"a": "int"}}],
)  # fmt: skip
def test_other_keys_are_meaning(config: dict[str, Any]) -> None:
    assert own(configured(**config)) != own(configured())


def test_partitions_of_an_incremental_model_are_meaning() -> None:
    plain = model(config={"materialized": "incremental"})
    assert own(plain) != own(model(config={"materialized": "incremental", "partition_by": "a"}))


def test_hooks_count_by_their_normalised_text() -> None:
    one = configured(**{"post-hook": [{"sql": "grant select on {{ this }} to a -- x"}]})
    other = configured(**{"post-hook": [{"sql": "GRANT select on {{this}}  to a"}]})
    assert own(one) != own(configured())
    assert own(one) != own(other)
    same = configured(**{"post-hook": [{"sql": "grant  select on {{this}} to a"}]})
    assert own(one) == own(same)


def test_types_of_an_enforced_contract_count() -> None:
    one = model(columns={"a": ("int", [])})
    assert own(one) != own(model())
    assert own(one) != own(model(columns={"a": ("text", [])}))
    assert own(one) == own(model(columns={"a": ("int", [{"type": "not_null"}])}))


def test_macros_count_transitively_and_by_what_they_say() -> None:
    def side(inner: str) -> Macros:
        return macros(
            outer=("{% macro outer() %}{{ inner() }}{% endmacro %}", ("macro.p.inner",)),
            inner=(inner, ()),
        )

    before = side("{% macro inner() %}case when 1=1 then 2 end{% endmacro %}")
    comment = side("{% macro inner() %}{# new #}case when 1 = 1 then 2 end{% endmacro %}")
    changed = side("{% macro inner() %}case when 1=1 then 3 end{% endmacro %}")
    caller = model("select {{ outer() }}")
    assert own(caller, before) == own(caller, comment)
    assert own(caller, before) != own(caller, changed)
    assert own(model(), before) == own(model(), changed)


def test_a_macro_that_no_manifest_names_counts_when_the_text_does() -> None:
    """A call in a branch that parsing does not reach is not in `depends_on`."""
    caller = model("{% if execute %}{{ rare() }}{% endif %}")
    one = macros(rare=("{% macro rare() %}1{% endmacro %}", ()))
    other = macros(rare=("{% macro rare() %}2{% endmacro %}", ()))
    assert own(caller, one) != own(caller, other)


def test_replacing_a_built_in_macro_counts_where_it_is_reached() -> None:
    replaced = macros(duckdb__create_as=("{% macro duckdb__create_as() %}x{% endmacro %}", ()))
    view = model(config={"materialized": "view"})
    assert own(configured(), replaced) != own(configured())
    assert own(view, replaced) == own(view)
    caller = model("select {{ dbt.datediff('a', 'b', 'day') }}", config={"materialized": "view"})
    dated = macros(default__datediff=("{% macro default__datediff() %}x{% endmacro %}", ()))
    assert own(caller, dated) != own(caller)


def test_naming_macros_do_not_count() -> None:
    named = macros(generate_schema_name=("{% macro generate_schema_name() %}x{% endmacro %}", ()))
    assert own(configured(), named) == own(configured())


def test_a_materialization_of_the_project_counts() -> None:
    body = "{% materialization table, default %}x{% endmaterialization %}"
    replaced = macros(materialization_table_default=(body, ()))
    assert own(configured(), replaced) != own(configured())
    assert own(configured(), replaced) != own(configured(indexes=[1]), replaced)


def test_questions_about_itself_are_answered_by_the_resource() -> None:
    code = "select '{{ this.schema }}' as s"
    dev = model(code, name_parts={"schema": "dev"})
    prod = model(code, name_parts={"schema": "prod"})
    assert own(dev) != own(prod)
    tagged = "{{ config.get('meta').x }}"
    assert own(model(tagged, config={"meta": {"x": 1}})) != own(model(tagged, config={"meta": {}}))


def test_a_seed_of_unknown_content_is_not_known() -> None:
    seed = Described(unique_id="seed.p.s", kind="seed", package="p", checksum="abc")
    unknown = Described(unique_id="seed.p.s", kind="seed", package="p")
    assert identity_of(meaning_of(seed, macros(), read_text), no_answer) is not None
    assert identity_of(meaning_of(unknown, macros(), read_text), no_answer) is None


def no_answer(_question: str, _package: str) -> str | None:
    return None


def test_answers_and_parents_are_part_of_a_fingerprint() -> None:
    asking = meaning_of(
        model("select {{ var('a') }}", parents=("model.p.up",)), macros(), read_text
    )
    above = meaning_of(model("select 1", unique_id="model.p.up"), macros(), read_text)
    changed = meaning_of(model("select 2", unique_id="model.p.up"), macros(), read_text)

    def fingerprint(answer: str | None, parent: Any) -> str | None:
        meanings = {"model.p.m": asking, "model.p.up": parent}
        return Prints(meanings, lambda _question, _package: answer).fingerprint("model.p.m")

    assert fingerprint("1", above) == fingerprint("1", above)
    assert len({fingerprint("1", above), fingerprint("2", above), fingerprint("1", changed)}) == 3
    assert fingerprint(None, above) is None
    assert combine("x", {"p": None}) is None


def test_of_a_secret_only_the_question_is_kept() -> None:
    assert secret_free("env:MY_PASSWORD", "abc") == "secret"
    assert secret_free("env:START", "abc") == "abc"
