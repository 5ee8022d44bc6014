"""A workspace opened for one request: what every verb starts from."""

from __future__ import annotations

import errno
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from upriver.graph.graph import Graph
from upriver.jinja.world import Invocation
from upriver.problems import Interrupted, Problem, ProblemsError, has_errors
from upriver.project.arguments import args_of
from upriver.project.events import Listener, Opened, ProblemFound, ProjectLoaded, Said
from upriver.project.load import load
from upriver.project.loading import Loaded, Loading
from upriver.project.memory import Memory
from upriver.project.outcome import Ask, ExitCode, Outcome
from upriver.project.outside import flags_of, make_invocation, make_settings, time_problems
from upriver.project.places import placed
from upriver.project.requests import Build, Request, Run
from upriver.project.resolve import from_environment, inputs_of, reserved_variables
from upriver.project.store import Store
from upriver.project.warnings import settle
from upriver.resources.dialect import Dialect
from upriver.run.events import Event, Printed
from upriver.run.stop import Stop
from upriver.workspace.workspace import Workspace, open_workspace

Level = str


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who performs a request, and where its reports go."""

    env: Mapping[str, str]
    cwd: str
    listener: Listener
    stop: Stop = msgspec.field(default_factory=Stop)
    command_line: tuple[str, ...] = ()
    templates: dict[str, Any] = {}
    """Compiled templates, kept as long as the caller lives."""
    on_query: Callable[[str, str, float | None, str], None] | None = None
    ask: Ask | None = None
    """Asks the person at the terminal; None where there is none."""
    is_heard_from_any_thread: bool = False
    """Whether `listener` may be called by several threads at once."""
    after: Callable[[OpenedProject, Outcome], Outcome] | None = None
    """What is done when a verb has ended and its project is still open."""


class OpenedProject:
    """One request's workspace, store and invocation. Problems are reported as they are found."""

    def __init__(self, request: Request, which: str, caller: Caller) -> None:
        """Open the workspace; raises ProblemsError when there is nothing to work with."""
        self.which = which
        self.caller = caller
        self.problems: list[Problem] = []
        self.once: dict[str, Any] = {}
        """What is looked up once for a request, by what it is."""
        self._seen: set[tuple[object, ...]] = set()
        self._loaded: Loaded | None = None
        request, problems = _complete(request, caller.env)
        self.request = request
        inputs = inputs_of(request.options, env=caller.env, cwd=caller.cwd)
        workspace, more = open_workspace(inputs)
        self._warn_error = bool(request.options.warn_error)
        self._warn_options: Mapping[str, Any] = request.options.warn_error_options or {}
        if workspace is not None:
            self._warn_error = workspace.flags.warn_error
            self._warn_options = workspace.flags.warn_error_options
            self._root = workspace.root
        else:
            self._root = caller.cwd
        self.report((*problems, *reserved_variables(caller.env), *more))
        if workspace is None:
            raise ProblemsError(tuple(self.problems))
        self.workspace: Workspace = workspace
        self.args = args_of(request, which, caller.command_line)
        self.invocation: Invocation = make_invocation(workspace, self.args)
        self.store = Store(workspace.target_path if workspace.flags.partial_parse else None)
        self.listener(opened_event(which, workspace, self.invocation.invocation_id))

    @property
    def listener(self) -> Listener:
        """Where to report to."""
        return self.caller.listener

    @property
    def dialect(self) -> Dialect:
        """Naming rules of the active adapter."""
        dialect = self.workspace.dialect
        assert dialect is not None  # noqa: S101 - a workspace without a profile was refused
        return dialect

    @property
    def threads(self) -> int:
        """Steps executed at the same time."""
        profile = self.workspace.profile
        return 1 if profile is None else profile.threads

    def report(self, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
        """Report problems once each, with the places of YAML values found, and return them."""
        settled = settle(problems, is_warn_error=self._warn_error, options=self._warn_options)
        shown = placed(tuple(p for p in settled if self._is_new(p)), self._root)
        self.problems.extend(shown)
        for problem in shown:
            self.listener(ProblemFound(problem=problem))
        return shown

    def _is_new(self, problem: Problem) -> bool:
        """Whether nothing equal was reported; a macro that fails for every node is one mistake."""
        about = problem.unique_id if problem.span is None else problem.span
        key = (problem.code, problem.severity, problem.message, about)
        if key in self._seen:
            return False
        self._seen.add(key)
        return True

    def require(self, problems: tuple[Problem, ...]) -> None:
        """Report problems; raises ProblemsError if one of them is an error."""
        shown = self.report(problems)
        if has_errors(shown):
            raise ProblemsError(tuple(self.problems))

    def load(self, extra_flags: Mapping[str, Any] | None = None) -> Loaded:
        """Parse and link the project, once; raises ProblemsError if it has errors."""
        if self._loaded is not None:
            return self._loaded
        if any(p.severity == "error" and self._hides_more(p) for p in self.problems):
            raise ProblemsError(tuple(self.problems))
        started = time.perf_counter()
        loaded = load(self.loading(extra_flags))
        self._loaded = loaded
        self.report(loaded.problems)
        if has_errors(self.problems):
            raise ProblemsError(tuple(self.problems))
        if self.caller.stop.is_requested:
            raise Interrupted
        self.listener(
            ProjectLoaded(
                counts=counts_by_kind(loaded.graph),
                way=loaded.counts.way,
                seconds=time.perf_counter() - started,
            )
        )
        return loaded

    def _hides_more(self, problem: Problem) -> bool:
        """Whether what follows from a problem would hide the mistakes in the files."""
        return self.workspace.dialect is None or problem.code.startswith("package")

    def loading(self, extra_flags: Mapping[str, Any] | None = None) -> Loading:
        """Return what loading this project starts from."""
        given = {
            **_verb_flags(self.request),
            "invocation_command": self.args["invocation_command"],
            **(extra_flags or {}),
        }
        flags = flags_of(self.workspace, self.which, given)
        return Loading(
            workspace=self.workspace,
            settings=make_settings(self.workspace, self.invocation, flags),
            memory=Memory(self.store),
            say=self.say,
            templates=self.caller.templates,
        )

    def say_once(self, text: str) -> None:
        """Tell something that is true for the whole request."""
        if self.once.setdefault(text) is None:
            self.once[text] = True
            self.listener(Said(text=text))

    def say(self, text: str, level: str, unique_id: str | None) -> None:
        """Report what a template printed."""
        event: Event = Printed(text=text, level=level, unique_id=unique_id)  # type: ignore[arg-type]
        self.listener(event)

    @property
    def target_path(self) -> str:
        """Absolute path of the artifacts' directory."""
        return os.path.normpath(self.workspace.target_path)

    def make_target_path(self) -> None:
        """Make the directory of the artifacts; raises OSError before anything else is done."""
        if self.workspace.flags.write_json:
            os.makedirs(self.target_path, exist_ok=True)
            if not os.access(self.target_path, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), self.target_path)

    def outcome(self, exit_code: ExitCode = ExitCode.SUCCESS, **parts: Any) -> Outcome:
        """Return an outcome with the problems found so far."""
        return Outcome(exit_code=exit_code, problems=tuple(self.problems), **parts)

    def close(self) -> None:
        """Close the store."""
        self.store.close()


def opened_event(which: str, workspace: Workspace, invocation_id: str) -> Opened:
    """Return what a verb reports first."""
    profile = workspace.profile
    return Opened(
        command=which,
        dbt_version=workspace.inputs.dbt_version,
        adapter_type=None if profile is None else profile.adapter_type,
        target_name=None if profile is None else profile.target_name,
        project_name=workspace.name,
        log_path=workspace.log_path,
        invocation_id=invocation_id,
        flags=workspace.flags,
    )


def _complete(request: Request, env: Mapping[str, str]) -> tuple[Request, tuple[Problem, ...]]:
    """Fill what was not given from the environment, group by group."""
    filled, problems = from_environment(request, env)
    selecting = getattr(filled, "selecting", None)
    if selecting is not None:
        selecting, more = from_environment(selecting, env)
        filled = msgspec.structs.replace(filled, selecting=selecting)
        problems = (*problems, *more)
    if isinstance(filled, Build | Run):
        times = (filled.event_time_start, filled.event_time_end, filled.sample)
        problems = (*problems, *time_problems(*times))
    return filled, problems


def _verb_flags(request: Request) -> dict[str, Any]:
    names = (
        "full_refresh", "empty", "store_failures", "event_time_start", "event_time_end", "sample",
    )  # fmt: skip
    return {
        name: value
        for name in names
        for value in (getattr(request, name, None),)
        if value is not None
    }


_TOLD = (
    "model", "snapshot", "analysis", "test", "seed", "operation", "source", "exposure", "metric",
    "macro", "group", "semantic_model", "saved_query", "unit_test", "function",
)  # fmt: skip


def counts_by_kind(graph: Graph) -> dict[str, int]:
    """Count resources by kind, in the order dbt tells them."""
    counted = Counter(entry.kind for entry in graph.entries.values())
    counted["macro"] = len(graph.macros)
    return {kind: counted[kind] for kind in _TOLD if counted[kind]}


def with_project(
    which: str, act: Callable[[OpenedProject], Outcome]
) -> Callable[[Request, Caller], Outcome]:
    """Return a verb that opens the project, acts, and closes it."""

    def verb(request: Request, caller: Caller) -> Outcome:
        opened = OpenedProject(request, which, caller)
        try:
            return finished(opened, act(opened))
        finally:
            opened.close()

    return verb


def finished(opened: OpenedProject, outcome: Outcome) -> Outcome:
    """Do what the caller has done after a verb."""
    after = opened.caller.after
    return outcome if after is None else after(opened, outcome)
