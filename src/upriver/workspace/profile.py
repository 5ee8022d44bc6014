"""The chosen output of `profiles.yml` (PROJ-35..45).

Only the chosen output is rendered. Its secrets are put in after rendering, and no message repeats
a value of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from upriver.adapters.contract import Adapter, Credentials
from upriver.adapters.registry import load_adapter
from upriver.jinja.errors import CompilationError
from upriver.jinja.native import render_native
from upriver.problems import Problem, Span, has_errors
from upriver.resources.nearest import nearest_hint
from upriver.workspace.inputs import Inputs, chosen
from upriver.workspace.project_file import absolute, read_settings_text
from upriver.workspace.rendering import EnvVar, render_tree, settings_names
from upriver.workspace.secrets import reveal
from upriver.workspace.yaml import load_yaml

PROFILES_FILE = "profiles.yml"


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """One output, rendered and checked."""

    name: str
    """The profile's name."""
    target_name: str
    adapter_type: str
    threads: int
    credentials: Credentials
    target: Mapping[str, Any]
    """The `target` object for templates (PROJ-43)."""
    profiles_path: str
    """Absolute path of the `profiles.yml` it was read from."""
    target_names: tuple[str, ...] = ()
    """Every output the profile has."""
    env_read: tuple[str, ...] = ()
    """Environment variables the output asked for (PROJ-45)."""


class OpenProfile(msgspec.Struct, frozen=True, kw_only=True):
    """A profile together with the adapter it names."""

    profile: Profile
    adapter: Adapter
    legacy_flags: Mapping[str, Any] = {}
    """`config:` of the file, which dbt read flags from before `dbt_project.yml` had them."""


def find_profiles_file(inputs: Inputs, root: str) -> Path:
    """Tell which `profiles.yml` applies, whether or not it exists (PROJ-35).

    dbt looks into the given directory, else the current one, else `~/.dbt`. A file beside
    `dbt_project.yml` is taken where dbt would find none.
    """
    given = chosen(inputs.profiles_dir, inputs.env, "PROFILES_DIR")
    if given is not None:
        return absolute(given, inputs.cwd) / PROFILES_FILE
    here = Path(inputs.cwd) / PROFILES_FILE
    if here.is_file() or inputs.home is None:
        return here if here.is_file() else Path(root) / PROFILES_FILE
    home = Path(inputs.home) / ".dbt" / PROFILES_FILE
    beside = Path(root) / PROFILES_FILE
    return beside if beside.is_file() and not home.is_file() else home


def open_profile(
    inputs: Inputs, root: str, project_profile: str | None
) -> tuple[OpenProfile | None, tuple[Problem, ...]]:
    """Read, render and check the output the inputs and the project choose.

    `project_profile` is the rendered `profile:` of `dbt_project.yml`.
    """
    path = find_profiles_file(inputs, root)
    name = chosen(inputs.profile, inputs.env, "PROFILE") or project_profile
    if name is None:
        return None, (_no_profile_named(),)
    profiles, problems = _read_profiles(path)
    if profiles is None:
        return None, problems
    env_var = EnvVar(inputs.env.get, allows_secrets=True)
    names = settings_names(inputs, env_var)
    chooser = _Chooser(path, name, names, inputs)
    output, found = chooser.output(profiles)
    problems = (*problems, *found)
    if output is None or has_errors(problems):
        return None, problems
    opened, found = _check(output, chooser, tuple(env_var.read))
    if opened is not None and isinstance(profiles.get("config"), dict):
        opened = msgspec.structs.replace(opened, legacy_flags=profiles["config"])
    return opened, (*problems, *found)


def _read_profiles(path: Path) -> tuple[dict[str, Any] | None, tuple[Problem, ...]]:
    file = str(path)
    text = read_settings_text(path)
    if text is None:
        problem = Problem(
            code="profiles-file-missing",
            message=f"There is no readable `{PROFILES_FILE}` in `{path.parent}`",
            hint="Create one, or give its directory with `--profiles-dir`",
        )
        return None, (problem,)
    document = load_yaml(text, file)
    if isinstance(document.value, dict):
        return document.value, (*document.problems, *_legacy_config(document.value, file))
    if document.problems:
        return None, document.problems
    said = "is empty" if document.value is None else "is no mapping of profiles"
    problem = Problem(
        code="profiles-file-not-mapping", message=f"`{file}` {said}", span=Span(file=file)
    )
    return None, (problem,)


def _legacy_config(profiles: Mapping[str, Any], file: str) -> tuple[Problem, ...]:
    if not isinstance(profiles.get("config"), dict) or not profiles["config"]:
        return ()
    problem = Problem(
        code="profiles-config-moved",
        message=f"The flags under `config` in `{file}` belong into `dbt_project.yml`",
        severity="warning",
        span=Span(file=file, keys=("config",)),
        hint="Move them to `flags` in `dbt_project.yml`",
        event="ProjectFlagsMovedDeprecation",
    )
    return (problem,)


def _no_profile_named() -> Problem:
    return Problem(
        code="profile-not-named",
        message="Neither `dbt_project.yml` nor an option names a profile",
        span=Span(file="dbt_project.yml"),
        hint="Add `profile: <name>` to `dbt_project.yml`, or give `--profile`",
    )


class _Chooser:
    """Finds one output in a file of profiles."""

    def __init__(self, path: Path, name: str, names: Mapping[str, Any], inputs: Inputs) -> None:
        self.file = str(path)
        self.name = name
        self.names = names
        self.inputs = inputs
        self.target_name = ""
        self.target_names: tuple[str, ...] = ()

    def output(
        self, profiles: Mapping[str, Any]
    ) -> tuple[dict[str, Any] | None, tuple[Problem, ...]]:
        """Return the chosen output, rendered, with its secrets."""
        profile = profiles.get(self.name)
        if profile is None:
            return None, (self._not_found(profiles),)
        outputs = profile.get("outputs") if isinstance(profile, dict) else None
        if not isinstance(outputs, dict):
            return None, (self._no_outputs(),)
        target, problem = self._choose_target(profile)
        if problem is not None:
            return None, (problem,)
        self.target_name = target
        self.target_names = tuple(map(str, outputs))
        if not isinstance(outputs.get(target), dict):
            return None, (self._no_target(outputs),)
        return self._render(outputs[target])

    def _choose_target(self, profile: Mapping[str, Any]) -> tuple[str, Problem | None]:
        given = chosen(self.inputs.target, self.inputs.env, "TARGET")
        if given is not None:
            return given, None
        written = profile.get("target")
        if written is None:
            return "default", None
        try:
            return str(render_native(str(written), self.names)), None
        except CompilationError as error:
            problem = Problem(
                code=error.code,
                message=error.message,
                span=Span(file=self.file, keys=(self.name, "target")),
                hint=error.hint,
            )
            return "", problem

    def _render(self, output: dict[str, Any]) -> tuple[dict[str, Any], tuple[Problem, ...]]:
        rendered, problems = render_tree(output, self.names, file=self.file, keys=self.keys)
        kept = [problem for problem in problems if not _is_password(problem)]
        return reveal(rendered, self.inputs.env), tuple(kept)

    @property
    def keys(self) -> tuple[str, ...]:
        """Where the output stands in the file."""
        return self.name, "outputs", self.target_name

    def _not_found(self, profiles: Mapping[str, Any]) -> Problem:
        known = [str(name) for name in profiles if name != "config"]
        listed = ", ".join(f"`{name}`" for name in known) or "none"
        return Problem(
            code="profile-not-found",
            message=f"There is no profile `{self.name}` in `{self.file}`",
            span=Span(file=self.file),
            hint=nearest_hint(self.name, known) or f"Profiles in the file: {listed}",
        )

    def _no_outputs(self) -> Problem:
        return Problem(
            code="profile-no-outputs",
            message=f"The profile `{self.name}` has no `outputs`",
            span=Span(file=self.file, keys=(self.name,)),
            hint="Add `outputs: {dev: {type: <adapter>, ...}}` and `target: dev`",
        )

    def _no_target(self, outputs: Mapping[str, Any]) -> Problem:
        known = [str(name) for name in outputs]
        listed = ", ".join(f"`{name}`" for name in known) or "none"
        return Problem(
            code="target-not-found",
            message=f"The profile `{self.name}` has no target `{self.target_name}`",
            span=Span(file=self.file, keys=(self.name, "outputs")),
            hint=nearest_hint(self.target_name, known) or f"Targets of the profile: {listed}",
        )


def _is_password(problem: Problem) -> bool:
    """A password that is no template may look like one; it is kept as it is (PROJ-39).

    A missing variable is a mistake all the same.
    """
    keys = problem.span.keys if problem.span is not None else ()
    is_lookup = problem.code in ("env-var-not-found", "var-not-found", "secret-env-var")
    return bool(keys) and keys[-1] == "password" and not is_lookup


def _check(
    output: dict[str, Any], chooser: _Chooser, env_read: tuple[str, ...]
) -> tuple[OpenProfile | None, tuple[Problem, ...]]:
    adapter_type = output.get("type")
    if not isinstance(adapter_type, str) or not adapter_type:
        problem = Problem(
            code="profile-no-type",
            message=f"The target `{chooser.target_name}` of the profile `{chooser.name}` "
            "does not say which kind of warehouse it is",
            span=Span(file=chooser.file, keys=chooser.keys),
            hint="Add `type: duckdb` or another adapter's name",
        )
        return None, (problem,)
    threads, problems = _threads(output, chooser)
    adapter = load_adapter(adapter_type)
    if isinstance(adapter, Problem):
        span = Span(file=chooser.file, keys=(*chooser.keys, "type"))
        return None, (*problems, msgspec.structs.replace(adapter, span=span))
    credentials, found = adapter.parse_credentials(
        {**output, "threads": threads},
        profile=chooser.name,
        target=chooser.target_name,
        root=chooser.inputs.cwd,
    )
    problems = (*problems, *(_placed(problem, chooser) for problem in found))
    if credentials is None:
        return None, problems
    profile = Profile(
        name=chooser.name,
        target_name=chooser.target_name,
        adapter_type=adapter_type,
        threads=threads,
        credentials=credentials,
        target=_target(credentials, chooser, threads),
        profiles_path=chooser.file,
        target_names=chooser.target_names,
        env_read=env_read,
    )
    return OpenProfile(profile=profile, adapter=adapter), problems


def _threads(output: Mapping[str, Any], chooser: _Chooser) -> tuple[int, tuple[Problem, ...]]:
    """Return the number of threads: the option's, else the output's, else 1 (PROJ-38)."""
    if chooser.inputs.threads is not None:
        return chooser.inputs.threads, ()
    value = output.get("threads", 1)
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value, ()
    problem = Problem(
        code="profile-threads-invalid",
        message=f"`threads` of the target `{chooser.target_name}` is no positive whole number",
        span=Span(file=chooser.file, keys=(*chooser.keys, "threads")),
        hint="Write a number such as `threads: 4`",
    )
    return 1, (problem,)


def _placed(problem: Problem, chooser: _Chooser) -> Problem:
    """Name the file an adapter's problem is about, which the adapter does not know."""
    keys = chooser.keys if problem.span is None else problem.span.keys
    return msgspec.structs.replace(problem, span=Span(file=chooser.file, keys=keys))


def _target(credentials: Credentials, chooser: _Chooser, threads: int) -> dict[str, Any]:
    return {
        **credentials.shown,
        "type": credentials.type,
        "threads": threads,
        "name": chooser.target_name,
        "target_name": chooser.target_name,
        "profile_name": chooser.name,
        "schema": credentials.schema,
        "database": credentials.database,
    }
