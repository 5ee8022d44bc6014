# ruff: noqa: E501 - a table: one edit a line
"""Edits of the project `shop`, for comparing what `state:` selects after each (deferral.md 12)."""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.oracle.playing import HERE, Script

PROJECT = HERE / "projects" / "shop"
VALUES = (
    "new", "old", "modified", "unmodified", "modified.body", "modified.configs",
    "modified.relation", "modified.persisted_descriptions", "modified.macros", "modified.contract",
)  # fmt: skip
FLAG = "state_modified_compare_more_unrendered_values"


class Edit(NamedTuple):
    """One change, made alone."""

    name: str
    steps: list[dict[str, Any]]
    options: list[str] = []
    env: dict[str, str] = {}


def edit(file: str, old: str, new: str) -> dict[str, Any]:
    """Replace a text that a file holds."""
    return {"edit": [file, old, new]}


def write(**files: str) -> dict[str, Any]:
    """Write files; `__` stands for a slash and `_dot_` for a dot."""
    return {"write": {k.replace("__", "/").replace("_dot_", "."): v for k, v in files.items()}}


_STG = "models/staging/stg_payments.sql"
_ORDERS = "models/core/orders.sql"
_CORE = "models/core/schema.yml"
_STAGING = "models/staging/schema.yml"
_SOURCES = "models/staging/sources.yml"
_MARTS = "models/marts/schema.yml"
_PROJECT = "dbt_project.yml"
_MACROS = "macros/macros.sql"

EDITS = [
    Edit("nothing", []),
    # Bodies.
    Edit("body", [edit(_STG, "amount, {{", "amount + 0 as amount, {{")]),
    Edit("space inside", [edit(_STG, "select id", "select  id")]),
    Edit("space at the ends", [edit(_STG, "from {{ ref('raw_payments') }}", "from {{ ref('raw_payments') }}\n\n  ")]),
    Edit("comment", [edit(_STG, "select id", "-- why\nselect id")]),
    Edit("carriage returns", [edit(_STG, "\n", "\r\n")]),
    Edit("seed row", [edit("seeds/raw_payments.csv", "4,13,,", "4,13,1,")]),
    Edit("seed line ends", [edit("seeds/raw_payments.csv", "\n", "\r\n")]),
    Edit("analysis", [edit("analyses/top.sql", "desc", "asc")]),
    Edit("singular test", [edit("tests/orders_are_paid.sql", "is null", "is not null")]),
    Edit("snapshot", [edit("snapshots/snap.sql", "order_id, status from", "status, order_id from")]),
    Edit("yaml snapshot", [edit("snapshots/snap.yml", "ref('stg_customers')", "ref('customers')")]),
    Edit("moved", [{"copy": ["models/marts/by_status.sql", "models/core/by_status.sql"]}, {"remove": ["models/marts/by_status.sql"]}]),
    Edit("renamed", [{"copy": [_STG, "models/staging/stg_paid.sql"]}, edit("models/core/eph_paid.sql", "stg_payments", "stg_paid")]),
    Edit("deleted", [{"remove": ["models/marts/numbered_orders.sql"]}]),
    Edit("new model", [write(models__marts__fresh_dot_sql="select * from {{ ref('orders') }}")]),
    Edit("new test", [edit(_STAGING, "- {name: name, quote: true, data_tests: [not_null]}", "- {name: name, quote: true, data_tests: [not_null, unique]}")]),
    # Config.
    Edit("config in the file", [edit("models/marts/numbered_orders.sql", "tags='custom'", "meta={'a': 1}, tags='custom'")]),
    Edit("tags in the file", [edit("models/marts/numbered_orders.sql", "tags='custom'", "tags='other'")]),
    Edit("materialized", [edit(_ORDERS, "config(", "config(materialized='view', ")]),
    Edit("alias", [edit("models/staging/stg_customers.sql", "customers_clean", "customers_cleaner")]),
    Edit("schema", [edit(_PROJECT, "+schema: core", "+schema: kernel")]),
    Edit("database", [edit(_PROJECT, "+schema: core", "+database: shop\n      +schema: core")]),
    Edit("enabled in full", [edit(_PROJECT, "  +meta: {layer: unknown}", "  +meta: {layer: unknown}\n  +enabled: true")]),
    Edit("meta in the tree", [edit(_PROJECT, "{layer: staging}", "{layer: stage}")]),
    Edit("tags in the tree", [edit(_PROJECT, "+tags: staging", "+tags: [staging, more]")]),
    Edit("group", [edit(_PROJECT, "      +group: finance\n", "")]),
    Edit("hook in the tree", [edit(_PROJECT, "+materialized: view", "+materialized: view\n      +post-hook: select 1")]),
    Edit("docs in the tree", [edit(_PROJECT, "+materialized: view", "+materialized: view\n      +docs: {node_color: red}")]),
    Edit("template in the tree", [edit(_PROJECT, "+materialized: view", "+materialized: \"{{ 'view' }}\"")]),
    Edit("config in yaml", [edit(_STAGING, "config: {tags: [money]}", "config: {tags: [money], meta: {x: 1}}")]),
    Edit("tags in yaml", [edit(_STAGING, "config: {tags: [money]}", "config: {tags: [money, more]}")]),
    Edit("template in yaml", [edit(_STAGING, "config: {tags: [money]}", 'config: {tags: [money], event_time: "{{ target.name }}"}')]),
    Edit("hook in the file", [edit(_STG, 'pre_hook="select 1"', 'pre_hook="select 11"')]),
    Edit("seed types", [edit(_PROJECT, "paid_on: date", "paid_on: varchar")]),
    Edit("test severity", [edit(_STAGING, "severity: warn, error_if", "severity: error, error_if")]),
    Edit("test where", [edit(_STAGING, "order_id > 0", "order_id > 1")]),
    Edit("test tags", [edit(_STAGING, "tags: [extra]", "tags: [extras]")]),
    Edit("test argument", [edit(_STAGING, "values: [done, open]}", "values: [done, open, x]}")]),
    Edit("test description", [edit(_STAGING, "name: status_is_known", "name: status_is_known\n              description: said")]),
    Edit("test tree", [edit(_PROJECT, "{kind: mart}", "{kind: marts}")]),
    Edit("access", [edit("models/marts/private_one.sql", "'private'", "'protected'")]),
    # Descriptions.
    Edit("persisted description", [edit(_CORE, "Orders with what's paid", "Orders, paid")]),
    Edit("persisted column", [edit(_CORE, "In euros", "In dollars")]),
    Edit("description", [edit(_STAGING, "description: Key", "description: The key")]),
    Edit("docs block", [edit("models/docs.md", "**once**", "**twice**")]),
    Edit("column meta", [edit(_CORE, "description: In euros", "description: In euros, meta: {x: 1}, tags: [t]")]),
    # Macros.
    Edit("macro", [edit(_MACROS, "* 100", "* 100.0")]),
    Edit("macro spaces", [edit(_MACROS, "-%} round", "-%}  round")]),
    Edit("dispatched macro", [edit(_MACROS, "'[' ||", "'(' ||")]),
    Edit("test macro", [edit("tests/generic/at_least.sql", "1 as missing", "2 as missing")]),
    Edit("naming macro", [edit(_MACROS, "_seed{%- endif", "_seeds{%- endif")]),
    Edit("materialization", [edit(_MACROS, "as n, q.*", "as m, q.*")]),
    Edit("unused macro", [edit(_MACROS, "'hello '", "'hi '")]),
    Edit("overriding macro", [write(macros__over_dot_sql="{% macro date_trunc(a, b) %}x{% endmacro %}")]),
    Edit("macro moved", [write(macros__more_dot_sql="{% macro cents(column, digits=2) -%} round({{ column }} * 100, {{ digits }}) {%- endmacro %}\n"),
                         edit(_MACROS, "{% macro cents(column, digits=2) -%} round({{ column }} * 100, {{ digits }}) {%- endmacro %}\n", "")]),
    Edit("macro description", [edit("macros/macros.yml", "Whole cents", "Cents")]),
    # Sources, exposures, unit tests, groups.
    Edit("source identifier", [edit(_SOURCES, "identifier: raw_customers", "identifier: raw_people")]),
    Edit("source schema", [edit(_SOURCES, '"{{ target.schema }}"', '"{{ target.schema }}2"')]),
    Edit("source description", [edit(_SOURCES, "As loaded", "As it was loaded")]),
    Edit("source freshness", [edit(_SOURCES, "count: 1", "count: 2")]),
    Edit("source loaded at", [edit(_SOURCES, "loaded_at_field: joined_on", "loaded_at_field: id")]),
    Edit("source meta", [edit(_SOURCES, "meta: {a: 1}", "meta: {a: 2}")]),
    Edit("source tags", [edit(_SOURCES, "tags: [raw]", "tags: [raw, rawer]")]),
    Edit("source quoting", [edit(_SOURCES, "identifier: false", "identifier: true")]),
    Edit("new source", [edit(_SOURCES, "    tables:\n", "    tables:\n      - {name: extra}\n")]),
    Edit("exposure owner", [edit(_MARTS, "email: a@example.com", "email: b@example.com")]),
    Edit("exposure parents", [edit(_MARTS, "      - ref('dim_status', v=1)\n", "")]),
    Edit("exposure tags", [edit(_MARTS, "tags: [seen]", "tags: [unseen]")]),
    Edit("exposure description", [edit(_MARTS, "maturity: high", "maturity: high\n    description: said")]),
    Edit("new exposure", [edit(_MARTS, "exposures:\n", "exposures:\n  - {name: other, type: ml, owner: {email: a@b.c}, depends_on: [ref('orders')]}\n")]),
    Edit("unit test rows", [edit(_STAGING, "cents: 150}", "cents: 151}")]),
    Edit("unit test description", [edit(_STAGING, "    model: stg_payments\n", "    model: stg_payments\n    description: said\n")]),
    Edit("group owner", [edit(_CORE, "name: Fin,", "name: Finn,")]),
    # Versions and contracts.
    Edit("latest version", [edit(_CORE, "latest_version: 2", "latest_version: 1")]),
    Edit("deprecation", [edit(_CORE, "2099-01-01", "2098-01-01")]),
    Edit("contract column added", [edit(_CORE, "      - {name: status, data_type: varchar}\n", "      - {name: status, data_type: varchar}\n      - {name: more, data_type: varchar}\n")]),
    Edit("contract precision", [edit(_CORE, "decimal(10,2)", "decimal(12,4)")]),
    Edit("contract column removed", [edit(_CORE, "      - {name: status, data_type: varchar}\n", "")]),
    Edit("contract type", [edit(_CORE, "name: customer_id, data_type: integer", "name: customer_id, data_type: varchar")]),
    Edit("contract off", [edit(_ORDERS, "{'enforced': true}", "{'enforced': false}")]),
    Edit("constraint removed", [edit(_CORE, "constraints: [{type: not_null}], ", "")]),
    Edit("contracted model deleted", [{"remove": [_ORDERS, "models/marts"]}, edit("models/core/customers.sql", "{{ ref('orders') }}", "{{ ref('stg_orders') }}"),
                                      edit(_CORE, "  - name: orders\n", "  - name: gone\n")]),
    # The outside.
    Edit("var in a body", [], ["--vars", "{min_amount: 6}"]),
    Edit("var in config", [], ["--vars", "{has_off: true}"]),
    Edit("target", [], ["--target", "prod"]),
]  # fmt: skip


UNRENDERED = tuple(
    one for one in EDITS
    if any(word in one.name for word in ("in the", "in yaml", "target", "source", "nothing", "test"))
)  # fmt: skip
"""The edits that the flag could make a difference to."""


def edits(*, has_flag: bool) -> tuple[Edit, ...]:
    """Return the edits compared with the flag, or without."""
    return UNRENDERED if has_flag else tuple(EDITS)


def script(*, has_flag: bool) -> Script:
    """Return all edits as one script; every edit begins with the project as published."""
    flags = [edit(_PROJECT, "name: shop\n", f"name: shop\nflags: {{{FLAG}: true}}\n")]
    steps: Script = [
        {**step, "name": f"flag {at}"} for at, step in enumerate(flags if has_flag else [])
    ]
    steps.append({"name": "publish", "run": ["parse", "--target-path", "state"]})
    kept = ("models", "macros", "seeds", "snapshots", "tests", "analyses", _PROJECT)
    steps += [{"name": f"keep {one}", "copy": [one, f"kept/{one}"]} for one in kept]
    for one in edits(has_flag=has_flag):
        steps.append({"name": f"{one.name}: forget", "remove": list(kept)})
        steps.append({"name": f"{one.name}: restore", "copy": ["kept", "."]})
        steps += [{**step, "name": f"{one.name}: {at}"} for at, step in enumerate(one.steps)]
        steps.append(
            {"name": f"{one.name}: parse", "run": ["parse", "--no-partial-parse", *one.options]}
        )
        asked = {
            value: [
                "-s",
                f"state:{value}",
                "--resource-type",
                "all",
                "--state",
                "state",
                *one.options,
            ]
            for value in VALUES
        }
        # Tests come along with what they test, which would hide whether they are modified.
        for value in ("modified", "new"):
            asked[f"{value} alone"] = [*asked[value], "--indirect-selection", "empty"]
        steps.append({"name": one.name, "list": asked})
    return steps  # fmt: skip
