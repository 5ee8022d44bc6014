"""Public projects, laid out and played with dbt-core and with upriver.

`projects.toml` says what is compared and how; `checkout.py` fetches the projects. A project is laid
out in a directory of its own: its repository, the packages it names where `dbt deps` would put them,
a profile for the warehouse it is tried on. Either program then plays the same commands on a layout
of its own. What dbt-core did is kept under a digest of the commits, the entry and dbt's version.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.oracle.features import SELECTORS
from tests.oracle.player import Done, Manner, Program, play
from tests.oracle.playing import HERE, LONGEST_OUTPUT, Played, Script
from tests.oracle.public.relations import Relations
from tests.oracle.public.sources import statements
from tests.oracle.public.stand_ins import MADE
from tests.oracle.running import CACHE, dbt_version, find_dbt

from upriver.cli.invoke import invoke

LIST = Path(__file__).parent / "projects.toml"
VARIABLE = "UPRIVER_PUBLIC_PROJECTS"
FEW = (
    "*",
    "resource_type:test",
    "config.materialized:view",
    "source:*+",
    "path:models",
    "1+tag:*",
)
_SELECTS = {"all": SELECTORS, "few": FEW, "none": ()}
DATABASE = "wh"
"""Of either program: databases are named in manifests."""


class Entry(NamedTuple):
    """A project on a warehouse, as the list has it."""

    name: str
    warehouse: str
    """`duckdb` or `postgres`."""
    repository: str
    folder: str
    packages: dict[str, str]
    """By the package's name: the repository, and the directory in it, that holds it."""
    write: dict[str, str]
    """Files that the layout has beside the project's, by path in the repository."""
    edit: list[list[str]]
    """File, text, and what stands in its place."""
    rewrite: list[list[str]]
    """Pattern, and what stands in its place, in all SQL files below the project's directory."""
    sources: dict[str, Any] | None
    """How its sources are made (`sources.py`); None if it has its own data."""
    selects: tuple[str, ...]
    """The selections that are compared: dbt-core takes minutes for fifty."""
    env: dict[str, str]
    commands: list[list[str]]
    profile: str
    target: str
    schema: str
    volatile: tuple[str, ...]
    """Columns that hold the time of the run, or what is made of it."""
    masks: tuple[str, ...]
    """Patterns of what differs from run to run in compiled SQL."""
    known: dict[str, str]
    """Differences that are always there: what differs, and why."""
    varying: dict[str, str]
    """Differences that may be there: two runs of dbt-core differ in the same."""

    @property
    def id(self) -> str:
        """Return the name that the test has."""
        return f"{self.name}-{self.warehouse}"


@functools.cache
def listed() -> dict[str, Any]:
    """Return the list."""
    return tomllib.loads(LIST.read_text("utf-8"))


def entries() -> Iterator[Entry]:
    """Yield what the list says to compare."""
    for name, told in listed()["projects"].items():
        for warehouse in told.get("warehouses", ["duckdb"]):
            yield _entry(name, {**told, **told.get(warehouse, {})}, warehouse)


def _entry(name: str, told: dict[str, Any], warehouse: str) -> Entry:
    repository, _, folder = told["project"].partition("/")
    return Entry(
        name,
        warehouse,
        repository,
        folder,
        told.get("packages", {}),
        told.get("write", {}),
        told.get("edit", []),
        told.get("rewrite", []),
        told.get("sources"),
        _SELECTS[told.get("selects", "all")],
        told.get("env", {}),
        [line.split() for line in told.get("commands", ["build"])],
        told["profile"],
        told.get("target", warehouse),
        told.get("schema", "dev"),
        tuple(told.get("volatile", ())),
        tuple(told.get("masks", ())),
        told.get("known", {}),
        told.get("varying", {}),
    )


def lacking(entry: Entry) -> str | None:
    """Say why a project cannot be compared here; None if it can."""
    root = os.environ.get(VARIABLE)
    if root is None:
        return f"set {VARIABLE} to a directory of `python tests/oracle/public/checkout.py`"
    for repository in (entry.repository, *(_split(at)[0] for at in entry.packages.values())):
        if not (Path(root) / repository).is_dir():
            return f"{VARIABLE} has no {repository}: `checkout.py` fetches it"
    return None


def script_of(entry: Entry) -> Script:
    """Return what both programs do with a project."""
    listings = {word: ["--select", word] for word in entry.selects}
    steps: Script = [{"name": "parse", "run": ["parse"]}]
    if entry.selects:
        steps.append({"name": "ls", "list": listings})
    for command in entry.commands:
        steps.append({"name": " ".join(command), "run": command})
    return steps


def play_dbt(entry: Entry, relations: Relations) -> Played:
    """Play with dbt-core, or return what that gave before."""
    kept = CACHE / f"public-{entry.id}-{_digest(entry)}"
    if not (kept / "relations.json").exists():
        with laid_out(entry, relations) as (root, environment), _scratch() as scratch:
            asked, out = scratch / "script.json", scratch / "out"
            asked.write_text(json.dumps(script_of(entry)))
            python = str(Path(find_dbt() or "").parent / "python")
            done = subprocess.run(
                [python, str(HERE / "dbt_driver.py"), str(asked), str(root), str(out)],
                env=environment, cwd=root, capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
            _keep(root, out, relations)
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(out, kept)
    return Played(json.loads((kept / "results.json").read_text()), kept)


def play_upriver(entry: Entry, relations: Relations, out: Path) -> Played:
    """Play with upriver, in this process."""
    with laid_out(entry, relations) as (root, environment):

        def run(args: list[str], manner: Manner) -> Done:
            console = io.StringIO()
            where = root / manner.cwd
            # What DuckDB reads and writes itself is found from where the process is.
            with contextlib.chdir(where):
                ended = invoke(
                    args, env=environment, cwd=str(where), stdout=console, stderr=console
                )
            lines = () if ended.outcome is None else tuple(map(str, ended.outcome.lines))
            told = re.sub(
                r"(?m)^[^\n]*warning\[.*\n([\d: ]*(at|hint:|see) .*\n)*", "", console.getvalue()
            )
            return Done(ended.exit_code, told[-LONGEST_OUTPUT:], lines)

        play(script_of(entry), root, out, Program(run, run, lambda: None))
        _keep(root, out, relations)
    return Played(json.loads((out / "results.json").read_text()), out)


def _keep(root: Path, out: Path, relations: Relations) -> None:
    (out / "relations.json").write_text(json.dumps(relations.read(), default=str))
    if (root / "target" / "compiled").is_dir():
        shutil.copytree(root / "target" / "compiled", out / "compiled")


@contextlib.contextmanager
def laid_out(entry: Entry, relations: Relations) -> Iterator[tuple[Path, dict[str, str]]]:
    """Lay a project out on an empty warehouse: the project's root, and the environment."""
    given = Path(os.environ[VARIABLE])
    with _scratch() as scratch:
        top = scratch / entry.repository
        _copy(given / entry.repository, top)
        root = top / entry.folder
        _place_packages(entry, given, root)
        MADE.get(entry.name, lambda _: None)(top)
        for path, text in entry.write.items():
            (top / path).parent.mkdir(parents=True, exist_ok=True)
            (top / path).write_text(text, "utf-8")
        for path, old, new in entry.edit:
            text = (top / path).read_text("utf-8")
            assert old in text, (path, old)
            (top / path).write_text(text.replace(old, new), "utf-8")
        if entry.rewrite:
            _rewrite(root, entry.rewrite)
        output = {**relations.emptied(scratch), "schema": entry.schema, "threads": 4}
        if entry.sources is not None:
            relations.hold(statements(root, entry.sources))
        profile = {entry.profile: {"target": entry.target, "outputs": {entry.target: output}}}
        (scratch / "profiles").mkdir()
        (scratch / "profiles" / "profiles.yml").write_text(json.dumps(profile))
        yield root, _environment(entry, scratch / "profiles")


def _rewrite(root: Path, pairs: list[list[str]]) -> None:
    for path in root.rglob("*.sql"):
        text = new = path.read_text("utf-8")
        for pattern, replacement in pairs:
            new = re.sub(pattern, replacement, new)
        if new != text:
            path.write_text(new, "utf-8")


def _place_packages(entry: Entry, given: Path, root: Path) -> None:
    shutil.rmtree(root / "dbt_packages", ignore_errors=True)
    (root / "dbt_packages").mkdir(parents=True)
    for name, at in entry.packages.items():
        repository, folder = _split(at)
        if repository == entry.repository:
            # As `dbt deps` does with a local package.
            target = root.parents[len(Path(entry.folder).parts) - 1] / folder
            (root / "dbt_packages" / name).symlink_to(target, target_is_directory=True)
        else:
            _copy(given / repository / folder, root / "dbt_packages" / name)


def _copy(origin: Path, target: Path) -> None:
    shutil.copytree(
        origin, target, symlinks=True, ignore=shutil.ignore_patterns(".git", "node_modules")
    )


def _split(at: str) -> tuple[str, str]:
    repository, _, folder = at.partition("/")
    return repository, folder


def _environment(entry: Entry, profiles: Path) -> dict[str, str]:
    inherited = {k: v for k, v in os.environ.items() if "DBT" not in k and "PYTHONPATH" not in k}
    quiet = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "0", "DBT_USE_COLORS": "0"}
    return {**inherited, **quiet, "DBT_PROFILES_DIR": str(profiles), **entry.env}


@contextlib.contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="public-") as folder:
        yield Path(folder).resolve()


def _digest(entry: Entry) -> str:
    commits = listed()["repositories"]
    names = (entry.repository, *(_split(at)[0] for at in entry.packages.values()))
    told = [script_of(entry), dbt_version(), {name: commits[name] for name in names}]
    told.append([entry.packages, entry.write, entry.edit, entry.env, entry.profile, entry.schema])
    if entry.sources is not None:
        told.append(
            [
                entry.rewrite,
                entry.sources,
                (Path(__file__).parent / "sources.py").read_text("utf-8"),
            ]
        )
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:20]


Warehouse = Callable[[], Relations]
