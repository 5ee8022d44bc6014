"""A directory read into values: which packages, profile, target, variables and flags apply."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from upriver.adapters.contract import Adapter
from upriver.problems import Problem, Span
from upriver.resources.dialect import Dialect, merge_quoting
from upriver.resources.relation import Quoting
from upriver.workspace.flags import ProjectFlags, resolve_flags
from upriver.workspace.inputs import Inputs, chosen
from upriver.workspace.packages import Package, load_packages
from upriver.workspace.profile import OpenProfile, Profile, open_profile
from upriver.workspace.project_file import (
    PROJECT_FILE,
    RawProject,
    absolute,
    find_root,
    read_raw_project,
    render_project,
)
from upriver.workspace.project_keys.version import supports
from upriver.workspace.rendering import EnvVar, render_tree, settings_names
from upriver.workspace.secrets import scrub, secrets_of
from upriver.workspace.selectors_file import read_selectors
from upriver.workspace.settings import ProjectSettings
from upriver.workspace.upriver_file.settings import DeferralSettings, read_deferral
from upriver.workspace.vars import Vars


class Workspace(msgspec.Struct, frozen=True, kw_only=True):
    """An opened project directory. Paths are absolute."""

    root: str
    packages: tuple[Package, ...]
    """The root project first, then the installed packages sorted by name."""
    profile: Profile | None
    """None only where the verb needs none."""
    dialect: Dialect | None
    """Naming rules of the profile's adapter; None without a profile."""
    quoting: Quoting
    """The dialect's quoting merged with the root project's (PROJ-20)."""
    flags: ProjectFlags
    vars: Vars
    env: Mapping[str, str]
    target_path: str
    log_path: str
    selectors: Mapping[str, Any] = {}
    """Raw definitions of `selectors.yml` by name (SEL-65)."""
    deferral: DeferralSettings = DeferralSettings()
    """What `upriver.yml` says for the chosen target."""
    inputs: Inputs

    def __repr__(self) -> str:
        # The environment may hold secrets.
        return f"Workspace(root={self.root!r}, packages={[item.name for item in self.packages]!r})"

    @property
    def settings(self) -> ProjectSettings:
        """The root project's settings."""
        return self.packages[0].settings

    @property
    def name(self) -> str:
        """The root project's name."""
        return self.packages[0].settings.name


def open_workspace(inputs: Inputs) -> tuple[Workspace | None, tuple[Problem, ...]]:
    """Read a project's settings, its packages and its profile.

    Gives None only where an error leaves nothing to work with; every problem found on the way is
    reported, not only the first.
    """
    root = find_root(inputs)
    if isinstance(root, Problem):
        return None, (root,)
    opening = _Opening(inputs, root)
    workspace = opening.open()
    secrets = secrets_of(inputs.env)
    return workspace, tuple(_scrubbed(problem, secrets) for problem in opening.problems)


class _Opening:
    """Collects problems while the parts of a workspace are read one after the other."""

    def __init__(self, inputs: Inputs, root: str) -> None:
        self.inputs = inputs
        self.root = root
        self.env_var = EnvVar(inputs.env.get, allows_secrets=False)
        self.problems: list[Problem] = []

    def open(self) -> Workspace | None:
        """Read everything; None where the project or a needed profile cannot be used."""
        raw, problems = read_raw_project(self.root, PROJECT_FILE)
        self.problems.extend(problems)
        if raw is None:
            return None
        opened = self._profile(raw)
        target = None if opened is None else opened.profile.target
        names = settings_names(self.inputs, self.env_var, target)
        settings, problems = render_project(raw, names)
        self.problems.extend(problems)
        if settings is None or (opened is None and self.inputs.needs_profile):
            return None
        flags = self._flags(settings, opened)
        package = Package(name=settings.name, root=self.root, settings=settings, is_root=True)
        packages = (package, *self._packages(package, names))
        self._check_versions(packages, flags)
        selectors, problems = read_selectors(self.root, names)
        self.problems.extend(problems)
        deferral = self._deferral(opened, names)
        return self._workspace(packages, opened, flags, (selectors, deferral))

    def _deferral(self, opened: OpenProfile | None, names: Mapping[str, Any]) -> DeferralSettings:
        target_name = None if opened is None else opened.profile.target_name
        deferral, problems = read_deferral(self.root, target_name, names)
        if self.inputs.needs_profile:
            self.problems.extend(problems)
        return deferral

    def _profile(self, raw: RawProject) -> OpenProfile | None:
        name = self._profile_name(raw)
        has_name = name is not None or self.inputs.profile is not None
        if not self.inputs.needs_profile and not has_name:
            return None
        opened, problems = open_profile(self.inputs, self.root, name)
        # A verb that needs no warehouse does not mind a broken profile.
        if self.inputs.needs_profile:
            self.problems.extend(problems)
        return opened

    def _profile_name(self, raw: RawProject) -> str | None:
        """Render the profile's name, which comes before the target is known."""
        written = raw.body.get("profile")
        if not isinstance(written, str):
            return None
        names = settings_names(self.inputs, self.env_var)
        # What fails here fails again, and is reported, when the whole file is rendered.
        rendered, problems = render_tree(written, names, file=PROJECT_FILE)
        return None if problems else str(rendered)

    def _flags(self, settings: ProjectSettings, opened: OpenProfile | None) -> ProjectFlags:
        legacy = {} if opened is None else opened.legacy_flags
        if legacy and settings.flags:
            self.problems.append(_flags_twice())
        flags, problems = resolve_flags(
            self.inputs.flags, self.inputs.env, settings.flags or legacy, PROJECT_FILE
        )
        self.problems.extend(problems)
        return flags

    def _packages(self, root: Package, names: Mapping[str, Any]) -> tuple[Package, ...]:
        if not self.inputs.reads_packages:
            return ()
        secret_names = settings_names(
            self.inputs, EnvVar(self.inputs.env.get, allows_secrets=True), names.get("target")
        )
        packages, problems = load_packages(root, names, secret_names)
        self.problems.extend(problems)
        return packages

    def _check_versions(self, packages: tuple[Package, ...], flags: ProjectFlags) -> None:
        given = self.inputs.version_check
        if flags.version_check if given is None else given:
            for package in packages:
                self.problems.extend(unsupported(package, self.root, self.inputs.dbt_version))

    def _workspace(
        self,
        packages: tuple[Package, ...],
        opened: OpenProfile | None,
        flags: ProjectFlags,
        files: tuple[Mapping[str, Any], DeferralSettings],
    ) -> Workspace:
        selectors, deferral = files
        settings = packages[0].settings
        dialect = None if opened is None else _dialect_of(opened.adapter)
        return Workspace(
            root=self.root,
            packages=packages,
            profile=None if opened is None else opened.profile,
            dialect=dialect,
            quoting=merge_quoting(
                Quoting() if dialect is None else dialect.quoting, quoting_parts(settings.quoting)
            ),
            flags=flags,
            vars=Vars(
                root=settings.name,
                cli=self.inputs.vars,
                by_package={package.name: package.settings.vars for package in packages},
            ),
            env=self.inputs.env,
            target_path=self._target_path(settings),
            log_path=self._log_path(settings),
            selectors=selectors,
            deferral=deferral,
            inputs=self.inputs,
        )

    def _target_path(self, settings: ProjectSettings) -> str:
        """Return where artifacts go; dbt takes every relative target path from the project."""
        given = chosen(self.inputs.target_path, self.inputs.env, "TARGET_PATH")
        return str(absolute(given or settings.target_path, self.root))

    def _log_path(self, settings: ProjectSettings) -> str:
        """Return where logs go; dbt takes a given path from the current directory."""
        given = chosen(self.inputs.log_path, self.inputs.env, "LOG_PATH")
        if given is not None:
            return str(absolute(given, self.inputs.cwd))
        return str(absolute(settings.log_path, self.root))


def quoting_parts(quoting: Mapping[str, Any]) -> dict[str, Any]:
    """Return `quoting:` with `project`, the other name of `database`, replaced (PROJ-20)."""
    parts = {key: value for key, value in quoting.items() if key != "project"}
    if "project" in quoting:
        parts.setdefault("database", quoting["project"])
    return parts


def _flags_twice() -> Problem:
    return Problem(
        code="flags-twice",
        message="Flags are given both in `dbt_project.yml` and under `config` in `profiles.yml`",
        span=Span(file=PROJECT_FILE, keys=("flags",)),
        hint="Keep those in `dbt_project.yml`",
    )


def unsupported(package: Package, root: str, version: str) -> tuple[Problem, ...]:
    """Return the problem of a package that does not work with a version of dbt, if it is one."""
    wanted = package.settings.require_dbt_version
    if supports(wanted, version):
        return ()
    path = Path(package.root) / PROJECT_FILE
    file = path.relative_to(root) if path.is_relative_to(root) else path
    problem = Problem(
        code="dbt-version-unsupported",
        message=f"`{package.name}` requires dbt {', '.join(wanted)}, and upriver behaves as "
        f"dbt {version}",
        span=Span(file=file.as_posix(), keys=("require-dbt-version",)),
        hint="Change `require-dbt-version`, or give `--no-version-check`",
    )
    return (problem,)


def _scrubbed(problem: Problem, secrets: tuple[str, ...]) -> Problem:
    if not secrets:
        return problem
    return msgspec.structs.replace(
        problem,
        message=scrub(problem.message, secrets),
        hint=None if problem.hint is None else scrub(problem.hint, secrets),
    )


def _dialect_of(adapter: Adapter) -> Dialect:
    """Return the adapter's dialect with what parsing must know of its capabilities."""
    knows = "TableLastModifiedMetadata" in adapter.capabilities.supports
    return msgspec.structs.replace(adapter.dialect, knows_last_change=knows)
