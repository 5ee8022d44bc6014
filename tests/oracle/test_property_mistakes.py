"""Mistakes in property files and between models: what dbt-core refuses is refused, nothing else."""

from __future__ import annotations

import pytest
from tests.oracle.playing import HERE, Played, Script, play_dbt, play_upriver

pytestmark = [pytest.mark.oracle, pytest.mark.xdist_group("oracle")]

PROJECT = HERE / "projects" / "mistakes"
GROUPS = "groups: [{name: a, owner: {name: x}}, {name: b, owner: {name: y}}]\n"
READS = {"models/reads.sql": "select * from {{ ref('orders') }}"}
TWO = {"models/v_v1.sql": "select 1 as id", "models/v_v2.sql": "select 2 as id"}


def _models(*entries: str) -> str:
    return "models:\n" + "".join(f"  - {entry}\n" for entry in entries)


CASES: dict[str, tuple[str, dict[str, str]]] = {
    "private to another group": (
        GROUPS
        + _models("{name: orders, access: private, group: a}", "{name: reads, group: b}"),
        READS,
    ),
    "private to no group of the reader": (
        GROUPS + _models("{name: orders, access: private, group: a}"),
        READS,
    ),
    "private to the reader's group": (
        GROUPS
        + _models("{name: orders, access: private, group: a}", "{name: reads, group: a}"),
        READS,
    ),
    "private without a group": (_models("{name: orders, access: private}"), READS),
    "private, tested": (
        GROUPS
        + _models(
            "{name: orders, access: private, group: a, "
            "columns: [{name: order_id, data_tests: [unique]}]}"
        ),
        {},
    ),
    "private, read by an exposure": (
        GROUPS
        + _models("{name: orders, access: private, group: a}")
        + "exposures: [{name: e, type: ml, owner: {name: x}, depends_on: [\"ref('orders')\"]}]\n",
        {},
    ),
    "private, read by an analysis": (
        GROUPS + _models("{name: orders, access: private, group: a}"),
        {"analyses/reads.sql": "select * from {{ ref('orders') }}"},
    ),
    "private, read by a singular test": (
        GROUPS + _models("{name: orders, access: private, group: a}"),
        {"tests/reads.sql": "select * from {{ ref('orders') }}"},
    ),
    "public and ephemeral": (
        _models("{name: orders, access: public, config: {materialized: ephemeral}}"), {},
    ),
    "unknown access": (_models("{name: orders, access: secret}"), {}),
    "unknown group": (_models("{name: orders, group: c}"), {}),
    "group twice": (GROUPS.replace("name: b,", "name: a,"), {}),
    "group of nobody": ("groups: [{name: a, owner: {slack: x}}]\n", {}),
    "group without owner": ("groups: [{name: a}]\n", {}),
    "versions and a model of the name": (
        _models("{name: orders, versions: [{v: 1}]}"), {"models/orders_v1.sql": "select 1"},
    ),
    "one version in the unsuffixed file": (_models("{name: orders, versions: [{v: 1}]}"), {}),
    "version twice": (_models("{name: v, versions: [{v: 1}, {v: 1}]}"), TWO),
    "version without v": (_models("{name: v, versions: [{v: 1}, {description: x}]}"), TWO),
    "version without a file": (_models("{name: v, versions: [{v: 1}, {v: 3}]}"), TWO),
    "latest is no version": (
        _models("{name: v, latest_version: 3, versions: [{v: 1}, {v: 2}]}"), TWO,
    ),
    "ref to no version": (
        _models("{name: v, versions: [{v: 1}, {v: 2}]}"),
        {**TWO, "models/reads.sql": "select * from {{ ref('v', v=3) }}"},
    ),
    "ref to the latest": (
        _models("{name: v, versions: [{v: 1}, {v: 2}]}"),
        {**TWO, "models/reads.sql": "select * from {{ ref('v') }}"},
    ),
    "ref to a version of none": ("", {"models/reads.sql": "select * from {{ ref('orders', v=1) }}"}),
    "ref to the file of a version": (
        _models("{name: v, versions: [{v: 1}, {v: 2}]}"),
        {**TWO, "models/reads.sql": "select * from {{ ref('v_v1') }}"},
    ),
    "include a list and exclude": (
        _models(
            "{name: v, columns: [{name: id}], "
            "versions: [{v: 1, columns: [{include: [id], exclude: [id]}]}, {v: 2}]}"
        ),
        TWO,
    ),
    "two includes": (
        _models(
            "{name: v, columns: [{name: id}], "
            "versions: [{v: 1, columns: [{include: all}, {include: all}]}, {v: 2}]}"
        ),
        TWO,
    ),
    "unknown key of a version": (_models("{name: v, versions: [{v: 1, tag: x}, {v: 2}]}"), TWO),
    "deprecation that is no date": (_models("{name: orders, deprecation_date: soon}"), {}),
    "meta twice": (_models("{name: orders, meta: {a: 1}, config: {meta: {b: 1}}}"), {}),
    "docs twice": (_models("{name: orders, docs: {show: true}, config: {docs: {show: true}}}"), {}),
    "colour that is none": (_models("{name: orders, docs: {node_color: nope}}"), {}),
    "tags that are numbers": (_models("{name: orders, config: {tags: [1]}}"), {}),
    "described twice": (_models("{name: orders}", "{name: orders}"), {}),
    "unknown constraint": (_models("{name: orders, constraints: [{type: nope}]}"), {}),
    "contract without types": (
        _models("{name: orders, config: {contract: {enforced: true}}, columns: [{name: order_id}]}"),
        {},
    ),
    "contract without columns": (
        _models("{name: orders, config: {contract: {enforced: true}}}"), {},
    ),
    "build_after without count": (
        _models("{name: orders, config: {freshness: {build_after: {period: day}}}}"), {},
    ),
    "build_after without period": (
        _models("{name: orders, config: {freshness: {build_after: {count: 1}}}}"), {},
    ),
    "build_after of an unknown period": (
        _models("{name: orders, config: {freshness: {build_after: {count: 1, period: eon}}}}"), {},
    ),
    "build_after of unknown updates": (
        _models(
            "{name: orders, config: {freshness: "
            "{build_after: {count: 1, period: day, updates_on: some}}}}"
        ),
        {},
    ),
    "freshness without build_after": (_models("{name: orders, config: {freshness: {}}}"), {}),
    "missing doc": (_models("{name: orders, description: \"{{ doc('nope') }}\"}"), {}),
    "exposure of an unknown type": ("exposures: [{name: e, type: x, owner: {name: a}}]\n", {}),
    "exposure of nobody": ("exposures: [{name: e, type: ml, owner: {phone: a}}]\n", {}),
    "exposure without owner": ("exposures: [{name: e, type: ml}]\n", {}),
    "exposure with an unknown key": (
        "exposures: [{name: e, type: ml, owner: {name: a}, tag: x}]\n", {},
    ),
    "exposure of a missing model": (
        "exposures: [{name: e, type: ml, owner: {name: a}, depends_on: [\"ref('nope')\"]}]\n", {},
    ),
    "exposure of a missing metric": (
        "exposures: [{name: e, type: ml, owner: {name: a}, depends_on: [\"metric('nope')\"]}]\n",
        {},
    ),
    "exposure of an unknown maturity": (
        "exposures: [{name: e, type: ml, owner: {name: a}, maturity: old}]\n", {},
    ),
    "metric that is missing": ("", {"models/reads.sql": "select 1 -- {{ metric('nope') }}"}),
    "function that is missing": ("", {"models/reads.sql": "select {{ function('nope') }}(1)"}),
    "function without returns": ("functions: [{name: f}]\n", {"functions/f.sql": "1"}),
    "function of nothing": ("functions: [{name: f, returns: {data_type: int}}]\n", {}),
    "function of an unknown type": (
        "functions: [{name: f, returns: {data_type: int}, config: {type: nope}}]\n",
        {"functions/f.sql": "1"},
    ),
    "function of an unknown volatility": (
        "functions: [{name: f, returns: {data_type: int}, config: {volatility: nope}}]\n",
        {"functions/f.sql": "1"},
    ),
    "function with an argument without type": (
        "functions: [{name: f, returns: {data_type: int}, arguments: [{name: a}]}]\n",
        {"functions/f.sql": "1"},
    ),
    "function and model of one name": (
        "functions: [{name: orders, returns: {data_type: int}}]\n", {"functions/orders.sql": "1"},
    ),
    "granularity that is none": (
        _models("{name: orders, columns: [{name: order_id, granularity: eon}]}"), {},
    ),
}  # fmt: skip


def _steps() -> Script:
    script: Script = []
    for name, (text, files) in CASES.items():
        # A file of comments is one that says nothing.
        written = {"models/odd.yml": text or "# nothing\n", **files}
        script += [
            {"name": f"{name}: write", "write": written},
            {"name": name, "run": ["parse", "--no-partial-parse"]},
            {"name": f"{name}: remove", "remove": list(written)},
        ]
    return script


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Played, Played]:
    script, out = _steps(), tmp_path_factory.mktemp("properties")
    return play_dbt("property-mistakes", PROJECT, script), play_upriver(PROJECT, script, out)


@pytest.mark.parametrize("name", CASES)
def test_mistake(played: tuple[Played, Played], name: str) -> None:
    dbt, ours = (one.results[name] for one in played)
    assert bool(dbt["exit_code"]) == bool(ours["exit_code"]), (dbt["error"], ours["error"])
