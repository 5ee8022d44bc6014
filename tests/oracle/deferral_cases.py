"""Cases of deferral: what both programs do from equal starts (deferral.md sections 8 and 17).

Every case begins with production built and its artifacts in `state/`, and with no development
schema. `before` are commands or other steps that set the stage; `run` is the command compared.
`better` names the row of section 18 by which upriver differs on purpose (`case`: DuckDB does not
tell names apart by case, so upriver does not either); `BETTER` says what it does instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.oracle.playing import HERE, Script

PROJECT = HERE / "projects" / "deferral"
DATABASE = "wh.duckdb"
RESET = [
    DATABASE,
    "drop schema if exists dev cascade",
    "drop schema if exists dev2 cascade",
    "drop schema if exists dev_dbt_test__audit cascade",
]
STATE = ["--state", "state"]
DEFER = ["--defer", *STATE]
FAVOR = [*DEFER, "--favor-state"]
BROKEN = ["--vars", "broken: true"]
HOOKED = ["--vars", "hooked: true"]
STAGING = ["run", "-s", "stg_orders", "stg_customers"]
SEEDED = ["build", "-s", "raw_customers", "stg_orders", "stg_customers", "snap_customers"]
OLD_DEV = "create schema dev"
UNKEYED = ["--exclude", "keyed"]
"""Foreign keys have a rule of their own in dbt (D8)."""


class Case(NamedTuple):
    """One command from one start."""

    name: str
    run: list[str]
    before: list[list[str] | dict[str, Any]] = []
    env: dict[str, str] = {}
    better: str = ""
    cwd: str = "."
    fresh: bool = False


def node(name: str, *keys: str) -> list[str]:
    """Return the path of a value of a model in a manifest."""
    return ["nodes", f"model.shop.{name}", *keys]


def changed(*changes: tuple[list[str], Any]) -> dict[str, Any]:
    """Return the step that changes values of the second state, `state_b`."""
    return {"set": ["state_b/manifest.json", [list(change) for change in changes]]}


COPY_STATE: dict[str, Any] = {"copy": ["state", "state_b"]}
B = ["--defer", "--state", "state_b"]
INT = ["run", "-s", "int_orders"]
PARTIAL: list[list[str] | dict[str, Any]] = [
    ["run", "-s", "stg_customers", *DEFER], {"copy": ["target", "state_b"]}
]  # fmt: skip

EXAMPLES = [
    Case("E1", [*INT, *DEFER]),
    Case("E2", INT),
    Case("E3", [*INT, *DEFER], [STAGING]),
    Case("E3 with seeds", [*INT, *DEFER], [SEEDED]),
    Case("E4", [*INT, *FAVOR], [SEEDED]),
    Case("E5", ["run", "-s", "stg_customers", "int_orders", *FAVOR], [SEEDED]),
    Case("E6", [*INT, *STATE, "--favor-state"], [SEEDED]),
    Case("E7", ["compile", "-s", "stg_customers", "int_orders", *DEFER]),
    Case("E7 favoured", ["compile", "-s", "stg_customers", "int_orders", *FAVOR]),
    Case("E8", ["run", "-s", "stg_customers", "int_orders", *DEFER]),
    Case("E9", ["test", "-s", "int_orders", *DEFER]),
    Case("E10", ["test", "-s", "int_orders", *DEFER], [[*INT, *DEFER]]),
    Case("E11", ["test", "-s", "int_orders", *FAVOR], [[*INT, *DEFER]], better="D4"),
    Case("E12", ["build", "-s", "int_orders", *FAVOR]),
    Case("E13 first", ["build", "-s", "fct_inc", *DEFER]),
    Case("E13 second", ["build", "-s", "fct_inc", *DEFER], [["build", "-s", "fct_inc", *DEFER]]),
    Case("E14", ["run", "-s", "uses_ver", *DEFER]),
    Case("E15", ["run", "-s", "uses_snap", *DEFER], [SEEDED]),
    Case("E15 favoured", ["run", "-s", "uses_snap", *FAVOR], [SEEDED]),
    Case("E16", ["run", *DEFER, *UNKEYED]),
    Case("E16 favoured", ["run", *FAVOR, *UNKEYED], [["seed"]]),
    Case("E17", ["build", "-s", "int_orders", "fct_inc", *DEFER, *BROKEN]),
    Case("E17 later", ["run", "-s", "fct_inc", *DEFER],
         [["build", "-s", "int_orders", "fct_inc", *DEFER, *BROKEN]]),
    Case("E18", [*INT, "--target", "prod", *DEFER]),
    Case("E19", [*INT, *B, "--target", "dev2"], PARTIAL, better="D10"),
    Case("E19 unchecked", [*INT, *B, "--target", "dev2"], PARTIAL,
         env={"DBT_CHECK_DEFERRED_RELATIONS": "false"}),
]  # fmt: skip

COMMANDS_WITHOUT_STATE = {
    "run": ["run"], "build": ["build"], "test": ["test"], "compile": ["compile"],
    "show": ["show", "-s", "stg_orders"], "snapshot": ["snapshot"], "seed": ["seed"],
    "ls": ["ls"], "parse": ["parse"], "run-operation": ["run-operation", "say_where"],
    "empty selection": ["run", "-s", "nothing_here"],
}  # fmt: skip

STATELESS = [
    Case("no state: clone", ["clone"]),
    *(Case(f"no state: {name}", [*args, "--defer"]) for name, args in COMMANDS_WITHOUT_STATE.items()),
]  # fmt: skip

_INT = ["compile", "-s", "int_orders"]
PRECEDENCE = [
    Case("env", _INT, env={"DBT_DEFER": "1", "DBT_STATE": "state"}),
    Case("engine env", _INT, env={"DBT_ENGINE_DEFER": "true", "DBT_ENGINE_STATE": "state"}),
    Case("engine env wins", _INT,
         env={"DBT_ENGINE_DEFER": "0", "DBT_DEFER": "1", "DBT_STATE": "state"}),
    Case("option wins", [*_INT, "--no-defer"], env={"DBT_DEFER": "1", "DBT_STATE": "state"}),
    Case("old variable defers", [*_INT, "--no-defer", *STATE],
         env={"DBT_DEFER_TO_STATE": "1"}),
    Case("old variable's path", [*_INT, "--defer", *STATE],
         env={"DBT_ARTIFACT_STATE_PATH": "nowhere"}),
    Case("old variable favours", [*_INT, *DEFER], [SEEDED], env={"DBT_FAVOR_STATE_MODE": "1"}),
    Case("defer state of env", [*_INT, *DEFER], env={"DBT_DEFER_STATE": "nowhere"}, better="D7"),
    Case("empty env", [*_INT, "--defer"], env={"DBT_STATE": ""}),
    Case("bad boolean", _INT, env={"DBT_DEFER": "perhaps"}, fresh=True),
    Case("favoured without defer", [*_INT, *STATE], [SEEDED], env={"DBT_FAVOR_STATE": "1"}),
    Case("favour off", [*_INT, *DEFER, "--no-favor-state"], [SEEDED],
         env={"DBT_FAVOR_STATE": "1"}),
    Case("options before the command", ["--defer", "--state", "state", *_INT]),
    Case("option given twice", ["--defer", *_INT, *DEFER], fresh=True),
    Case("relative to the project", [*_INT, "--project-dir", "..", "--profiles-dir", "..", *DEFER],
         cwd="models"),
    Case("defer state", [*_INT, "--defer", "--defer-state", "state"]),
    Case("two states",
         ["compile", "-s", "state:modified", "--defer", "--state", "state_b", "--defer-state", "state"],
         [COPY_STATE, changed((node("int_orders", "checksum", "checksum"), "other"))]),
    Case("state without manifest",
         [*_INT, "--defer", "--state", "seeds", "--defer-state", "state"]),
    Case("selector needs --state", ["ls", "-s", "state:modified", "--defer-state", "state"]),
    Case("state is a file", [*_INT, "--defer", "--state", "dbt_project.yml"], fresh=True),
]  # fmt: skip

_AT = "state_b/manifest.json"
_VERSION = ["metadata", "dbt_schema_version"]
_SCHEMA = "https://schemas.getdbt.com/dbt/manifest/"
LOADING = [
    Case("directory missing", [*_INT, "--defer", "--state", "nowhere"]),
    Case("directory empty", [*_INT, "--defer", "--state", "seeds"]),
    Case("missing and not needed", [*_INT, "--state", "nowhere"]),
    Case("missing for a selector", ["ls", "-s", "state:modified", "--state", "nowhere"]),
    Case("no run results", ["ls", "-s", "result:error", "--state", "nowhere"]),
    Case("no sources", ["ls", "-s", "source_status:fresher", *STATE]),
    Case("truncated", [*_INT, *B], [{"write": {_AT: '{"metadata": {"dbt_schema'}}]),
    Case("truncated and not needed", [*_INT, "--state", "state_b"], [{"write": {_AT: "{"}}]),
    Case("older version", [*_INT, *B], [COPY_STATE, changed((_VERSION, f"{_SCHEMA}v3.json"))]),
    Case("newer version", [*_INT, *B], [COPY_STATE, changed((_VERSION, f"{_SCHEMA}v20.json"))],
         better="D17"),
    Case("version 11", [*_INT, *B], [COPY_STATE, changed((_VERSION, f"{_SCHEMA}v11.json"))]),
    Case("no version", [*_INT, *B], [COPY_STATE, changed((_VERSION, None))]),
    Case("wrong shape", [*_INT, *B], [COPY_STATE, changed((["nodes"], []))]),
    Case("unknown keys", [*_INT, *B],
         [COPY_STATE, changed((["novel"], {"a": 1}), (node("stg_customers", "novel"), 1))]),
    Case("no functions", [*_INT, *B], [COPY_STATE, changed((["functions"], None))]),
]  # fmt: skip

_ELSEWHERE = changed(
    (node("stg_customers", "database"), "other"),
    (node("stg_customers", "schema"), "far"),
    (node("stg_customers", "alias"), "away"),
    (node("stg_customers", "relation_name"), "xx.yy.zz"),
)
_VERSIONS = "    latest_version: 2\n    versions: [{v: 1}, {v: 2}]\n"
COUNTERPARTS = [
    Case("elsewhere", [*_INT, *B], [COPY_STATE, _ELSEWHERE]),
    Case("ephemeral there", [*INT, *B],
         [COPY_STATE, changed((node("stg_customers", "config", "materialized"), "ephemeral"))]),
    Case("absent there", [*INT, *B], [COPY_STATE, changed((node("stg_customers"), None))]),
    Case("absent there, favoured", [*INT, *B, "--favor-state"],
         [SEEDED, COPY_STATE, changed((node("stg_customers"), None))]),
    Case("table there, ephemeral here", ["compile", "-s", "fct_inc", *DEFER],
         [{"edit": ["models/int_orders.sql", "'table'", "'ephemeral'"]}]),
    Case("gone from the warehouse", [*INT, *B],
         [COPY_STATE, changed((node("stg_customers", "schema"), "not_there"))], better="D10"),
    Case("gone from the warehouse, unchecked", [*INT, *B],
         [COPY_STATE, changed((node("stg_customers", "schema"), "not_there"))],
         env={"DBT_CHECK_DEFERRED_RELATIONS": "false"}),
    Case("state of another project", [*_INT, "--defer", "--state", "state_b"],
         [COPY_STATE, changed((["nodes"], {}), (["metadata", "project_name"], "elsewhere"))],
         better="D10"),
]  # fmt: skip
# dbt's partial parsing loses versions that come and go, so this one is last.
NEW_VERSION = Case("new version", ["compile", "-s", "uses_ver", *DEFER],
    [{"write": {"models/dim_ver_v3.sql": "select 1 as id"}},
     {"edit": ["models/schema.yml", _VERSIONS,
               "    latest_version: 3\n    versions: [{v: 1}, {v: 2}, {v: 3}]\n"]}])  # fmt: skip

_NAMED = "not_null_int_orders_id"
CONSTRUCTS = [
    Case("hooks", ["run", "-s", "hooked", *DEFER]),
    Case("hooks not deferred", ["run", "-s", "hooked"]),
    Case("hooks of the run", ["run", "-s", "stg_orders", *DEFER, *HOOKED]),
    Case("hooks of the run not deferred", ["run", "-s", "stg_orders", *HOOKED]),
    Case("introspection", ["run", "-s", "introspective", *DEFER]),
    Case("introspection of dev", ["run", "-s", "introspective", *DEFER], [SEEDED]),
    Case("introspection favoured", ["run", "-s", "introspective", *FAVOR], [SEEDED]),
    Case("analysis", ["compile", "-s", "look", *DEFER]),
    Case("inline show", ["show", "--inline", "select * from {{ ref('int_orders') }}", *DEFER]),
    Case("inline show favoured",
         ["show", "--inline", "select * from {{ ref('stg_orders') }}, {{ ref('raw_customers') }}",
          *FAVOR], [SEEDED]),
    Case("show", ["show", "-s", "int_orders", "--indirect-selection", "empty", *DEFER]),
    Case("inline compile",
         ["compile", "--inline", "select * from {{ ref('eph_orders') }}", *DEFER]),
    Case("snapshot", ["snapshot", *DEFER]),
    Case("seed", ["seed", *DEFER]),
    Case("singular test", ["test", "-s", "orders_have_names", *DEFER]),
    Case("singular test mixed", ["test", "-s", "orders_have_names", *DEFER], [SEEDED]),
    Case("singular test favoured", ["test", "-s", "orders_have_names", *FAVOR], [[*INT, *DEFER]]),
    Case("named test favoured", ["test", "-s", _NAMED, *FAVOR], [[*INT, *DEFER]], better="D4"),
    Case("unit test", ["test", "-s", "customers_pass", *DEFER]),
    Case("unit test not deferred", ["test", "-s", "customers_pass"]),
    Case("unit test in build", ["build", "-s", "stg_customers", *DEFER]),
    Case("operation", ["run-operation", "say_where", *DEFER]),
    Case("key deferred", ["run", "-s", "keyed", *DEFER]),
    Case("key of dev", ["run", "-s", "keyed", *DEFER], [["run", "-s", "parent"]], better="D8"),
    Case("key selected", ["run", "-s", "parent", "keyed", *DEFER], better="D8"),
    Case("stored failures", ["test", "-s", _NAMED, *DEFER, "--store-failures"]),
    Case("empty", [*INT, *DEFER, "--empty"]),
    Case("whole build", ["build", *FAVOR, *UNKEYED]),
    Case("no cache", [*INT, *DEFER, "--no-populate-cache"], [SEEDED]),
    Case("cache of selected", [*INT, *DEFER, "--cache-selected-only"], [SEEDED]),
    Case("full refresh", ["run", "-s", "fct_inc", *DEFER, "--full-refresh"],
         [["run", "-s", "fct_inc", *DEFER]]),
    Case("leftover view", [*INT, *DEFER],
         [{"sql": [DATABASE, OLD_DEV, "create view dev.stg_customers as select 7 as id, 'o' as name"]}]),
    Case("other case", [*INT, *DEFER],
         [{"sql": [DATABASE, OLD_DEV, "create table dev.STG_CUSTOMERS as select 1 as id, 'u' as name"]}],
         better="case"),
]  # fmt: skip

CLONES = [
    Case("clone", ["clone", *STATE], better="D14"),
    Case("clone again", ["clone", *STATE], [["clone", *STATE]], better="D14"),
    Case("clone refreshed", ["clone", *STATE, "--full-refresh"], [["clone", *STATE]], better="D14"),
    Case("clone one", ["clone", "-s", "stg_orders", "stg_customers", *STATE]),
    Case("clone by type", ["clone", "--resource-type", "seed", *STATE], better="D14"),
    Case("clone without counterpart", ["clone", "-s", "stg_customers", "--state", "state_b"],
         [COPY_STATE, changed((node("stg_customers"), None))]),
    Case("clone onto itself", ["clone", "--target", "prod", *STATE]),
    Case("clone where it exists", ["clone", "-s", "stg_customers", *STATE], [SEEDED]),
    Case("build on a clone", [*INT, *DEFER], [["clone", "-s", "stg_customers", *STATE]]),
    Case("clone with defer state",
         ["clone", "-s", "stg_orders", "--state", "nowhere", "--defer-state", "state"]),
    Case("incremental on a clone", ["run", "-s", "fct_inc", *DEFER],
         [["clone", "-s", "fct_inc", *STATE]], better="D14"),
    Case("snapshot on a clone", ["snapshot", *DEFER],
         [["clone", "-s", "snap_customers", *STATE]], better="D14"),
]  # fmt: skip

_MENDED = "{{ config(materialized='table') }} select id, name from {{ ref('stg_customers') }}"
_BREAK = {"write": {"models/int_orders.sql": "select nope from {{ ref('stg_customers') }}"}}
_MEND = {"write": {"models/int_orders.sql": _MENDED}}


def _failed(*options: str) -> list[list[str] | dict[str, Any]]:
    return [_BREAK, ["build", "-s", "int_orders", "fct_inc", *options], _MEND]


RETRIES = [
    Case("retry", ["retry"], _failed(*DEFER), fresh=True),
    Case("retry favoured", ["retry"], _failed(*FAVOR), fresh=True, better="D6"),
    Case("retry with defer state", ["retry"], _failed("--defer", "--defer-state", "state"),
         fresh=True, better="D6"),
    Case("retry with state in the environment", ["retry"], _failed(*DEFER),
         env={"DBT_STATE": "state"}, fresh=True, better="D6"),
    Case("nothing to retry", ["retry"], [["run", "-s", "stg_orders", *DEFER]], fresh=True),
]  # fmt: skip

CASES = [
    *EXAMPLES, *STATELESS, *PRECEDENCE, *LOADING, *COUNTERPARTS, *CONSTRUCTS, *CLONES, *RETRIES,
    NEW_VERSION,
]  # fmt: skip


_NOT_NULL = "test.shop.not_null_int_orders_id.8a9033c1ce"
_RELATED = "test.shop.relationships_int_orders_id__id__ref_fct_inc_.936761dae4"
_HERE = {"model.shop.int_orders": "success", "model.shop.fct_inc": "success"}
_AS_BUILT = {"model.shop.fct_inc": ["wh.dev.int_orders"]}
BETTER: dict[str, dict[str, Any]] = {
    "E11": {"exit code": 0, "reads": {_NOT_NULL: ["wh.dev.int_orders"],
                                      _RELATED: ["wh.dev.int_orders", "wh.prod.fct_inc"]}},
    "gone from the warehouse": {"exit code": 2, "statuses": {}},
    "E19": {"exit code": 2, "statuses": {}},
    "named test favoured": {"exit code": 0, "reads": {_NOT_NULL: ["wh.dev.int_orders"]}},
    "defer state of env": {"exit code": 0, "reads": {
        "model.shop.int_orders": ["wh.prod.stg_orders", "wh.prod.stg_customers"]}},
    "newer version": {"exit code": 0, "reads": {
        "model.shop.int_orders": ["wh.prod.stg_orders", "wh.prod.stg_customers"]}},
    "state of another project": {"exit code": 2, "statuses": {}},
    "key of dev": {"exit code": 0, "statuses": {"model.shop.keyed": "success"}},
    "key selected": {"exit code": 0, "statuses": {"model.shop.keyed": "success"}},
    "other case": {"exit code": 0, "reads": {
        "model.shop.int_orders": ["wh.prod.stg_orders", "wh.dev.stg_customers"]}},
    "clone": {"kinds": {"wh.dev.fct_inc": "table", "wh.dev.snap_customers": "table",
                        "wh.dev.stg_orders": "view", "wh.dev.int_orders": "view"}},
    "clone by type": {"kinds": {"wh.dev.raw_customers": "table"}},
    "clone again": {"kinds": {"wh.dev.fct_inc": "table", "wh.dev.int_orders": "view"}},
    "clone refreshed": {"kinds": {"wh.dev.fct_inc": "table", "wh.dev.int_orders": "view"}},
    "incremental on a clone": {"exit code": 0, "tables": {
        "wh.dev.fct_inc": ("table", [["1", "ada", "False"], ["2", "grace", "True"]])}},
    "snapshot on a clone": {"exit code": 0, "kinds": {"wh.dev.snap_customers": "table"}},
    "retry favoured": {"exit code": 0, "statuses": _HERE, "reads": _AS_BUILT},
    "retry with defer state": {"exit code": 0, "statuses": _HERE, "reads": _AS_BUILT},
    "retry with state in the environment": {"exit code": 0, "statuses": _HERE, "reads": _AS_BUILT},
}  # fmt: skip
"""What upriver does where it is better: parts of what is seen of a case."""


def script() -> Script:
    """Return every case as one script."""
    rows = "select * from (values (1, 1), (2, 2)) t(id, customer_id)"
    steps: Script = [
        {"name": "raw", "sql": [DATABASE, "create schema raw", f"create table raw.orders as {rows}"]},
        {"name": "production", "run": ["build", "--target", "prod"]},
        {"name": "publish", "copy": ["target", "state"]},
        {"name": "keep the project", "copy": ["models", "kept"]},
    ]  # fmt: skip
    for case in CASES:
        steps += _steps(case)
    return steps


def _steps(case: Case) -> Iterator[dict[str, Any]]:
    yield {"name": f"{case.name}: reset", "sql": RESET}
    yield {"name": f"{case.name}: forget", "remove": ["state_b", "models"]}
    yield {"name": f"{case.name}: restore", "copy": ["kept", "models"]}
    for at, step in enumerate(case.before):
        done = {"run": step} if isinstance(step, list) else step
        yield {**done, "name": f"{case.name}: before {at}"}
    yield {
        "name": case.name, "run": case.run, "env": case.env, "cwd": case.cwd, "fresh": case.fresh,
    }  # fmt: skip
    yield {"name": f"{case.name}: tables", "dump": [DATABASE]}
