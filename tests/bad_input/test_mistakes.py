"""Every mistake ends in problems: code, file, line and a hint, all at once, exit code 2."""

# ruff: noqa: E501 - a broken file reads best as it is, on one line
from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from tests.bad_input.small_project import Found, SmallProject

PROJECT = "name: shop\nversion: '1.0'\nprofile: shop\n"
PROFILES = """\
shop:
  target: dev
  outputs:
    dev: {type: duckdb, path: shop.duckdb, schema: dev, threads: 1}
"""
FILES: dict[str, str | bytes] = {
    "dbt_project.yml": PROJECT,
    "profiles.yml": PROFILES,
    "models/a.sql": "select 1 as id\n",
    "models/b.sql": "select * from {{ ref('a') }}\n",
}
SOURCE = "sources:\n  - name: shipping\n    tables:\n      - name: parcels\n"
MODEL_A = "models:\n  - name: a\n"
GROUP = "groups:\n  - name: finance\n    owner: {email: a@b.c}\n"
VERSION = "https://schemas.getdbt.com/dbt/manifest/v12.json"
MODIFIED = ("ls", "-s", "state:modified", "--state", "st")


class Mistake(msgspec.Struct, frozen=True):
    """One or several mistakes, and what is said about them."""

    name: str
    files: dict[str, str | bytes | None]
    """Over the valid ones; None removes a file."""
    found: tuple[Found, ...]
    words: tuple[str, ...] = ()
    """Texts that the messages and hints contain."""
    args: tuple[str, ...] = ("parse",)
    exit_code: int = 2


def model(text: str) -> dict[str, str | bytes | None]:
    """Files with one more model."""
    return {"models/c.sql": text}


def yml(text: str) -> dict[str, str | bytes | None]:
    """Files with a property file."""
    return {"models/s.yml": text}


def project(text: str) -> dict[str, str | bytes | None]:
    """Files with more in the project file."""
    return {"dbt_project.yml": PROJECT + text}


def profiles(old: str, new: str) -> dict[str, str | bytes | None]:
    """Files with another profile."""
    return {"profiles.yml": PROFILES.replace(old, new)}


def selectors(text: str) -> dict[str, str | bytes | None]:
    """Files with selectors."""
    return {"selectors.yml": text}


def manifest(project_name: str, adapter: str) -> dict[str, str | bytes | None]:
    """Files with somebody's state."""
    metadata = {
        "dbt_schema_version": VERSION,
        "project_name": project_name,
        "adapter_type": adapter,
    }
    empty = ("nodes", "sources", "macros", "exposures", "docs", "disabled", "parent_map", "groups")
    return {
        "st/manifest.json": msgspec.json.encode({"metadata": metadata, **{k: {} for k in empty}})
    }


C, S, P = "models/c.sql", "models/s.yml", "dbt_project.yml"
MISTAKES = (
    Mistake(
        "group of yaml",
        yml("models:\n  - name: b\n  - name: a\n    config:\n      group: nope\n"),
        (("group-not-found", S, 5),),
    ),
    Mistake(
        "access of yaml",
        yml("models:\n  - name: b\n  - name: a\n    config:\n      access: secret\n"),
        (("model-access", S, 5),),
    ),
    Mistake(
        "cycle with the lines of its calls",
        {
            "models/x.sql": "select 1\n\nfrom {{ ref('y') }}",
            "models/y.sql": "\nselect 1\nfrom {{ ref('x') }}",
        },
        (("cycle", "models/x.sql", 3),),
    ),
    Mistake(
        "duplicate model names",
        {"models/x/a.sql": "select 2 as id"},
        (("resource-twice", "models/x/a.sql", None),),
        ("Rename or remove one of them",),
    ),
    Mistake(
        "duplicate macro",
        {
            "macros/m.sql": "{% macro m() %}{% endmacro %}",
            "macros/n.sql": "\n{% macro m() %}{% endmacro %}",
        },
        (("resource-twice", "macros/n.sql", 2),),
        ("Rename or remove one of them",),
    ),
    Mistake(
        "duplicate macro one file",
        {"macros/m.sql": "{% macro m() %}{% endmacro %}\n{% macro m() %}{% endmacro %}"},
        (("duplicate-macro", "macros/m.sql", 2),),
        ("Rename or remove one of them",),
    ),
    Mistake(
        "duplicate source",
        {
            "models/s.yml": "sources:\n  - name: shipping\n    tables:\n      - name: parcels\n",
            "models/t.yml": "sources:\n  - name: shipping\n    tables:\n      - name: parcels\n",
        },
        (("resource-twice", "models/t.yml", 4),),
        ("Rename or remove one of them",),
    ),
    Mistake(
        "unknown ref",
        model("select 1\nfrom {{ ref('aa') }}"),
        (("ref-not-found", "models/c.sql", 2),),
        ("Did you mean `a`?",),
    ),
    Mistake(
        "unknown source table",
        {
            "models/s.yml": "sources:\n  - name: shipping\n    tables:\n      - name: parcels\n",
            "models/c.sql": "\nselect * from {{ source('shipping', 'parcel') }}",
        },
        (("source-not-found", "models/c.sql", 2),),
        ("Did you mean `shipping.parcels`?",),
    ),
    Mistake(
        "unknown source",
        {
            "models/s.yml": "sources:\n  - name: shipping\n    tables:\n      - name: parcels\n",
            "models/c.sql": "\nselect * from {{ source('shiping', 'parcels') }}",
        },
        (("source-not-found", "models/c.sql", 2),),
        ("Did you mean `shipping.parcels`?",),
    ),
    Mistake(
        "disabled ref",
        {
            "models/off.sql": "{{ config(enabled=false) }} select 1",
            "models/c.sql": "select * from {{ ref('off') }}",
        },
        (("reference-disabled", "models/c.sql", 1),),
        ("Enable it, or disable what refers to it",),
    ),
    Mistake(
        "cycle",
        {
            "models/x.sql": "select * from {{ ref('z') }}",
            "models/y.sql": "select * from {{ ref('x') }}",
            "models/z.sql": "select * from {{ ref('y') }}",
        },
        (("cycle", "models/x.sql", 1),),
        ("`model.shop.x` -> `model.shop.z` -> `model.shop.y` -> `model.shop.x`",),
    ),
    Mistake(
        "self ref",
        {"models/x.sql": "select * from {{ ref('x') }}"},
        (("cycle", "models/x.sql", 1),),
        ("Use `this` for a model's own relation",),
    ),
    Mistake(
        "a tab in YAML",
        yml(MODEL_A + "\tdescription: x\n"),
        (("yaml-invalid", "models/s.yml", 3),),
        ("Indent with spaces; YAML does not allow tabs",),
    ),
    Mistake(
        "broken indentation",
        yml(MODEL_A + "   description: x\n"),
        (("yaml-invalid", "models/s.yml", 3),),
        ("is not valid YAML: did not find expected '-' indicator",),
    ),
    Mistake(
        "unclosed quote",
        yml('models:\n  - name: "a\n    description: x\n'),
        (("yaml-invalid", "models/s.yml", 3),),
        ("is not valid YAML: found unexpected end of stream",),
    ),
    Mistake(
        "root list",
        yml("- name: a\n"),
        (("property-file-not-mapping", "models/s.yml", None),),
        ("Begin with `models:`, `sources:` or another",),
    ),
    Mistake(
        "models mapping",
        yml("models:\n  name: a\n"),
        (("property-type", "models/s.yml", 1),),
        ("Write each entry as `- name: ...` below",),
    ),
    Mistake(
        "model not mapping",
        yml("models:\n  - a\n"),
        (("property-type", "models/s.yml", 2),),
        ("Write `- name: a`",),
    ),
    Mistake(
        "model no name",
        yml(MODEL_A + "  - description: x\n"),
        (("property-without-name", "models/s.yml", 3),),
        ("A model has no `name`",),
    ),
    Mistake(
        "wrong types",
        yml(
            MODEL_A
            + "    description: [x]\n    columns:\n      - name: 3\n      - data_type: int\n    config: 7\n"
        ),
        (
            ("property-type", "models/s.yml", 3),
            ("property-type", "models/s.yml", 5),
            ("property-type", "models/s.yml", 7),
            ("property-without-name", "models/s.yml", 6),
        ),
        ("`description` must be text, and is a list",),
    ),
    Mistake(
        "unknown keys source",
        yml(
            "sources:\n  - name: s\n    shema: raw\n    tables:\n      - name: t\n        identifer: x\n"
        ),
        (("property-unknown", "models/s.yml", 3),),
        ("Did you mean `schema`?", "Did you mean `identifier`?"),
    ),
    Mistake(
        "unknown keys exposure",
        yml(
            "exposures:\n  - name: e\n    type: dashboard\n    owner: {email: a@b.c}\n    depends_onn: [ref('a')]\n"
        ),
        (("property-unknown", "models/s.yml", 5),),
        ("Did you mean `depends_on`?",),
    ),
    Mistake(
        "exposure bad type/owner",
        yml("exposures:\n  - name: e\n    type: dashbord\n    depends_on: [ref('q')]\n"),
        (("property-missing", "models/s.yml", 2), ("property-value", "models/s.yml", 3)),
        ("Did you mean `dashboard`?",),
    ),
    Mistake(
        "jinja model",
        model("select 1\n{{ ref('a' }}\n"),
        (("jinja-syntax", "models/c.sql", 2),),
        ("unexpected '}', expected ')'",),
    ),
    Mistake(
        "jinja model unclosed",
        model("select 1\n{% if x %}\n"),
        (("jinja-syntax", "models/c.sql", 2),),
        ("The innermost block that needs to be closed is 'if'",),
    ),
    Mistake(
        "jinja model unknown tag",
        model("select 1\n{% iff x %}\n"),
        (("jinja-unknown-tag", "models/c.sql", 2),),
        ("Did you mean `if`?",),
    ),
    Mistake(
        "jinja macro",
        {
            "macros/m.sql": "{% macro ok() %}{% endmacro %}\n{% macro m() %}\n  {{ 1 + }}\n{% endmacro %}"
        },
        (("jinja-syntax", "macros/m.sql", 3),),
        ("unexpected 'end of print statement'",),
    ),
    Mistake(
        "macro unclosed",
        {"macros/m.sql": "\n{% macro m() %}\n  {{ 1 }}\n"},
        (("unclosed-block", "macros/m.sql", 2),),
        ("Add `{% endmacro %}` after its last line",),
    ),
    Mistake(
        "macro fails inside at compile",
        {
            "macros/m.sql": "{% macro m() %}\n  {{ nope.x.y }}\n{% endmacro %}",
            "models/c.sql": "select\n{{ m() }}",
        },
        (("jinja-undefined", "macros/m.sql", 2),),
        ("'nope' is undefined",),
        args=("compile",),
    ),
    Mistake(
        "undefined macro at compile",
        model("select 1\n\n{% if execute %}{{ nope() }}{% endif %}"),
        (("jinja-undefined", "models/c.sql", 3),),
        ("'nope' is undefined",),
        args=("compile",),
    ),
    Mistake(
        "env_var",
        model("select\n{{ env_var('NOPE') }}"),
        (("env-var-not-found", "models/c.sql", 2),),
        ("Set it, or give a default: env_var('NOPE',",),
    ),
    Mistake(
        "secret",
        model("select\n{{ env_var('DBT_ENV_SECRET_X') }}"),
        (("secret-env-var", "models/c.sql", 2),),
        ("may be read in profiles.yml and packages.yml only",),
    ),
    Mistake(
        "materialized nonsense",
        model("{{ config(materialized='tabel') }}\nselect 1 as id"),
        (("materialization-not-found", "models/c.sql", None),),
        ("`tabel` for duckdb (looked for duckdb, default)",),
        args=("run",),
        exit_code=1,
    ),
    Mistake(
        "severity",
        yml(
            MODEL_A
            + "    columns:\n      - name: id\n        data_tests:\n          - unique: {config: {severity: fatal}}\n"
        ),
        (("config-value", "models/s.yml", 6),),
        ("is `fatal`, and must be `warn` or `error`",),
    ),
    Mistake(
        "severity sql",
        {"tests/t.sql": "{{ config(severity='fatal') }}\nselect 1"},
        (("config-value", "tests/t.sql", None),),
        ("of `test.shop.t` is `fatal`, and must be `warn` or `error`",),
    ),
    Mistake(
        "enabled maybe",
        model("{{ config(enabled='maybe') }}\nselect 1"),
        (("config-value", "models/c.sql", None),),
        ("`model.shop.c` is `'maybe'`, and must be `true` or `false`",),
    ),
    Mistake(
        "tags",
        model("\n{{ config(tags={'a': 1}) }}\nselect 1"),
        (("config-value", "models/c.sql", 2),),
        ("is `[{'a': 1}]`, and must be text or a list of texts",),
    ),
    Mistake(
        "missing profile",
        {"dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: shp\n"},
        (("profile-not-found", "profiles.yml", None),),
        ("Did you mean `shop`?",),
    ),
    Mistake(
        "missing target",
        {},
        (("target-not-found", "profiles.yml", 3),),
        ("Targets of the profile: `dev`",),
        args=("parse", "--target", "prd"),
    ),
    Mistake(
        "adapter unknown",
        {
            "profiles.yml": "shop:\n  target: dev\n  outputs:\n    dev: {type: duckbd, path: shop.duckbd, schema: dev, threads: 1}\n"
        },
        (("adapter-not-found", "profiles.yml", 4),),
        ("did you mean `duckdb`?",),
    ),
    Mistake(
        "profiles missing",
        {"profiles.yml": None},
        (("profiles-file-missing", None, None),),
        ("Create one, or give its directory with",),
    ),
    Mistake(
        "profiles broken",
        {"profiles.yml": "shop:\n  outputs: [\n"},
        (("yaml-invalid", "profiles.yml", 3),),
        ("is not valid YAML: did not find expected node content",),
    ),
    Mistake(
        "no outputs",
        {"profiles.yml": "shop:\n  target: dev\n"},
        (("profile-no-outputs", "profiles.yml", 1),),
        ("Add `outputs: {dev: {type: <adapter>,",),
    ),
    Mistake(
        "threads",
        {
            "profiles.yml": "shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, schema: dev, threads: many}\n"
        },
        (("profile-threads-invalid", "profiles.yml", 4),),
        ("Write a number such as `threads: 4`",),
    ),
    Mistake(
        "profile env",
        {
            "profiles.yml": "shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, schema: \"{{ env_var('NOPE') }}\", threads: 1}\n"
        },
        (("env-var-not-found", "profiles.yml", 4),),
        ("Set it, or give a default with",),
    ),
    Mistake(
        "no project",
        {"dbt_project.yml": None},
        (("project-file-missing", None, None),),
        ("Change into a dbt project, give its",),
    ),
    Mistake(
        "project keys",
        project("model-path: [models]\nmodles:\n  shop: {}\n"),
        (
            ("project-key-unknown", "dbt_project.yml", 4),
            ("project-key-unknown", "dbt_project.yml", 5),
        ),
        ("Did you mean `model-paths`?", "Did you mean `models`?"),
    ),
    Mistake(
        "project types",
        project("model-paths: models\nvars: 3\nflags: [x]\non-run-start: {a: b}\n"),
        (
            ("project-key-type", "dbt_project.yml", 4),
            ("project-key-type", "dbt_project.yml", 5),
            ("project-key-type", "dbt_project.yml", 6),
            ("project-key-type", "dbt_project.yml", 7),
        ),
        ("Write `[models]`",),
    ),
    Mistake(
        "project name",
        {"dbt_project.yml": "name: my-shop\nversion: '1.0'\nprofile: shop\n"},
        (("project-name-invalid", "dbt_project.yml", 1),),
        ("Use letters, digits and underscores, and",),
    ),
    Mistake(
        "project name missing",
        {"dbt_project.yml": "version: '1'\nprofile: shop\n"},
        (("project-name-missing", "dbt_project.yml", None),),
        ("Add `name: <project name>`",),
    ),
    Mistake(
        "project broken",
        {"dbt_project.yml": "name: shop\nprofile: [\n"},
        (("yaml-invalid", "dbt_project.yml", 3),),
        ("is not valid YAML: did not find expected node content",),
    ),
    Mistake(
        "model name spaces",
        {"models/my model.sql": "select 1"},
        (("name-with-spaces", "models/my model.sql", None),),
        ("Rename it with underscores",),
    ),
    Mistake(
        "state missing",
        {},
        (("state-missing", None, None),),
        ("There is no `manifest.json` in `",),
        args=("ls", "-s", "state:modified", "--state", "nowhere"),
    ),
    Mistake(
        "state dir empty",
        {"st/readme": "x"},
        (("state-missing", None, None),),
        ("There is no `manifest.json` in `",),
        args=MODIFIED,
    ),
    Mistake(
        "state truncated",
        {"st/manifest.json": '{"metadata": {"dbt_schema'},
        (("artifact-not-json", "st/manifest.json", None),),
        ("The file is damaged or was cut off while",),
        args=MODIFIED,
    ),
    Mistake(
        "state shape",
        {
            "st/manifest.json": '{"metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json"}, "nodes": []}'
        },
        (("artifact-shape", "st/manifest.json", None),),
        ("The file was not written by dbt or upriver,",),
        args=MODIFIED,
    ),
    Mistake(
        "selector unknown",
        selectors("selectors:\n  - name: nightly\n    definition: a\n"),
        (("selector-not-found", None, None),),
        ("Did you mean `nightly`?",),
        args=("ls", "--selector", "nightyl"),
    ),
    Mistake(
        "selector method",
        {},
        (("selector-method-unknown", None, None),),
        ("Did you mean `tag`?",),
        args=("ls", "-s", "tagg:x"),
    ),
    Mistake(
        "selector method yml",
        selectors("selectors:\n  - name: n\n    definition: {method: tagg, value: x}\n"),
        (("selector-definition", "selectors.yml", 3),),
        ("Did you mean `tag`?",),
        args=("ls", "--selector", "n"),
    ),
    Mistake(
        "selectors bad",
        selectors("selectors:\n  - definition: a\n  - name: x\n  - 3\n"),
        (
            ("selectors-file-invalid", "selectors.yml", 2),
            ("selectors-file-invalid", "selectors.yml", 3),
            ("selectors-file-invalid", "selectors.yml", 4),
        ),
        ("A selector has no `name`",),
        args=("ls",),
    ),
    Mistake(
        "selectors broken",
        selectors("selectors: [\n"),
        (("yaml-invalid", "selectors.yml", 2),),
        ("is not valid YAML: did not find expected node content",),
        args=("ls",),
    ),
    Mistake(
        "selectors no list",
        selectors("selectors: {a: b}\n"),
        (("selectors-file-invalid", "selectors.yml", None),),
        ("The file holds no list `selectors`",),
        args=("ls",),
    ),
    Mistake(
        "select syntax",
        {},
        (("selector-syntax", None, None),),
        ("`@model` already includes everything",),
        args=("ls", "-s", "@a+"),
    ),
    Mistake(
        "group",
        yml(
            MODEL_A
            + "    config: {group: fin}\ngroups:\n  - name: finance\n    owner: {email: a@b.c}\n"
        ),
        (("group-not-found", S, 3),),
        ("Did you mean `finance`?",),
    ),
    Mistake(
        "private",
        yml(
            MODEL_A
            + "    config: {group: finance, access: private}\ngroups:\n  - name: finance\n    owner: {email: a@b.c}\n"
        ),
        (("ref-not-allowed", "models/b.sql", 1),),
        ("Give `a` the access `public`, or put both",),
    ),
    Mistake(
        "bad access",
        yml(MODEL_A + "    config: {access: privat}\n"),
        (("model-access", S, 3),),
        ("It must be `private`, `protected` or",),
    ),
    Mistake(
        "test macro missing",
        yml(MODEL_A + "    data_tests: [positiv]\n"),
        (("jinja-undefined", "models/s.yml", None),),
        ("'test_positiv' is undefined",),
        args=("build",),
        exit_code=1,
    ),
    Mistake(
        "test shape",
        yml(MODEL_A + "    data_tests:\n      - unique: [x]\n      - 3\n"),
        (("test-shape", "models/s.yml", 4), ("test-shape", "models/s.yml", 5)),
        ("of the test `unique` must be a mapping, and are a list",),
    ),
    Mistake(
        "doc",
        yml(MODEL_A + "    description: \"{{ doc('nothing') }}\"\n"),
        (("doc-not-found", "models/s.yml", 3),),
        ("`doc('nothing')`, and there is no such documentation block",),
    ),
    Mistake(
        "docs unclosed",
        {"models/d.md": "\n{% docs x %}\nhello\n"},
        (("unclosed-block", "models/d.md", 2),),
        ("Add `{% enddocs %}` after its last line",),
    ),
    Mistake("patch", yml("models:\n  - name: aa\n"), (), ("Did you mean `a`?",), exit_code=0),
    Mistake(
        "ragged seed",
        {"seeds/r.csv": "a,b\n1,2\n1,2,3\n"},
        (("seed-invalid-csv", "seeds/r.csv", None),),
        ("Line 3 has 3 values, but the header names 2 columns",),
        args=("seed",),
        exit_code=1,
    ),
    Mistake(
        "nonutf8 model",
        model(b"select 1\n-- \xff\xfe\n"),
        (("file-not-utf8", "models/c.sql", 2),),
        ("Save the file as UTF-8",),
    ),
    Mistake(
        "nonutf8 yml",
        {"models/c.yml": b"models:\n  - name: \xff\n"},
        (("file-not-utf8", "models/c.yml", 2),),
        ("Save the file as UTF-8",),
    ),
    Mistake(
        "nonutf8 project",
        {"dbt_project.yml": b"name: shop\nversion: '1.0'\nprofile: shop\n# \xff\n"},
        (("project-file-missing", "dbt_project.yml", None),),
        ("Save it as UTF-8, and check that you may",),
    ),
    Mistake(
        "nonutf8 seed",
        {"seeds/r.csv": b"a,b\n1,\xff\n"},
        (("file-not-utf8", "seeds/r.csv", 2),),
        ("Save the file as UTF-8",),
        args=("seed",),
    ),
    Mistake(
        "ref args",
        {
            "models/c.sql": "select\n{{ ref() }}",
            "models/d.sql": "{{ ref('a','b','c') }}",
            "models/e.sql": "{{ source('a') }}",
        },
        (
            ("ref-arguments", "models/c.sql", 2),
            ("ref-arguments", "models/d.sql", 1),
            ("source-arguments", "models/e.sql", 1),
        ),
        ("a name, or a package and a name; it was given 0 arguments",),
    ),
    Mistake(
        "ref type",
        {"models/c.sql": "select\n{{ ref(3) }}", "models/d.sql": "select {{ ref(['a']) }}"},
        (("ref-arguments", "models/c.sql", 2), ("ref-arguments", "models/d.sql", 1)),
        ("Put the name in quotes",),
    ),
    Mistake(
        "generate_schema_name raises an error",
        {
            "macros/g.sql": "{% macro generate_schema_name(custom_schema_name, node) %}\n{{ exceptions.raise_compiler_error('no schema') }}\n{% endmacro %}"
        },
        (("compilation-error", "macros/g.sql", 2),),
        ("no schema",),
    ),
    Mistake(
        "generate_schema_name uses an undefined name",
        {
            "macros/g.sql": "{% macro generate_schema_name(custom_schema_name, node) %}\n{{ nope() }}\n{% endmacro %}"
        },
        (("jinja-undefined", "macros/g.sql", 2),),
        ("'nope' is undefined",),
    ),
    Mistake(
        "generate_alias_name without parameters",
        {"macros/g.sql": "{% macro generate_alias_name() %}x{% endmacro %}"},
        (("jinja-error", "macros/g.sql", 1),),
        ("'generate_alias_name' takes not more than 0 argument(s)",),
    ),
    Mistake(
        "hook",
        project("on-run-start: ['selec 1']\n"),
        (("hook-failed", "dbt_project.yml", None),),
        ("        ^^^^^",),
        args=("run",),
        exit_code=1,
    ),
    Mistake(
        "hook jinja",
        project("on-run-start: ['{{ nope( }}']\n"),
        (("jinja-syntax", "dbt_project.yml", None),),
        ("unexpected '}', expected ')'",),
        args=("run",),
        exit_code=1,
    ),
    Mistake("usage flag", {}, (), ("Did you mean `--select`?",), args=("run", "--selct", "a")),
    Mistake("usage command", {}, (), ("Did you mean `run`?",), args=("runn",)),
    Mistake(
        "usage none value",
        {},
        (),
        ("`upriver run --help` shows what can be given",),
        args=("run", "--threads"),
    ),
    Mistake(
        "usage threads",
        {},
        (),
        ("`upriver run --help` shows what can be given",),
        args=("run", "--threads", "x"),
    ),
    Mistake(
        "usage vars",
        {},
        (),
        ("`upriver run --help` shows what can be given",),
        args=("run", "--vars", "{a: ["),
    ),
    Mistake(
        "usage vars list",
        {},
        (),
        ("`upriver run --help` shows what can be given",),
        args=("run", "--vars", "[1]"),
    ),
    Mistake(
        "usage resource type",
        {},
        (),
        ("`upriver ls --help` shows what can be given",),
        args=("ls", "--resource-type", "modell"),
    ),
    Mistake(
        "usage project dir",
        {},
        (("project-file-missing", None, None),),
        ("Give the directory that holds it with",),
        args=("run", "--project-dir", "nowhere"),
    ),
    Mistake(
        "usage profiles dir",
        {},
        (("profiles-file-missing", None, None),),
        ("Create one, or give its directory with",),
        args=("run", "--profiles-dir", "nowhere"),
    ),
    Mistake(
        "patch twice",
        {"models/s.yml": "models:\n  - name: a\n", "models/t.yml": "models:\n  - name: a\n"},
        (("patch-twice", "models/t.yml", 2),),
        ("Keep one of the two entries",),
    ),
    Mistake(
        "relation shared",
        model("{{ config(alias='a') }} select 1"),
        (("relation-shared", "models/c.sql", None),),
        ("Give one of them another `alias` or `schema`",),
    ),
    Mistake(
        "contract",
        yml(MODEL_A + "    config: {contract: {enforced: true}}\n"),
        (("contract-invalid", S, 3),),
        ("a contract, but no column is declared in a property file",),
    ),
    Mistake(
        "unit test",
        yml("unit_tests:\n  - name: u\n    model: aa\n    given: []\n    expect: {rows: []}\n"),
        (("unit-test-model-not-found", "models/s.yml", 2),),
        ("test `u` tests `aa`, and package `shop` has no such model",),
    ),
    Mistake(
        "unit test given",
        yml(
            "unit_tests:\n  - name: u\n    model: b\n    given:\n      - input: reff('a')\n        rows: 3\n    expect: {rows: []}\n"
        ),
        (("property-type", "models/s.yml", 6), ("unit-test-input-invalid", "models/s.yml", 5)),
        ("Write `ref('model')` or `source('source',",),
    ),
    Mistake(
        "snapshot incomplete",
        {"snapshots/s.sql": "{% snapshot s %}select 1{% endsnapshot %}"},
        (
            ("snapshot-incomplete", "snapshots/s.sql", None),
            ("snapshot-incomplete", "snapshots/s.sql", None),
        ),
        ("Add `strategy` to its config", "Add `unique_key` to its config"),
    ),
    Mistake(
        "snapshot yml",
        {
            "snapshots/s.yml": "snapshots:\n  - name: s\n    relation: ref('aa')\n    config: {strategy: chekc, unique_key: id}\n"
        },
        (("ref-not-found", "snapshots/s.yml", None),),
        ("Did you mean `a`?",),
    ),
    Mistake(
        "yaml jinja",
        yml(
            MODEL_A
            + '    description: "{{ nope( }}"\n    config:\n      schema: "{{ var(\'nope\') }}"\n'
        ),
        (("jinja-syntax", "models/s.yml", 3), ("var-not-found", "models/s.yml", 5)),
        ("Give it with `--vars 'nope: ...'`, or a",),
    ),
    Mistake(
        "operation",
        {},
        (("macro-not-found", None, None),),
        ("No package has a macro `nope`",),
        args=("run-operation", "nope"),
    ),
    Mistake(
        "operation args",
        {"macros/m.sql": "{% macro m(x) %}{{ x }}{% endmacro %}"},
        (("jinja-error", "macros/m.sql", 1),),
        ("in an expression: macro 'm' takes no keyword argument 'y'",),
        args=("run-operation", "m", "--args", "{y: 1}"),
        exit_code=1,
    ),
    Mistake(
        "several",
        {
            "models/c.sql": "{{ ref('aa') }}",
            "models/s.yml": "models: {",
            "macros/m.sql": "{% macro x() %}",
            "models/d.sql": "select {{ 1 + }}",
            "models/t.yml": "sources:\n  - nam: x\n",
            "dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: shop\nmodles: {}\n",
        },
        (
            ("jinja-syntax", "models/d.sql", 1),
            ("project-key-unknown", "dbt_project.yml", 4),
            ("property-without-name", "models/t.yml", 2),
            ("ref-not-found", "models/c.sql", 1),
            ("unclosed-block", "macros/m.sql", 1),
            ("yaml-invalid", "models/s.yml", 2),
        ),
        (
            "Did you mean `models`?",
            "Add `{% endmacro %}` after its last line",
            "Did you mean `a`?",
        ),
    ),
    Mistake(
        "versions bad",
        yml(MODEL_A + "    latest_version: 3\n    versions:\n      - v: 1\n      - v: 1\n"),
        (
            ("model-latest-version-unknown", "models/s.yml", 3),
            ("model-version-twice", "models/s.yml", 6),
        ),
        ("Its versions are `1`",),
    ),
    Mistake(
        "freshness",
        yml(
            "sources:\n  - name: s\n    freshness: {warn_after: {count: x, period: dya}}\n    tables: [{name: t}]\n"
        ),
        (("property-type", "models/s.yml", 3), ("property-value", "models/s.yml", 3)),
        ("Did you mean `day`?",),
    ),
    Mistake(
        "macro recursion",
        {
            "macros/m.sql": "{% macro m() %}{{ m() }}{% endmacro %}",
            "models/c.sql": "select {{ m() }}",
        },
        (("compilation-error", "macros/m.sql", 1),),
        ("Macros call each other without end",),
        args=("compile",),
    ),
    Mistake(
        "a variable without a value",
        model("select\n{{ var('nope') }}"),
        (("var-not-found", "models/c.sql", 2),),
        ("The var `nope`, which `model.shop.c` needs, is not set",),
        args=("compile",),
    ),
    Mistake(
        "an undefined macro when compiled",
        model("select 1\n\n{{ nope() }}"),
        (("jinja-undefined", "models/c.sql", 3),),
        ("'nope' is undefined",),
        args=("compile",),
    ),
    Mistake(
        "secret in YAML of a model",
        yml(MODEL_A + "    description: \"{{ env_var('DBT_ENV_SECRET_X') }}\"\n"),
        (("secret-env-var", "models/s.yml", 3),),
        ("Secrets may be read in `profiles.yml`,",),
    ),
    Mistake(
        "selectors.yml is not UTF-8",
        {"selectors.yml": b"selectors: [] # \xff\n"},
        (("selectors-file-invalid", "selectors.yml", None),),
        ("Save it as UTF-8, and check that you may",),
        args=("ls",),
    ),
    Mistake(
        "profiles.yml is not UTF-8",
        {
            "profiles.yml": b"shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: shop.duckdb, schema: dev, threads: 1}\n# \xff\n"
        },
        (("profiles-file-missing", None, None),),
        ("Create one, or give its directory with",),
    ),
    Mistake(
        "state of another project",
        manifest("other", "duckdb"),
        (("state-of-another-project", "st/manifest.json", None),),
        ("Pass the state directory of this project;",),
        args=("compile", "--defer", "--state", "st"),
    ),
    Mistake(
        "state of another adapter",
        manifest("shop", "snowflake"),
        (("state-of-another-adapter", "st/manifest.json", None),),
        ("Pass the state directory of an environment",),
        args=("compile", "--defer", "--state", "st"),
    ),
    Mistake(
        "defer without state",
        {},
        (("state-required", None, None),),
        ("Pass `--state` with the directory of",),
        args=("run", "--defer"),
    ),
    Mistake(
        "packages",
        {"packages.yml": "packages:\n  - package: dbt-labs/dbt_utils\n    version: 1.0.0\n"},
        (("packages-not-installed", "packages.yml", 2),),
        ("Run `upriver deps`, or copy each package to",),
    ),
)


def _project(root: Path, files: dict[str, str | bytes | None]) -> SmallProject:
    present = {name: text for name, text in {**FILES, **files}.items() if text is not None}
    return SmallProject(root, present)


WARNINGS = (
    Mistake(
        "misspelt configs in dbt_project.yml",
        {
            "dbt_project.yml": f"{PROJECT}models:\n  shop:\n    +materialised: table\n"
            "    mine: 1\nseeds:\n  quote_colums: true\n",
            C: "select 1 as n",
        },
        (("config-key-unknown", P, 6), ("config-key-unknown", P, 9)),
        ("Did you mean `materialized`?", "Did you mean `quote_columns`?"),
        exit_code=0,
    ),
    Mistake(
        "misspelt config in a file",
        model("{{ config(materialised='table', mine=1) }} select 1"),
        (("config-key-unknown", C, None),),
        ("Did you mean `materialized`?",),
        exit_code=0,
    ),
    Mistake(
        "misspelt config in yaml",
        yml("models:\n  - name: a\n    config:\n      materialised: table\n      owner: me\n"),
        (("config-key-unknown", S, 4),),
        ("Did you mean `materialized`?",),
        exit_code=0,
    ),
    Mistake(
        "misspelt key of an output",
        profiles("threads: 1", "threads: 1, extensons: [json], mine: 1"),
        (("credential-unknown", "profiles.yml", 4),),
        ("Did you mean `extensions`?",),
        exit_code=0,
    ),
    Mistake(
        "unknown snapshot strategy",
        {
            "snapshots/s.sql": "{% snapshot s %}\n{{ config(unique_key='id', strategy='tymestamp', updated_at='id') }}\n"
            "select * from {{ ref('a') }}\n{% endsnapshot %}"
        },
        (("snapshot-strategy-unknown", "snapshots/s.sql", None),),
        ("Did you mean `timestamp`?",),
        exit_code=0,
    ),
    Mistake(
        "state selection against another project",
        manifest("elsewhere", "duckdb"),
        (("state-of-another-project", "st/manifest.json", None),),
        args=MODIFIED,
        exit_code=0,
    ),
)
"""Mistakes that dbt passes over in silence; they stop nothing."""


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_mistake_is_told_with_its_place(tmp_path: Path, mistake: Mistake) -> None:
    said = _project(tmp_path, mistake.files)(*mistake.args)
    found = [
        (code, file and file.removeprefix(f"{tmp_path}/"), line)
        for code, file, line in said.found()
    ]
    assert found == sorted(mistake.found, key=repr), said.text
    assert said.exit_code == mistake.exit_code
    missing = [word for word in mistake.words if word not in said.text]
    assert missing == [], said.text
    assert "Traceback" not in said.text


@pytest.mark.parametrize("mistake", WARNINGS, ids=lambda mistake: mistake.name)
def test_warning_is_told_with_its_place(tmp_path: Path, mistake: Mistake) -> None:
    said = _project(tmp_path, mistake.files)(*mistake.args)
    assert said.exit_code == 0, said.text
    for code, file, line in mistake.found:
        assert f"warning[{code}]" in said.text
        assert f"{file}:{line}" in said.text if line else str(file) in said.text
    assert [word for word in mistake.words if word not in said.text] == []


def test_an_unknown_keyword_of_ref_is_told_of(tmp_path: Path) -> None:
    made = _project(tmp_path, model("select * from {{ ref('a', ver=2) }}"))
    said = made("build", "--warn-error")
    assert said.exit_code == 0, said.text
    assert said.text.count("warning: `ref` takes no `ver=`") == 1


def test_files_and_project_are_told_of_together(tmp_path: Path) -> None:
    files = {
        **project("modles: {}\n"),
        "models/c.sql": "{{ ref('aa') }}",
        "models/d.sql": "select {{ 1 + }}",
        "models/s.yml": "models: {",
        "models/t.yml": "sources:\n  - nam: x\n",
        "models/u.sql": b"select 1 -- \xff",
        "macros/m.sql": "{% macro x() %}",
        "seeds/a.csv": "id\n1\n",
    }
    said = _project(tmp_path, files)("build")
    assert said.exit_code == 2
    assert {file for _, file, _ in said.found()} == set(files)
    assert said.statuses == {}


@pytest.mark.parametrize("name", ["models", "macros", "seeds"])
def test_a_directory_that_links_to_itself_is_read_once(tmp_path: Path, name: str) -> None:
    made = _project(
        tmp_path, {"macros/m.sql": "{% macro m() %}{% endmacro %}", "seeds/s.csv": "id\n1\n"}
    )
    (tmp_path / name / "again").symlink_to(tmp_path / name, target_is_directory=True)
    said = made("ls")
    assert (said.exit_code, said.found("error", "warning")) == (0, [])
    assert said.out.split() == ["shop.a", "shop.b", "shop.s"]


def test_empty_files_are_no_mistakes(tmp_path: Path) -> None:
    files = {"models/c.sql": "", "models/s.yml": "", "macros/m.sql": "", "models/d.md": ""}
    said = _project(tmp_path, dict(files))("build")
    assert (said.exit_code, said.found("error")) == (0, [])


def test_a_missing_test_fails_alone(tmp_path: Path) -> None:
    files = yml(MODEL_A + "    data_tests: [positiv]\n")
    files["macros/t.sql"] = "{% test positive(model) %}select 1 where false{% endtest %}"
    said = _project(tmp_path, files)("test")
    assert said.exit_code == 1
    assert said.found() == [("jinja-undefined", S, None)]
    assert said.statuses == {"positiv_a_": "error"}
    built = _project(tmp_path, files)("build")
    assert built.exit_code == 1
    assert built.statuses == {"a": "success", "positiv_a_": "error", "b": "skipped"}


def test_an_unknown_incremental_strategy_fails_when_it_is_needed(tmp_path: Path) -> None:
    made = _project(
        tmp_path,
        model(
            "{{ config(materialized='incremental', incremental_strategy='mergee') }}\n"
            "select 1 as id"
        ),
    )
    assert made("run").exit_code == 0
    said = made("run")
    assert said.exit_code == 1
    assert said.statuses == {"a": "success", "b": "success", "c": "error"}
    assert "mergee" in said.text
    assert [code for code, _, _ in said.found()] == ["incremental-strategy"]


@pytest.mark.parametrize(
    ("files", "warning", "word"),
    [
        (yml("models:\n  - name: aa\n"), ("patch-without-node", S, 2), "Did you mean `a`?"),
        (yml(MODEL_A + MODEL_A), ("yaml-duplicate-key", S, 3), "Remove one of the two"),
        (
            project("models:\n  shop:\n    nodir:\n      +schema: x\n"),
            ("config-path-unused", P, 6),
            "correct the path",
        ),
    ],
)
def test_a_warning_lets_the_rest_go_on(
    tmp_path: Path, files: dict[str, str | bytes | None], warning: Found, word: str
) -> None:
    said = _project(tmp_path, files)("ls")
    assert said.exit_code == 0
    assert warning in said.found("warning")
    assert word in said.text


def test_a_mistake_is_told_again_by_a_second_run(tmp_path: Path) -> None:
    made = _project(tmp_path, {**model("{{ ref('aa') }}"), **yml("models:\n  - nam: x\n")})
    first, second = made("parse"), made("parse")
    assert (
        first.found()
        == second.found()
        == [
            ("property-without-name", S, 2),
            ("ref-not-found", C, 1),
        ]
    )


@pytest.mark.parametrize(
    "value", ["nope", "ref", "[this, range]", "123456789012345678901234567890"]
)
def test_a_config_that_is_no_plain_value_is_refused(tmp_path: Path, value: str) -> None:
    text = f"select 1\n{{{{ config(meta={{'a': {value}}}) }}}}"
    said = _project(tmp_path, model(text))("parse")
    assert (said.exit_code, said.found()) == (2, [("config-value", C, 2)])


def test_keys_and_numbers_of_any_kind_are_read_and_remembered(tmp_path: Path) -> None:
    meta = (
        "{2020: a, 1.5: b, null: c, true: d, 2020-01-01: e, big: 123456789012345678901234567890}"
    )
    tests = "[{accepted_values: {arguments: {values: [1]}}}]"
    made = _project(
        tmp_path,
        {
            **project(f"models:\n  shop:\n    +meta: {meta}\nvars: {{1: x}}\nflags: {{2: x}}\n"),
            **yml(
                f"{MODEL_A}    config: {{meta: {meta}, 3: x}}\n"
                f"    columns: [{{name: id, meta: {meta}, data_tests: {tests}}}]\n"
                f"macros: [{{name: m, meta: {meta}}}]\n"
            ),
            "macros/m.sql": "{% macro m() %}{% endmacro %}",
        },
    )
    for number, command in enumerate(("parse", "ls", "compile", "parse")):
        made.write({"models/b.sql": f"select {number} from {{{{ ref('a') }}}}"})
        said = made(command, *(("-s", "a") if command == "compile" else ()))
        assert (said.exit_code, said.found()) == (0, []), said.text
    written = msgspec.json.decode((tmp_path / "target/manifest.json").read_bytes())
    found = written["nodes"]["model.shop.a"]["config"]["meta"]
    assert set(found) == {"2020", "1.5", "null", "true", "2020-01-01", "big"}
