"""A small valid project that tests break, and running the command line on it in this process."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import msgspec

from upriver.cli.invoke import InvokeResult, invoke
from upriver.problems import Problem
from upriver.project.events import ProblemFound
from upriver.run.events import StepFinished

PROJECT = """\
name: shop
version: "1.0"
profile: shop
vars:
  region: north
models:
  shop:
    +materialized: view
    staging:
      +tags: [raw]
on-run-start: ["select 1"]
"""
PROFILES = """\
shop:
  target: dev
  outputs:
    dev: {type: duckdb, path: shop.duckdb, schema: dev, threads: 1}
    prod: {type: duckdb, path: shop.duckdb, schema: prod, threads: 1}
"""
SELECTORS = """\
selectors:
  - name: nightly
    description: what runs at night
    definition:
      union:
        - method: tag
          value: raw
          children: true
        - exclude: ["shop.orders"]
"""
MODELS_YML = """\
version: 2
models:
  - name: orders
    description: "{{ doc('orders') }}"
    config:
      materialized: table
      contract: {enforced: true}
    columns:
      - name: id
        data_type: integer
        data_tests:
          - unique
          - not_null: {config: {severity: warn}}
      - name: region
        data_type: varchar
sources:
  - name: shipping
    schema: raw
    tables:
      - name: parcels
        loaded_at_field: at
exposures:
  - name: board
    type: dashboard
    owner: {email: a@b.c}
    depends_on: [ref('orders')]
"""
STAGING = """\
{{ config(tags=['x']) }}
select id, {{ shout(var('region')) }} as region
from {{ ref('raw') }}
"""
ORDERS = """\
{#- the orders -#}
select id::integer as id, region
from {{ ref('stg_orders') }}
{% if is_incremental() %} where id > (select max(id) from {{ this }}) {% endif %}
"""
MACROS = """\
{% macro shout(text, times=1) -%}
  {% for i in range(times) %}upper('{{ text }}'){% if not loop.last %} || {% endif %}{% endfor %}
{%- endmacro %}

{% test positive(model, column_name) %}
select * from {{ model }} where {{ column_name }} < 0
{% endtest %}
"""
FILES = {
    "dbt_project.yml": PROJECT,
    "profiles.yml": PROFILES,
    "selectors.yml": SELECTORS,
    "models/models.yml": MODELS_YML,
    "models/staging/stg_orders.sql": STAGING,
    "models/orders.sql": ORDERS,
    "models/docs.md": "{% docs orders %}\nAll orders.\n{% enddocs %}\n",
    "macros/shout.sql": MACROS,
    "seeds/raw.csv": "id,customer\n1,Ada\n2,Grace\n",
    "tests/no_orders.sql": "select * from {{ ref('orders') }} where id is null\n",
}
Found = tuple[str, str | None, int | None]


class Said(msgspec.Struct, frozen=True):
    """What one command left."""

    result: InvokeResult
    out: str
    err: str
    problems: tuple[Problem, ...]
    statuses: dict[str, str]
    """By name, of what was executed."""

    @property
    def exit_code(self) -> int:
        """The exit code."""
        return self.result.exit_code

    @property
    def text(self) -> str:
        """Both streams."""
        return self.out + self.err

    def found(self, *severities: str) -> list[Found]:
        """Return code, file and line of the problems, sorted."""
        wanted = severities or ("error",)
        return sorted(
            (
                (p.code, p.span and p.span.file, p.span and p.span.line)
                for p in self.problems
                if p.severity in wanted
            ),
            key=repr,
        )


class SmallProject:
    """A directory with a project in it."""

    def __init__(self, root: Path, files: dict[str, str | bytes] | None = None) -> None:
        self.root = root
        self.env = {"PATH": "/usr/bin:/bin", "HOME": str(root)}
        self.templates: dict[str, Any] = {}
        self.write(dict(FILES) if files is None else files)

    def write(self, files: dict[str, str | bytes]) -> None:
        """Write files below the root."""
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def __call__(self, *args: str, **env: str) -> Said:
        """Run a command."""
        out, err = io.StringIO(), io.StringIO()
        problems: list[Problem] = []
        statuses: dict[str, str] = {}

        def listen(event: Any) -> None:
            if isinstance(event, ProblemFound):
                problems.append(event.problem)
            elif isinstance(event, StepFinished):
                result = event.result
                statuses[result.unique_id.split(".")[2]] = str(result.status)
                if result.problem is not None:
                    problems.append(result.problem)

        result = invoke(
            args,
            callbacks=[listen],
            env={**self.env, **env},
            cwd=str(self.root),
            stdout=out,
            stderr=err,
            templates=self.templates,
        )
        return Said(result, out.getvalue(), err.getvalue(), tuple(problems), statuses)
