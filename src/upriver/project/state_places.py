"""State options that name another place than a directory, made into directories (D22).

Loaded only where there is one. A web server or an object store is asked for its artifacts; a git
revision is read as the project it was, with production's target, which builds nothing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec

from upriver.digest import digest_value
from upriver.problems import Problem, ProblemsError, Span
from upriver.project.opened import Caller, OpenedProject
from upriver.project.parsing import parse
from upriver.project.requests import Parse
from upriver.project.resolve import Deferring
from upriver.state.remote.address import PRODUCTION, Address, read_address
from upriver.state.remote.archive import unpack
from upriver.state.remote.cache import Cache
from upriver.state.remote.fetch import Fetched, cache_folder, fetch
from upriver.state.remote.revision import Revision, export, find_revision


def made_local(
    opened: OpenedProject, deferring: Deferring
) -> tuple[Deferring, Mapping[str, str], tuple[Problem, ...]]:
    """Return the options with directories, and by directory what it is called in messages."""
    names: dict[str, str] = {}
    problems: list[Problem] = []
    told: list[Problem]
    found: dict[str, str | None] = {}
    for text in dict.fromkeys((deferring.state, deferring.baseline, *deferring.layers)):
        if text is None:
            continue
        address = read_address(text)
        directory = found[text] = _directory(opened, address, told := [])
        problems.extend(_lenient(told) if text in deferring.layers else told)
        if directory is not None and directory != text:
            names[directory] = deferring.names.get(text, address.shown)
    state, baseline = (
        None if text is None else found[text] for text in (deferring.state, deferring.baseline)
    )
    layers = tuple(place for text in deferring.layers if (place := found[text]) is not None)
    local = msgspec.structs.replace(deferring, state=state, baseline=baseline, layers=layers)
    return local, names, tuple(problems)


def _lenient(problems: list[Problem]) -> list[Problem]:
    """Of several states one may not be there yet: a branch that was not built, for example."""
    return [
        msgspec.structs.replace(problem, severity="warning")
        if problem.code == "state-not-found"
        else problem
        for problem in problems
    ]


def _directory(opened: OpenedProject, address: Address, problems: list[Problem]) -> str | None:
    env, now = opened.caller.env, time.time()
    if address.kind == "local" and not os.path.isfile(address.text):
        return address.text
    if address.kind == "local":
        answer = _of_file(address, Cache(cache_folder(env)), now)
    elif address.kind == "git":
        answer = _of_revision(opened, address.text)
    elif address.kind == "warehouse":
        # A warehouse is opened for who has its state there.
        from upriver.project.deferring.warehouse_state import of_warehouse

        answer = of_warehouse(opened, address, Cache(cache_folder(env)), now)
    else:
        answer = fetch(address, Cache(cache_folder(env)), env, now)
    if isinstance(answer, Problem):
        problems.append(answer)
        return None
    problems.extend(answer.problems)
    return answer.directory


def _of_file(address: Address, cache: Cache, now: float) -> Fetched | Problem:
    """Unpack an artifact or an archive that is named itself."""
    file = Path(address.text)
    try:
        data = file.read_bytes()
        artifacts = unpack(data, "manifest.json")
        if isinstance(artifacts, Problem):
            return msgspec.structs.replace(artifacts, span=Span(file=address.text))
        kept = cache.keep(address.text, artifacts, None, now)
    except OSError as error:
        return Problem(
            code="state-not-found",
            message=f"`{error.filename}` cannot be used as state: {error.strerror}",
            span=Span(file=address.text),
        )
    return Fetched(directory=str(cache.directory(kept)))


def _of_revision(opened: OpenedProject, name: str) -> Fetched | Problem:
    """Read the project of a revision, and leave its manifest in the cache."""
    target = _production_target(opened)
    if isinstance(target, Problem):
        return target
    revision = find_revision(name, opened.workspace.root)
    if isinstance(revision, Problem):
        return revision
    folder = cache_folder(opened.caller.env)
    project = export(revision, folder / "revisions")
    if isinstance(project, Problem):
        return project
    problems = _lend_packages(opened, project)
    directory = folder / "manifests" / _key(opened, revision, target)
    problem = _parse(opened, project, target, directory)
    return problem or Fetched(directory=str(directory), problems=problems)


def _production_target(opened: OpenedProject) -> str | Problem:
    given = opened.request.options.state_target or opened.workspace.deferral.target.state_target
    profile = opened.workspace.profile
    known = () if profile is None else profile.target_names
    if given is not None:
        return given
    found = next((name for name in PRODUCTION if name in known), None)
    if found is not None:
        return found
    return Problem(
        code="state-target",
        message="Which target production is built with is not known: the profile has none called"
        f" {', '.join(f'`{name}`' for name in PRODUCTION)}",
        hint=f"Pass `--state-target` with one of: {', '.join(sorted(known)) or 'the targets'}",
    )


def _key(opened: OpenedProject, revision: Revision, target: str) -> str:
    """Name the directory by what tells two readings apart; what else changes, memory notices."""
    options = opened.request.options
    return digest_value(
        [revision.top, revision.inside, revision.commit, target, options.profile, options.vars]
    )[:32]


def _parse(opened: OpenedProject, project: Path, target: str, directory: Path) -> Problem | None:
    given = opened.request.options
    profile = opened.workspace.profile
    options = type(given)(
        project_dir=str(project),
        profiles_dir=None if profile is None else os.path.dirname(profile.profiles_path),
        profile=given.profile,
        target=target,
        vars=given.vars,
        target_path=str(directory),
        log_path=str(directory / "logs"),
    )
    caller = Caller(env=opened.caller.env, cwd=str(project), listener=lambda _: None)
    try:
        problems = parse(Parse(options=options), caller).problems
    except ProblemsError as error:
        problems = error.problems
    first = next((problem for problem in problems if problem.severity == "error"), None)
    if first is None:
        return None
    return Problem(
        code="state-revision",
        message=f"The project as it was cannot be read: {first.message}",
        span=first.span,
        hint=first.hint,
    )


def _lend_packages(opened: OpenedProject, project: Path) -> tuple[Problem, ...]:
    """Let a revision use the packages that are installed here: they are not in the repository."""
    here, there = Path(opened.workspace.root), project
    installed = Path(opened.workspace.settings.packages_install_path)
    source, link = here / installed, there / installed
    if not source.is_dir() or link.exists() or link.is_symlink():
        return ()
    link.parent.mkdir(parents=True, exist_ok=True)
    try:
        link.symlink_to(source, target_is_directory=True)
    except OSError as error:
        return (
            Problem(
                code="state-revision",
                severity="warning",
                message=f"The installed packages cannot be shared with the revision: {error}",
            ),
        )
    lists = ("packages.yml", "dependencies.yml", "package-lock.yml")
    if all(_text(here / name) == _text(there / name) for name in lists):
        return ()
    return (
        Problem(
            code="state-packages",
            severity="warning",
            message="The revision lists other packages than are installed here, and is read with"
            " those that are",
        ),
    )


def _text(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except OSError:
        return None
