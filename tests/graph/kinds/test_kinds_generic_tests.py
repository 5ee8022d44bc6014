"""Names, ids and code of generic tests, as a real dbt gives them (PROJ-173..175, PROJ-197..207).

The ids were read off manifests of dbt-core 1.11.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.graph.linked_project import Texts, link_texts

from upriver.graph.inputs import LinkFlags

MACROS = """
{% test my_t(model, a, column_name=none, b=none, zz=none) %}select 1{% endtest %}
{% test pair(model, columns) %}select 1{% endtest %}
"""


def project(entry: str, *, model: str = "m1") -> Texts:
    return {
        "macros/m.sql": MACROS,
        f"models/{model}.sql": "select 1",
        "models/m2.sql": "select 1",
        "models/c1.sql": "select 1",
        "models/a/p.yml": f"models: [{{name: {model}, {entry}}}]\n"
        "sources: [{name: src1, tables: [{name: t1}]}]",
    }


def the_test(texts: Texts, **options: Any) -> Any:
    graph = link_texts(texts, **options).graph
    (unique_id,) = (i for i, entry in graph.entries.items() if entry.kind == "test")
    return graph.resources[unique_id]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("columns: [{name: id, data_tests: [not_null]}]", "not_null_m1_id.558fac2ce5"),
        ("columns: [{name: Col Sp, data_tests: [not_null]}]", "not_null_m1_Col_Sp.60f91ac370"),
        (
            "columns: [{name: select, quote: true, data_tests: [{unique: {}}]}]",
            "unique_m1__select_.4c786cff52",
        ),
        (
            (
                "columns: [{name: id, data_tests: [{accepted_values: {arguments:"
                " {values: [3, 1, null, 'é', 2.50, true, \"it's\"], quote: true}}}]}]"
            ),
            "accepted_values_m1_id__True__3__1__None_____2_5__True__it_s.cbcce000b8",
        ),
        (
            (
                "data_tests: [my_t: {a: \"ref('m2')\", b: [\"ref('c1')\","
                " {k: \"source('src1','t1')\"}], zz: {q: 1, a: [2, 1]}}]"
            ),
            "my_t_m1_ref_m2___ref_c1____k_source_src1_t1___1___2_1_.7745d0d762",
        ),
        (
            (
                "columns: [{name: id, data_tests:"
                " [{my_t: {name: short_wo, a: \"{{ var('v', 3) }}\"}}]}]"
            ),
            "short_wo.d54eb97041",
        ),
        (
            "columns: [{name: id, data_tests: [{dbt.not_null: {name: dbtns}}]}]",
            "dbtns.3bf9973ea5",
        ),
        ("data_tests: [{test_name: my_t, name: via_test_name, a: 5}]", "via_test_name.7b7f413a53"),
    ],
)
def test_ids_are_dbts(entry: str, expected: str) -> None:
    assert the_test(project(entry)).unique_id == f"test.shop.{expected}"


def test_long_names_are_shortened_where_they_name_relations() -> None:
    values = "values: [1, 2, 3, long value with several words and punctuation], quote: false"
    texts = project(f"columns: [{{name: id, data_tests: [accepted_values: {{{values}}}]}}]")
    test = the_test(texts)
    assert len(test.name) > 63
    assert test.alias.startswith("accepted_values_m1_")
    assert (len(test.alias), test.path) == (51, f"{test.alias}.sql")
    assert test.config["alias"] == test.alias
    assert test.raw_code.endswith(f'{{{{ config(alias="{test.alias}") }}}}')


def test_code_holds_the_config_in_dbts_order() -> None:
    config = (
        '{meta: {k: v}, where: "a = \'x\' and b = \\"y\\"", own: 5, severity: warn, limit: null}'
    )
    test = the_test(
        project(f"columns: [{{name: id, data_tests: [unique: {{config: {config}}}]}}]")
    )
    assert test.raw_code == (
        "{{ test_unique(**_dbt_generic_test_kwargs) }}"
        "{{ config(severity=\"warn\",where=\"a = 'x' and b = \\\"y\\\"\",meta={'k': 'v'},own=5) }}"
    )
    assert (test.config["severity"], test.config["own"], test.meta) == ("warn", 5, {"k": "v"})


def test_metadata_of_a_column_test() -> None:
    test = the_test(project("columns: [{name: id, data_tests: [unique]}]"))
    assert test.test_kwargs == {
        "column_name": "id", "model": "{{ get_where_subquery(ref('m1')) }}",
    }  # fmt: skip
    assert (test.column_name, test.attached_node) == ("id", "model.shop.m1")
    assert (test.file_key_name, test.fqn) == ("models.m1", ("shop", "a", "unique_m1_id"))
    assert (test.checksum_name, test.schema) == ("none", "main_dbt_test__audit")


def test_dependencies_are_those_of_the_arguments_and_the_node() -> None:
    entry = "columns: [{name: id, data_tests: [relationships: {to: \"ref('m2')\", field: x}]}]"
    test = the_test(project(entry))
    assert test.depends_on == ("model.shop.m2", "model.shop.m1")
    assert test.depends_on_macros == (
        "macro.dbt.test_relationships", "macro.dbt.get_where_subquery",
    )  # fmt: skip


def test_versions_stand_in_names_and_arguments() -> None:
    """PROJ-205."""
    texts = {
        "models/m_v2.sql": "select 1",
        "models/p.yml": "models: [{name: m, versions: [{v: 2}], columns:"
        " [{name: id, data_tests: [unique]}]}]",
    }
    test = the_test(texts)
    assert test.name == "unique_m_v2_id"
    assert test.test_kwargs["model"] == "{{ get_where_subquery(ref('m', version='2')) }}"
    assert test.attached_node == "model.shop.m.v2"


def test_tests_of_sources() -> None:
    """PROJ-195."""
    texts = {
        "models/p.yml": """
sources:
  - name: raw
    tags: [s]
    config: {tags: [c]}
    tables:
      - {name: t, tags: [t], columns: [{name: id, tags: [col], data_tests: [unique]}]}
"""
    }
    test = the_test(texts, data_tests={"+tags": "tree"})
    assert test.name == "source_unique_raw_t_id"
    assert test.tags == ("col", "s", "t", "tree")
    assert (test.attached_node, test.file_key_name) == (None, "sources.raw")
    assert test.depends_on == ("source.shop.raw.t",)


def test_a_tests_macro_may_ask_for_more() -> None:
    texts = dict(project("data_tests: [loud]"))
    texts["macros/l.sql"] = (
        "{% test loud(model) %}{{ config(severity='warn', limit=3) }}{{ ref('m2') }}{% endtest %}"
    )
    test = the_test(texts)
    assert test.depends_on == ("model.shop.m1", "model.shop.m2")
    assert (test.config["severity"], test.unrendered_config) == (
        "warn", {"severity": "warn", "limit": 3},
    )  # fmt: skip


def test_a_test_without_a_macro_exists() -> None:
    """PROJ-203."""
    test = the_test(project("data_tests: [nowhere: {x: 1}]"))
    assert test.depends_on_macros == ("macro.dbt.get_where_subquery",)


def test_group_and_description() -> None:
    texts = dict(
        project(
            "config: {group: g}, columns: [{name: id, data_tests: [unique: {description: d}]}]"
        )
    )
    texts["models/g.yml"] = "groups: [{name: g, owner: {name: n}}]"
    test = the_test(texts)
    assert (test.group, test.description) == ("g", "d")


def test_failures_are_stored_when_asked_for() -> None:
    """PROJ-120."""
    texts = project("columns: [{name: id, data_tests: [unique]}]")
    assert the_test(texts).relation_name is None
    flags = LinkFlags(store_failures=True)
    stored = the_test(texts, flags=flags)
    assert stored.relation_name == '"db"."main_dbt_test__audit"."unique_m1_id"'


def test_a_test_of_a_disabled_node_is_disabled() -> None:
    texts = dict(project("columns: [{name: id, data_tests: [unique]}]"))
    texts["models/m1.sql"] = "{{ config(enabled=false) }}"
    linked = link_texts(texts)
    disabled = [one for one in linked.graph.disabled if one.startswith("test.")]
    assert disabled == ["test.shop.unique_m1_id.5e8de06530"]
    assert linked.graph.disabled[disabled[0]][0].config["enabled"] is False
    assert linked.graph.lost == tuple(disabled)
    assert linked.problems == ()


def test_a_namespace_stands_before_the_word_source() -> None:
    texts = {
        "macros/m.sql": MACROS,
        "models/p.yml": "sources: [{name: s, tables: [{name: t, "
        "data_tests: [{shop.my_t: {arguments: {a: 10}}}]}]}]",
    }
    assert the_test(texts).name == "shop_source_my_t_s_t_10"


def test_macros_that_an_argument_calls_are_not_depended_on() -> None:
    texts = project("data_tests: [my_t: {arguments: {a: '{{ one() }}'}}]")
    texts["macros/m.sql"] += "{% macro one() %}1{% endmacro %}"
    assert "macro.shop.one" not in the_test(texts).depends_on_macros


def test_a_patch_is_about_the_enabled_node_of_its_name() -> None:
    package = {
        "models/m.sql": "select 1",
        "models/p.yml": "models: [{name: m, description: said, "
        "columns: [{name: a, data_tests: [not_null]}]}]",
    }
    trees = {"models": {"pack": {"+enabled": False}}}
    graph = link_texts({"models/m.sql": "select 1"}, packages={"pack": package}, **trees).graph
    (test,) = (one for key, one in graph.resources.items() if key.startswith("test."))
    assert graph.resources["model.shop.m"].description == "said"
    assert graph.disabled["model.pack.m"][0].description == ""
    assert (test.attached_node, test.depends_on) == ("model.pack.m", ("model.shop.m",))


def test_tests_of_a_model_that_does_not_exist() -> None:
    texts = {"models/p.yml": "models: [{name: zz, columns: [{name: a, data_tests: [unique]}]}]"}
    linked = link_texts(texts)
    assert [p.code for p in linked.problems] == ["patch-without-node", "ref-not-found"]
    assert linked.graph.entries == {}
