"""Several states in an order, from the command line (defect D12)."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.cli.shop_project import Shop

PROFILE = """\
shop:
  target: dev
  outputs:
    dev: {type: duckdb, path: shop.duckdb, schema: dev, threads: 1}
    ci: {type: duckdb, path: shop.duckdb, schema: ci, threads: 1}
    staging: {type: duckdb, path: shop.duckdb, schema: staging, threads: 1}
    prod: {type: duckdb, path: shop.duckdb, schema: prod, threads: 1}
"""
LAYERS = ("ci", "staging", "prod")
NAMES = ("m0", "m1", "m2")
READER = "select '{{ target.schema }}' as own, " + ", ".join(
    f"(select place from {{{{ ref('{name}') }}}}) as {name}" for name in NAMES
)
FILES = {
    "profiles.yml": PROFILE,
    "models/reader.sql": READER,
    **{f"models/{name}.sql": "select '{{ target.schema }}' as place" for name in NAMES},
}
OPTIONS = tuple(word for name in LAYERS for word in ("--state", f"state-{name}"))


@pytest.fixture
def layers(tmp_path: Path) -> Shop:
    """Production is built whole, of the branch's environment `m1` and of staging `m0`, `m1`."""
    shop = Shop(tmp_path, FILES)
    for name, built in (("prod", NAMES), ("staging", ("m0", "m1")), ("ci", ("m1",))):
        publish(shop, name, built)
    return shop


def publish(shop: Shop, name: str, built: tuple[str, ...]) -> None:
    said = shop("run", "-s", *built, "--target", name, "--target-path", f"state-{name}")
    assert said.exit_code == 0, said.out


def test_each_resource_is_read_from_the_first_that_built_it(layers: Shop) -> None:
    said = layers("run", "-s", "reader", "--defer", *OPTIONS)
    assert said.exit_code == 0, said.out
    assert layers.rows("from dev.reader") == [("dev", "staging", "ci", "prod")]
    summary = "Deferred 3 of 3 references to state-ci (1), state-staging (1), state-prod (1)"
    assert summary in said.out
    result = layers.run_results()["results"][0]["adapter_response"]["upriver"]
    assert "state-ci" in str(result)


def test_the_plan_names_the_layer(layers: Shop) -> None:
    said = layers("plan", "-s", "reader", "--defer", *OPTIONS)
    assert "deferred: state-ci" in said.out
    assert "State: state-ci (under a minute old), then state-staging" in said.out


def test_settings_name_layers(layers: Shop) -> None:
    layers.write(
        {
            "upriver.yml": "deferral: {targets: {dev: {state: [{place: state-ci, name: branch},"
            " state-prod]}}}"
        }
    )
    said = layers("run", "-s", "reader")
    assert "to branch (1), state-prod (2)" in said.out, said.out


def test_a_state_that_is_not_there_yet_is_passed_over(layers: Shop) -> None:
    said = layers("run", "-s", "reader", "--defer", "--state", "nowhere", "--state", "state-prod")
    assert said.exit_code == 0
    assert "state-layer-missing" in said.out
    assert layers.rows("from dev.reader") == [("dev", "prod", "prod", "prod")]


def test_what_no_layer_built_is_missing(layers: Shop) -> None:
    layers.write({"drop.sql": ""})
    import duckdb  # the driver is loaded only by tests that change rows

    with duckdb.connect(str(layers.root / "shop.duckdb")) as connection:
        connection.execute("drop view prod.m2")
    said = layers("run", "-s", "reader", "--defer", *OPTIONS)
    assert said.exit_code == 2
    assert "error[deferral-relation-missing]" in said.out + said.err
    assert '"prod"."m2"' in said.out + said.err


def test_selectors_compare_with_the_last(layers: Shop) -> None:
    layers.write({"models/m0.sql": "select '{{ target.schema }}' as place, 1 as k"})
    publish(layers, "ci", ("m0",))
    assert layers("ls", "-q", "-s", "state:modified", *OPTIONS).out.split() == ["shop.m0"]


def test_variables_may_hold_several(layers: Shop) -> None:
    said = layers("run", "-s", "reader", "--defer", DBT_STATE="state-ci;state-prod")
    assert layers.rows("from dev.reader") == [("dev", "prod", "ci", "prod")], said.out


def test_no_layer_is_written_over(layers: Shop) -> None:
    said = layers("run", "-s", "m1", "--target", "staging", "--defer", *OPTIONS[:4])
    # Staging may be built while it is a layer itself; no other layer may be.
    assert said.exit_code == 0, said.out
    layers.write({"profiles.yml": PROFILE.replace("schema: dev", "schema: staging")})
    said = layers("run", "-s", "m1", "--defer", *OPTIONS)
    assert "error[deferral-overwrites-state]" in said.out + said.err


def test_retry_keeps_all_of_them(layers: Shop) -> None:
    layers.write({"models/reader.sql": f"{READER} where no_such"})
    assert layers("run", "-s", "reader", "--defer", *OPTIONS).exit_code == 1
    layers.write({"models/reader.sql": READER})
    said = layers("retry")
    assert said.exit_code == 0, said.out
    assert layers.rows("from dev.reader") == [("dev", "staging", "ci", "prod")]


def test_clone_takes_from_layers(layers: Shop) -> None:
    said = layers("clone", "-s", *NAMES, *OPTIONS)
    assert said.exit_code == 0, said.out
    rows = [layers.rows(f"select place from dev.{name}")[0][0] for name in NAMES]
    assert rows == ["staging", "ci", "prod"]


def test_fresh_reads_the_layer_that_has_the_present_code(tmp_path: Path) -> None:
    files = {**FILES, **{f"models/{name}.sql": "select 'a' as place" for name in NAMES}}
    shop = Shop(tmp_path, files)
    publish(shop, "prod", NAMES)
    shop.write({"models/m0.sql": "select 'b' as place", "models/m1.sql": "select 'b' as place"})
    publish(shop, "ci", ("m0", "m1"))
    shop.write({"models/m1.sql": "select 'a' as place", "models/reader.sql": READER[38:]})
    shop.write({"models/reader.sql": "select " + READER.partition("own, ")[2]})
    options = ("--defer-policy", "fresh", "--state", "state-ci", "--state", "state-prod")
    said = shop("run", "-s", "reader", *options)
    assert said.exit_code == 0, said.out
    # `m0` is the branch's, `m1` production's again, although the branch has built it.
    assert "Deferred 3 of 3 references to state-ci (1), state-prod (2)" in said.out
    assert shop.rows("from dev.reader") == [("b", "a", "a")]
    shop.write({"models/m2.sql": "select 'c' as place"})
    said = shop("run", "-s", "reader", *options)
    assert "1 ancestor that differs is built first" in said.out
    assert shop.rows("from dev.reader") == [("b", "a", "c")]


sets = st.sets(st.sampled_from(NAMES))


@settings(max_examples=6, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.fixed_dictionaries(dict.fromkeys(LAYERS, sets)), sets)
def test_reads_equal_a_simple_resolution(built: dict[str, set[str]], mine: set[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shop = Shop(Path(folder), FILES)
        for name in LAYERS:
            if built[name]:
                publish(shop, name, tuple(sorted(built[name])))
        if mine:
            assert shop("run", "-s", *sorted(mine)).exit_code == 0
        order = ("dev", *LAYERS)
        standing = {"dev": mine, **built}
        wanted = [
            next((name for name in order if model in standing[name]), None) for model in NAMES
        ]
        said = shop("run", "-s", "reader", "--defer", *OPTIONS)
        if None in wanted:
            assert said.exit_code != 0
        else:
            assert said.exit_code == 0, said.out
            assert shop.rows("from dev.reader") == [("dev", *wanted)]
