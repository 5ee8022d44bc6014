"""`init`: a new project that runs at once, and a profile for it (CLI-55, CLI-122)."""

from __future__ import annotations

import re
from pathlib import Path

from upriver.problems import Problem, ProblemsError
from upriver.project.events import Said
from upriver.project.opened import Caller
from upriver.project.outcome import Ask, Outcome, Question
from upriver.project.profile_setup import (
    add_profile,
    ask_for_output,
    has_profile,
    profile_exists,
    profile_text,
)
from upriver.project.requests import Init, Request
from upriver.project.resolve import inputs_of
from upriver.state.publish import write_atomically
from upriver.workspace.profile import find_profiles_file
from upriver.workspace.yaml import load_yaml

PROJECT_FILE = "dbt_project.yml"

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")

_FILES = {
    PROJECT_FILE: """\
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
    """Create a project, or set up the profile of the one that is here; nothing is overwritten."""
    assert isinstance(request, Init)  # noqa: S101 - the table of verbs
    root = Path(request.options.project_dir or caller.cwd)
    if request.name is None and (root / PROJECT_FILE).is_file():
        return _set_up_profile(request, caller, root)
    folder, name = _place(root, request.name, caller.ask)
    if (folder / PROJECT_FILE).exists():
        raise ProblemsError((_exists(folder),))
    files = dict(_FILES)
    if not request.skip_profile_setup:
        files["profiles.yml"] = _PROFILE
        if caller.ask is not None and not (folder / "profiles.yml").exists():
            output = ask_for_output(folder, name, caller.ask)
            files["profiles.yml"] = (
                profile_text(name, output).replace("{", "{{").replace("}", "}}")
            )
    for path, text in files.items():
        target = folder / path
        if not target.exists():
            write_atomically(str(target), text.format(name=name).encode())
    caller.listener(Said(text=f"Created the project `{name}` in {folder}"))
    caller.listener(Said(text="Next: `upriver build` in that directory"))
    return Outcome(data={"path": str(folder), "name": name})


def _place(root: Path, name: str | None, ask: Ask | None) -> tuple[Path, str]:
    """Return the new project's directory and name; without a name, `root` itself."""
    if name is None and ask is not None:
        while not _NAME.match(name or ""):
            name = ask(Question(text="Name of the project (letters, digits, underscore)"))
    chosen = name or re.sub(r"\W", "_", root.resolve().name)
    if not _NAME.match(chosen):
        raise ProblemsError((_bad_name(chosen),))
    return (root / name if name else root), chosen


def _set_up_profile(request: Init, caller: Caller, root: Path) -> Outcome:
    """Write the profile that the project here names, from its template or from answers."""
    if request.skip_profile_setup:
        caller.listener(Said(text=f"There is a project in {root} already; nothing to do"))
        return Outcome(data={"path": str(root)})
    inputs = inputs_of(request.options, env=caller.env, cwd=caller.cwd, needs_profile=False)
    name = _profile_name(root)
    file = find_profiles_file(inputs, str(root))
    if has_profile(file, name):
        raise ProblemsError((profile_exists(file, name),))
    add_profile(file, name, ask_for_output(root, name, caller.ask))
    caller.listener(Said(text=f"Profile `{name}` written to {file}"))
    caller.listener(Said(text="Next: `upriver debug` checks the connection"))
    return Outcome(data={"path": str(root), "name": name, "profiles": str(file)})


def _profile_name(root: Path) -> str:
    text = (root / PROJECT_FILE).read_text(encoding="utf-8")
    read = load_yaml(text, PROJECT_FILE)
    if read.problems:
        raise ProblemsError(read.problems)
    settings = read.value if isinstance(read.value, dict) else {}
    return str(settings.get("profile") or settings.get("name") or "default")


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
