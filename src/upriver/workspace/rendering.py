"""Rendering the files that are read before a project is open.

`dbt_project.yml`, `profiles.yml`, `selectors.yml` and `packages.yml` see a small context: the
command line's variables, the environment's, the target where it is known, and dbt's helpers
(PROJ-32, PROJ-39, SEL-71). Project `vars:` are not visible.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from upriver.jinja import members
from upriver.jinja.errors import CompilationError, Origin, problem_of
from upriver.jinja.native import changes, render_native
from upriver.jinja.world import Found
from upriver.problems import Key, Problem, Span
from upriver.resources.nearest import nearest_hint
from upriver.workspace.inputs import DBT_VERSION, Inputs
from upriver.workspace.secrets import is_secret, placeholder

Skip = Callable[[tuple[Key, ...]], bool]
"""Told the keys that lead to a value; true keeps it as written."""


_NOT_GIVEN: Final = object()


class Var:
    """`var` in YAML, where a value is given as it is (PROJ-254, PROJ-255)."""

    def __init__(self, find: Callable[[str], Found], known: Iterable[str] = ()) -> None:
        """`known` are names to suggest for a misspelt one."""
        self._find = find
        self._known = known

    def __call__(self, name: str, default: Any = _NOT_GIVEN) -> Any:
        """Look the variable up; None is a default like any other."""
        found = self._find(name)
        if found.is_found:
            return found.value
        if default is not _NOT_GIVEN:
            return default
        raise CompilationError(
            f"The variable `{name}` has no value",
            code="var-not-found",
            hint=nearest_hint(name, self._known)
            or f"Give it with `--vars '{name}: ...'`, or a default with `var('{name}', ...)`",
        )

    def has_var(self, name: str) -> bool:
        """Whether the variable has a value."""
        return self._find(name).is_found


class EnvVar:
    """`env_var` in YAML (PROJ-256); notes what was asked for (PROJ-45)."""

    def __init__(self, find: Callable[[str], str | None], *, allows_secrets: bool) -> None:
        self._find = find
        self._allows_secrets = allows_secrets
        self.read: dict[str, None] = {}

    def __call__(self, name: str, default: Any = None) -> Any:
        """Look the variable up; a secret gives its placeholder."""
        if is_secret(name) and not self._allows_secrets:
            raise CompilationError(
                f"The secret environment variable `{name}` may not be read here",
                code="secret-env-var",
                hint="Secrets may be read in `profiles.yml`, `packages.yml` and "
                "`dependencies.yml` only",
            )
        self.read[name] = None
        value = self._find(name)
        if value is not None:
            return placeholder(name) if is_secret(name) else value
        if default is not None:
            return default
        raise CompilationError(
            f"The environment variable `{name}` is not set",
            code="env-var-not-found",
            hint=f"Set it, or give a default with `env_var('{name}', ...)`",
        )


class LazyNames(Mapping[str, Any]):
    """Makes a name when a string first uses it: only what is used is asked for."""

    def __init__(self, makers: Mapping[str, Callable[[], Any]]) -> None:
        self._makers = makers
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = HELPERS[name] if name in HELPERS else self._makers[name]()
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in HELPERS or name in self._makers

    def __iter__(self) -> Iterator[str]:
        return iter((*HELPERS, *self._makers))

    def __len__(self) -> int:
        return len(HELPERS) + len(self._makers)


HELPERS: Mapping[str, Any] = {
    "fromjson": members.fromjson,
    "tojson": members.tojson,
    "fromyaml": members.fromyaml,
    "toyaml": members.toyaml,
    "set": members.make_set,
    "set_strict": members.make_set_strict,
    "zip": members.make_zip,
    "zip_strict": members.make_zip_strict,
    "local_md5": members.local_md5,
    "diff_of_two_dicts": members.diff_of_two_dicts,
    "modules": members.Modules(),
    "dbt_version": DBT_VERSION,
}
"""Names that are the same in every file (JINJA-16..37)."""


class GivenFlags:
    """`flags` before a project is open: the options that were given, in upper case."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given

    def __getattr__(self, name: str) -> Any:
        if not name.isupper() or name.lower() not in self._given:
            raise AttributeError(name)
        return self._given[name.lower()]


def settings_names(
    inputs: Inputs, env_var: EnvVar, target: Mapping[str, Any] | None = None
) -> Mapping[str, Any]:
    """Return the names these files see; `target` is there once the profile is known."""

    def find(name: str) -> Found:
        return Found(is_found=name in inputs.vars, value=inputs.vars.get(name))

    makers: dict[str, Callable[[], Any]] = {
        "var": lambda: Var(find, inputs.vars),
        "env_var": lambda: env_var,
        "flags": lambda: GivenFlags(inputs.flags),
        "log": lambda: _say_nothing,
        "print": lambda: _say_nothing,
        "run_started_at": lambda: datetime.datetime.now(tz=datetime.UTC),
    }
    if target is not None:
        makers["target"] = lambda: target
    return LazyNames(makers)


def _say_nothing(*_arguments: Any, **_options: Any) -> str:
    """What templates log before a run has begun is not shown."""
    return ""


def render_tree(
    value: Any,
    names: Mapping[str, Any],
    *,
    file: str,
    keys: tuple[Key, ...] = (),
    skip: Skip | None = None,
) -> tuple[Any, list[Problem]]:
    """Render every string of a document, at any depth.

    A string that cannot be rendered stays as it is and gives a problem at its place.
    """
    problems: list[Problem] = []
    return _render(value, keys, _Tree(names, file, skip, problems)), problems


class _Tree:
    """What stays the same while one document is rendered."""

    def __init__(
        self, names: Mapping[str, Any], file: str, skip: Skip | None, problems: list[Problem]
    ) -> None:
        self.names = names
        self.file = file
        self.skip = skip
        self.problems = problems


def _render(value: Any, keys: tuple[Key, ...], tree: _Tree) -> Any:
    if isinstance(value, str):
        return _render_text(value, keys, tree) if changes(value) else value
    if not isinstance(value, dict | list) or (tree.skip is not None and tree.skip(keys)):
        return value
    if isinstance(value, dict):
        return {key: _render(item, (*keys, key), tree) for key, item in value.items()}
    return [_render(item, (*keys, index), tree) for index, item in enumerate(value)]


def _render_text(text: str, keys: tuple[Key, ...], tree: _Tree) -> Any:
    if tree.skip is not None and tree.skip(keys):
        return text
    try:
        return render_native(text, tree.names, origin=Origin(file=tree.file))
    except CompilationError as error:
        problem = problem_of(error)
        tree.problems.append(
            Problem(
                code=problem.code,
                message=problem.message,
                hint=problem.hint,
                span=Span(file=tree.file, keys=keys),
            )
        )
        return text
