"""dbt's `state:` comparisons, row by row (deferral.md section 12, SEL-28).

Each case changes one thing in the published manifest; the project stays as it is. What is expected
was observed with dbt-core 1.11.
"""

from __future__ import annotations

import datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.state.shop import (
    ANALYSIS,
    DIM,
    EXPOSURE,
    GENERIC,
    HOOK,
    SEED,
    SINGULAR,
    SNAP,
    SOURCE,
    STG,
    TAB,
    UNIT_TEST,
    baseline_of,
    manifest_of,
    member,
    shop_graph,
    shop_macros,
    shop_resources,
)

from upriver.state.baseline import decode_index, encode_index
from upriver.state.compare import PARTS, Comparison

NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC)
CODE = (STG, SEED, SNAP, ANALYSIS, SINGULAR, HOOK)
"""One resource of each kind that is code, with a body of its own."""
ALL_CODE_PARTS = {"body", "configs", "persisted_descriptions", "relation", "contract"}
NOTHING: set[str] = set()


def compare(manifest, graph=None, **options):
    return Comparison(graph or shop_graph(), baseline_of(manifest), **options)


def selected_by(comparison, unique_id):
    """The selectors, without `state:`, that select a resource; `modified` stands for itself."""
    found = {part for part in PARTS if comparison.is_modified(unique_id, part)}
    if comparison.is_modified(unique_id):
        found.add("modified")
    if comparison.is_new(unique_id):
        found.add("new")
    return found


def after(unique_id, path, value, **options):
    """What selects a resource after one value of its published form was changed."""
    manifest = manifest_of(shop_graph())
    place = member(manifest, unique_id)
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return selected_by(compare(manifest, **options), unique_id)


def test_a_project_equals_what_it_published():
    comparison = compare(manifest_of(shop_graph()))
    for unique_id in shop_resources():
        assert selected_by(comparison, unique_id) == NOTHING, unique_id
        assert comparison.reasons(unique_id) == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(code=st.text(), config=st.dictionaries(st.text(), JSON, max_size=4), name=st.text())
def test_whatever_is_published_equals_itself(code, config, name):
    resources = shop_resources()
    for unique_id in (STG, GENERIC, SNAP):
        resources[unique_id] = msgspec.structs.replace(
            resources[unique_id],
            raw_code=code,
            unrendered_config=config,
            description=name,
            fqn=("shop", name),
            meta=config,
        )
    graph = shop_graph(resources)
    comparison = compare(manifest_of(graph), graph)
    assert [key for key in resources if comparison.is_modified(key)] == []


def test_an_index_compares_like_the_manifest_it_was_made_of():
    manifest = manifest_of(shop_graph())
    member(manifest, STG)["raw_code"] = "select 2"
    index = decode_index(encode_index(baseline_of(manifest)))
    comparison = Comparison(shop_graph(), index)
    modified = [key for key in shop_resources() if comparison.is_modified(key)]
    assert modified == [STG]


@pytest.mark.parametrize("unique_id", [u for u in CODE if u != SEED])
@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("raw_code",), "x", {"modified", "body"}),
        (("checksum",), {"name": "sha256", "checksum": "zz"}, NOTHING),
        (("fqn",), ["shop", "moved", "x"], {"modified"}),
        (("unrendered_config", "alias"), "q", {"modified", "relation"}),
        (("unrendered_config", "schema"), "q", {"modified", "relation"}),
        (("unrendered_config", "database"), "q", {"modified", "relation"}),
        (("unrendered_config", "tags"), ["q"], NOTHING),
        (("unrendered_config", "group"), "q", NOTHING),
        (("unrendered_config", "severity"), "q", {"modified", "configs"}),
        (("config", "meta"), {"q": 1}, NOTHING),
        (("config", "schema"), "q", NOTHING),
        (("alias",), "q", NOTHING),
        (("schema",), "q", NOTHING),
        (("database",), "q", NOTHING),
        (("tags",), ["q"], NOTHING),
        (("meta",), {"q": 1}, NOTHING),
        (("group",), "q", NOTHING),
    ],
)
def test_code(unique_id, path, value, expected):
    assert after(unique_id, path, value) == expected


@pytest.mark.parametrize("unique_id", [STG, SEED, SNAP, ANALYSIS, HOOK])
@pytest.mark.parametrize("key", ["materialized", "meta", "docs", "grants", "enabled", "custom"])
def test_any_config_key_counts_even_with_its_default_value(unique_id, key):
    for value in (None, "q"):
        assert after(unique_id, ("unrendered_config", key), value) == {"modified", "configs"}


@pytest.mark.parametrize("unique_id", [SINGULAR, GENERIC])
@pytest.mark.parametrize("key", ["materialized", "meta", "tags", "enabled", "custom"])
def test_other_config_keys_of_tests_do_not_count(unique_id, key):
    assert after(unique_id, ("unrendered_config", key), "q") == NOTHING


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("raw_code",), "x", {"body"}),
        (("fqn",), ["q"], {"modified"}),
        (("unrendered_config", "where"), "q", {"modified", "configs"}),
        (("unrendered_config", "warn_if"), ">2", {"modified", "configs"}),
        (("unrendered_config", "schema"), "q", {"relation"}),
        (("test_metadata", "kwargs"), {"q": 1}, NOTHING),
        (("column_name",), "q", NOTHING),
        (("description",), "q", NOTHING),
    ],
)
def test_generic_tests_by_config_and_fqn_only(path, value, expected):
    assert after(GENERIC, path, value) == expected


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("checksum",), {"name": "sha256", "checksum": "q"}, {"modified", "body"}),
        (("checksum",), {"name": "path", "checksum": "5eed"}, {"modified", "body"}),
        (("raw_code",), "x", NOTHING),
        (("root_path",), "/q", NOTHING),
    ],
)
def test_seeds_by_checksum(path, value, expected):
    assert after(SEED, path, value) == expected


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("access",), "public", {"modified"}),
        (("latest_version",), 2, {"modified"}),
        (("deprecation_date",), "2030-01-01T00:00:00+00:00", {"modified"}),
        (("version",), 2, NOTHING),
        (("description",), "q", {"modified", "persisted_descriptions"}),
        (("columns", "id", "description"), "q", {"modified", "persisted_descriptions"}),
        (("columns", "more"), {"name": "more"}, {"modified", "persisted_descriptions"}),
        (("columns", "id", "meta"), {"q": 1}, NOTHING),
        (("columns", "id", "tags"), ["q"], NOTHING),
        (("config", "persist_docs"), {}, NOTHING),
        (("constraints",), [{"type": "check"}], NOTHING),
        (("depends_on",), {"nodes": [], "macros": []}, NOTHING),
        (("language",), "python", NOTHING),
    ],
)
def test_models(path, value, expected):
    assert after(STG, path, value) == expected


def test_descriptions_that_are_not_persisted_do_not_count():
    assert after(DIM, ("description",), "q") == NOTHING
    assert after(DIM, ("columns", "id", "description"), "q") == NOTHING


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("database",), "q", {"modified", "relation"}),
        (("schema",), "q", {"modified", "relation"}),
        (("identifier",), "q", {"modified", "relation"}),
        (("fqn",), ["q"], {"modified"}),
        (("quoting",), {"database": True}, {"modified"}),
        (("quoting",), {}, NOTHING),
        (("freshness",), None, {"modified"}),
        (("freshness", "warn_after", "count"), 2, {"modified"}),
        (("loaded_at_field",), "q", {"modified"}),
        (("loaded_at_query",), "q", NOTHING),
        (("external",), {"location": "q"}, {"modified"}),
        (("unrendered_config", "meta"), {"q": 1}, {"modified", "configs"}),
        (("unrendered_config", "tags"), ["q"], {"modified", "configs"}),
        (("config", "meta"), {"q": 1}, NOTHING),
        (("description",), "q", NOTHING),
        (("meta",), {"q": 1}, NOTHING),
        (("tags",), ["q"], NOTHING),
        (("loader",), "q", NOTHING),
        (("name",), "q", NOTHING),
        (("unrendered_schema",), "q", NOTHING),
        (("columns",), {}, NOTHING),
    ],
)
def test_sources(path, value, expected):
    assert after(SOURCE, path, value) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (("database",), NOTHING),
        (("schema",), NOTHING),
        (("identifier",), {"modified", "relation"}),
        (("unrendered_database",), {"modified", "relation"}),
        (("unrendered_schema",), {"modified", "relation"}),
    ],
)
def test_sources_by_their_names_as_written_under_the_flag(path, expected):
    assert after(SOURCE, path, "q", more_unrendered=True) == expected


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("fqn",), ["q"], {"modified"}),
        (("type",), "notebook", {"modified"}),
        (("owner", "name"), "q", {"modified"}),
        (("description",), "q", {"modified"}),
        (("label",), "q", {"modified"}),
        (("maturity",), "high", {"modified"}),
        (("url",), "q", {"modified"}),
        (("depends_on", "nodes"), [TAB], {"modified"}),
        (("depends_on", "nodes"), [TAB, SOURCE], NOTHING),
        (("unrendered_config", "enabled"), True, {"modified", "configs"}),
        (("refs",), [], NOTHING),
        (("meta",), {"q": 1}, NOTHING),
        (("tags",), ["q"], NOTHING),
    ],
)
def test_exposures(path, value, expected):
    assert after(EXPOSURE, path, value) == expected


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("checksum",), "q", {"modified"}),
        (("description",), "q", NOTHING),
        (("fqn",), ["q"], NOTHING),
        (("given",), [], NOTHING),
        (("config",), {"tags": ["q"]}, NOTHING),
    ],
)
def test_unit_tests_by_checksum(path, value, expected):
    assert after(UNIT_TEST, path, value) == expected


@pytest.mark.parametrize(
    ("unique_id", "expected"),
    [
        *[(key, {"new", "modified", *ALL_CODE_PARTS}) for key in (*CODE, GENERIC)],
        (SOURCE, {"new", "configs", "relation"}),
        (EXPOSURE, {"new", "configs"}),
        (UNIT_TEST, {"new", "modified"}),
    ],
)
def test_what_has_no_counterpart(unique_id, expected):
    """A new source or exposure is new and not modified (the asymmetry of section 12.1)."""
    manifest = manifest_of(shop_graph())
    for name in ("nodes", "sources", "exposures", "unit_tests"):
        manifest[name].pop(unique_id, None)
    comparison = compare(manifest)
    assert selected_by(comparison, unique_id) == expected
    assert comparison.reasons(unique_id) == ("new",)
    assert comparison.changed_config(unique_id) == ()


@pytest.mark.parametrize(
    ("macro", "expected"),
    [("macro.shop.up", {STG}), ("macro.shop.inner", {STG})],
)
def test_macros_count_for_everything_that_reaches_them(macro, expected):
    manifest = manifest_of(shop_graph())
    manifest["macros"][macro]["macro_sql"] = "q"
    comparison = compare(manifest)
    assert {key for key in shop_resources() if comparison.is_modified(key, "macros")} == expected
    assert {key for key in shop_resources() if comparison.is_modified(key)} == expected
    assert comparison.reasons(STG) == ("macros",)
    assert comparison.changed_macros(STG) == ("macro.shop.up",)


def test_a_macro_that_appeared_counts_and_its_description_does_not():
    manifest = manifest_of(shop_graph())
    manifest["macros"]["macro.shop.up"]["description"] = "q"
    assert not compare(manifest).is_modified(STG)
    del manifest["macros"]["macro.shop.up"]
    assert compare(manifest).is_modified(STG, "macros")


def test_macros_that_call_each_other_in_a_ring_are_followed_once():
    macros = shop_macros()
    ring = msgspec.structs.replace(macros["macro.shop.inner"], depends_on=("macro.shop.up",))
    graph = shop_graph(macros={**macros, "macro.shop.inner": ring})
    manifest = manifest_of(graph)
    manifest["macros"]["macro.shop.inner"]["macro_sql"] = "q"
    assert compare(manifest, graph).is_modified(STG, "macros")


def test_macros_of_the_tool_are_compared_only_with_what_upriver_published():
    manifest = manifest_of(shop_graph())
    manifest["macros"]["macro.dbt.test_not_null"]["macro_sql"] = "q"
    assert compare(manifest).is_modified(GENERIC, "macros")
    manifest["metadata"]["env"] = {}
    assert not compare(manifest).is_modified(GENERIC, "macros")
    manifest["macros"]["macro.shop.up"]["macro_sql"] = "q"
    assert compare(manifest).is_modified(STG, "macros")


def test_reasons_name_every_part_that_counts():
    manifest = manifest_of(shop_graph())
    node = member(manifest, STG)
    node["raw_code"] = "q"
    node["unrendered_config"] = {"materialized": "table", "alias": "q", "meta": {}}
    node["access"] = "public"
    comparison = compare(manifest)
    assert comparison.reasons(STG) == ("body", "configs", "relation", "access")
    assert comparison.changed_config(STG) == ("materialized", "meta")
    member(manifest, GENERIC)["raw_code"] = "q"
    assert compare(manifest).reasons(GENERIC) == ()


def test_what_was_removed_is_known():
    resources = shop_resources()
    del resources[SNAP]
    assert compare(manifest_of(shop_graph()), shop_graph(resources)).removed() == (SNAP,)


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("contract", "checksum"), "q", {"modified", "contract"}),
        (("contract", "enforced"), False, {"modified", "contract"}),
        (("columns", "id", "data_type"), "text", NOTHING),
    ],
)
def test_contracts_by_their_checksum(path, value, expected):
    assert after(TAB, path, value) == expected


def breaches(change, *, graph=None, now=NOW):
    manifest = manifest_of(shop_graph())
    change(manifest)
    support = {"not_null": "enforced", "primary_key": "enforced", "check": "not_enforced"}
    comparison = compare(manifest, graph, constraint_support=support)
    return [
        (problem.unique_id, problem.severity, problem.event)
        for problem in comparison.contract_problems(now)
    ]


WARNED = "UnversionedBreakingChange"


@pytest.mark.parametrize(
    ("unique_id", "severity", "event"), [(TAB, "warning", WARNED), (DIM, "error", None)]
)
def test_a_broken_contract_is_an_error_for_versioned_models(unique_id, severity, event):
    def change(manifest):
        node = member(manifest, unique_id)
        node["contract"]["checksum"] = "q"
        node["columns"]["gone"] = {"name": "gone", "data_type": "text"}

    assert breaches(change) == [(unique_id, severity, event)]


@pytest.mark.parametrize(
    ("date", "is_reported"),
    [(None, True), ("2030-01-01T00:00:00+00:00", True), ("2020-01-01", False), ("soon", True)],
)
def test_a_contracted_model_that_is_gone_is_reported_unless_deprecated(date, is_reported):
    resources = shop_resources()
    del resources[DIM]

    def change(manifest):
        member(manifest, DIM)["deprecation_date"] = date

    found = breaches(change, graph=shop_graph(resources))
    assert found == ([(DIM, "error", None)] if is_reported else [])


def test_a_disabled_contracted_model_is_called_disabled():
    resources = shop_resources()
    disabled = {TAB: (resources.pop(TAB),)}
    graph = shop_graph(resources, disabled=disabled)
    [problem] = compare(manifest_of(shop_graph()), graph).contract_problems(NOW)
    assert problem.message.endswith(f"the contracted model `{TAB}` was disabled")
    assert problem.severity == "warning"


def test_an_unchanged_project_breaks_nothing():
    assert breaches(lambda manifest: None) == []  # noqa: ARG005
