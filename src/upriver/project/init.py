"""`init`: a new project that runs at once, and a profile for it (CLI-55, CLI-122)."""

from __future__ import annotations

import re
from pathlib import Path

from upriver.problems import Problem, ProblemsError
from upriver.project.events import Said
from upriver.project.opened import Caller
from upriver.project.outcome import Outcome
from upriver.project.requests import Init, Request
from upriver.state.publish import write_atomically

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")

_FILES = {
    "dbt_project.yml": """\
name: {name}
version: "1.0"
profile: {name}

model-paths: [models]
seed-paths: [seeds]
test-paths: [tests]
macro-paths: [macros]
analysis-paths: [analyses]
snapshot-paths: [snapshots]

models:
  {name}:
    staging:
      +materialized: view
    marts:
      +materialized: table
""",
    "seeds/raw_orders.csv": """\
order_id,customer,ordered_on,amount
1,Ada,2024-01-03,120.50
2,Grace,2024-01-05,80.00
3,Ada,2024-02-11,42.25
""",
    "models/staging/stg_orders.sql": """\
select
    order_id,
    customer,
    cast(ordered_on as date) as ordered_on,
    amount
from {{{{ ref('raw_orders') }}}}
""",
    "models/marts/customers.sql": """\
select
    customer,
    count(*) as orders,
    sum(amount) as amount
from {{{{ ref('stg_orders') }}}}
group by customer
""",
    "models/marts/customers.yml": """\
models:
  - name: customers
    description: One row per customer, with what they ordered.
    columns:
      - name: customer
        data_tests: [unique, not_null]
""",
    ".gitignore": "target/\nlogs/\ndbt_packages/\n",
    "README.md": """\
# {name}

    upriver build                      # everything, into the target of the profile
    upriver plan -s customers          # what would be read and built
    upriver show -s customers          # look at rows
""",
}

_PROFILE = """\
{name}:
  target: dev
  outputs:
    dev:
      type: duckdb
      path: {name}.duckdb
      schema: dev
      threads: 4
    prod:
      type: duckdb
      path: {name}.duckdb
      schema: prod
      threads: 4
"""


def init(request: Request, caller: Caller) -> Outcome:
    """Create the project's files; nothing that exists is overwritten."""
    assert isinstance(request, Init)  # noqa: S101 - the table of verbs
    root = Path(request.options.project_dir or caller.cwd)
    name = request.name
    if name is None and (root / "dbt_project.yml").is_file():
        raise ProblemsError((_exists(root),))
    name = name or re.sub(r"\W", "_", root.resolve().name)
    if not _NAME.match(name):
        raise ProblemsError((_bad_name(name),))
    folder = root / name if request.name else root
    if (folder / "dbt_project.yml").exists():
        raise ProblemsError((_exists(folder),))
    files = dict(_FILES)
    if not request.skip_profile_setup:
        files["profiles.yml"] = _PROFILE
    for path, text in files.items():
        target = folder / path
        if not target.exists():
            write_atomically(str(target), text.format(name=name).encode())
    caller.listener(Said(text=f"Created the project `{name}` in {folder}"))
    caller.listener(Said(text="Next: `upriver build` in that directory"))
    return Outcome(data={"path": str(folder), "name": name})


def _exists(folder: Path) -> Problem:
    return Problem(
        code="init-project-exists",
        message=f"There is a project in `{folder}` already",
        hint="Give another name: `upriver init NAME`",
    )


def _bad_name(name: str) -> Problem:
    return Problem(
        code="init-name",
        message=f"`{name}` is not a valid project name",
        hint="Use letters, digits and underscores, and begin with a letter",
    )
