"""`deps`: install the packages the project uses (CLI-52, CLI-81, PROJ-46..56).

What is installed is what the lock file lists. The lock is made anew when the declarations changed,
or on request. The directory of packages is replaced as a whole when everything was fetched; a
package that cannot be had leaves the previous installation as it was.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from upriver.problems import Problem, ProblemsError, Span, has_errors
from upriver.project.adding import Addition, addition_of
from upriver.project.events import ProblemFound, Said
from upriver.project.opened import Caller, opened_event
from upriver.project.outcome import Outcome
from upriver.project.places import placed
from upriver.project.requests import Deps, Request
from upriver.project.resolve import inputs_of
from upriver.project.warnings import settle
from upriver.state.publish import write_atomically
from upriver.workspace.inputs import Inputs, option_from_env
from upriver.workspace.package_files.checks import check_entries
from upriver.workspace.package_files.declared import read_declarations, texts_of
from upriver.workspace.package_files.lock import LOCK_FILE, hash_of, lock_text, read_lock
from upriver.workspace.package_files.specs import (
    Declarations,
    Lock,
    Pinned,
    PinnedGit,
    PinnedHub,
    PinnedLocal,
)
from upriver.workspace.package_sources.choose import latest
from upriver.workspace.package_sources.hub import offline_warning
from upriver.workspace.package_sources.inspect import project_name, unsupported_version
from upriver.workspace.package_sources.resolve import resolve
from upriver.workspace.package_sources.setting import (
    Setting,
    SourceError,
    cache_directory,
    problem_of,
)
from upriver.workspace.package_sources.sources import Sources, shown_name, shown_version
from upriver.workspace.package_sources.staging import Staging
from upriver.workspace.rendering import EnvVar, settings_names
from upriver.workspace.semver import parse_version
from upriver.workspace.workspace import Workspace, open_workspace

NO_PACKAGES = "Warning: No packages were found in packages.yml"


def deps(request: Request, caller: Caller) -> Outcome:
    """Install packages; raises ProblemsError where one cannot be had."""
    assert isinstance(request, Deps)  # noqa: S101 - the table of verbs
    inputs = inputs_of(
        request.options, env=caller.env, cwd=caller.cwd, needs_profile=False, reads_packages=False
    )
    workspace, problems = open_workspace(inputs)
    if workspace is None or has_errors(problems):
        raise ProblemsError(problems)
    opened = opened_event("deps", workspace, str(uuid.uuid4()))
    caller.listener(msgspec.structs.replace(opened, adapter_type=None))
    installing = _Installing(request, caller, workspace, inputs)
    installing.report(problems)
    try:
        installing.act()
    finally:
        installing.sources.close()
    return Outcome(problems=tuple(installing.problems), data=installing.installed)


class _Installing:
    """One request while it is performed: what was found wrong, and what was fetched."""

    def __init__(
        self, request: Deps, caller: Caller, workspace: Workspace, inputs: Inputs
    ) -> None:
        self.request = request
        self.listener = caller.listener
        self.workspace = workspace
        self.root = Path(workspace.root)
        self.folder = os.path.join(workspace.root, workspace.settings.packages_install_path)
        self.names = settings_names(inputs, EnvVar(inputs.env.get, allows_secrets=True))
        self.env = inputs.env
        self.problems: list[Problem] = []
        self.installed: list[dict[str, str]] = []
        self.sources = Sources(_setting(workspace, inputs, caller))

    def report(self, problems: tuple[Problem, ...]) -> None:
        """Report problems; raises ProblemsError if one of them is an error."""
        flags = self.workspace.flags
        settled = settle(
            problems, is_warn_error=flags.warn_error, options=flags.warn_error_options
        )
        for problem in placed(settled, self.workspace.root):
            if problem not in self.problems:
                self.problems.append(problem)
                self.listener(ProblemFound(problem=problem))
        if has_errors(self.problems):
            raise ProblemsError(tuple(self.problems))

    def act(self) -> None:
        """Lock and install."""
        texts = texts_of(self.root)
        if self.request.add_package is not None:
            # What cannot be understood cannot be added to.
            self.report(read_declarations(texts, self.names)[1])
        addition = addition_of(self.request, self.root)
        if addition is not None:
            added = addition
            read = texts
            texts = lambda name: added.text if name == added.file else read(name)  # noqa: E731
        declarations, problems = read_declarations(texts, self.names)
        self.report((*problems, *check_entries(declarations.entries)))
        if not self.request.lock:
            self.report(_unsafe(self.workspace, self.folder))
        if not declarations.entries:
            self._install_nothing()
            return
        lock = self._lock(declarations, addition)
        if not self.request.lock:
            self._install(lock)

    def _install_nothing(self) -> None:
        self._say(NO_PACKAGES, "DepsNoPackagesFound", {})
        if not self.request.lock:
            with Staging(self.folder) as staging:
                staging.commit()

    def _lock(self, declarations: Declarations, addition: Addition | None) -> Lock:
        """Return the lock as it is, or a new one, which is written."""
        digest = hash_of(declarations.entries, self.env)
        if not self.request.upgrade:
            lock, problems = read_lock(self.root, self.names, declarations.entries)
            if lock is None or lock.sha1_hash == digest:
                self.report(problems)
            if lock is not None and lock.sha1_hash == digest:
                if addition is not None:
                    self._write_addition(addition)
                return lock
        name = self.workspace.name
        resolved = resolve(declarations, self.sources, self.names, name)
        offline = offline_warning(self.sources.hub)
        self.report((*resolved.problems, *(() if offline is None else (offline,))))
        if addition is not None:
            self._write_addition(addition)
        lock = Lock(pinned=resolved.pinned, sha1_hash=digest)
        path = str(self.root / LOCK_FILE)
        text = f"Updating lock file in file path: {path}"
        self._say(text, "DepsLockUpdating", {"lock_filepath": path})
        write_atomically(path, lock_text(lock).encode())
        return lock

    def _write_addition(self, addition: Addition) -> None:
        path = str(self.root / addition.file)
        if addition.is_new_file:
            self._say(f"Created {addition.file}", "Formatting")
        for removed in addition.removed:
            text = f"Found duplicate package in packages.yml, removing: {removed}"
            self._say(text, "DepsFoundDuplicatePackage", {"removed_package": removed})
        data = {
            "package_name": addition.name,
            "packages_filepath": path,
            "version": addition.version,
        }
        text = f"Added new package {addition.name}@{addition.version} to {path}"
        self._say(text, "DepsAddPackage", data)
        write_atomically(path, addition.text.encode())

    def _install(self, lock: Lock) -> None:
        newer: list[str] = []
        with Staging(self.folder) as staging:
            found: list[Problem] = []
            for pinned in lock.pinned:
                self.sources.setting.check_stop()
                label = shown_name(pinned)
                self._say(
                    f"Installing {label}", "DepsStartPackageInstall", {"package_name": label}
                )
                problems = self._place(pinned, staging.path)
                found.extend(problems)
                if not has_errors(problems):
                    self._tell_installed(pinned, newer)
            self.report(tuple(found))
            staging.commit()
        if newer:
            self._say("", "Formatting")
            self._say(
                f"Updates available for packages: {newer}\n"
                "Update your versions in packages.yml, then run upriver deps",
                "DepsNotifyUpdatesAvailable",
                {"packages": newer},
            )

    def _place(self, pinned: Pinned, folder: Path) -> tuple[Problem, ...]:
        """Put one package into the new directory of packages."""
        label = shown_name(pinned)
        try:
            files = self.sources.files(pinned)
            name = project_name(files, label, None)
            if isinstance(name, Problem):
                return (name,)
            name = pinned.name or name
            if isinstance(pinned, PinnedLocal) and self._is_installed(files):
                return (_inside(label, self.workspace.settings.packages_install_path),)
            if name == self.workspace.name or os.path.lexists(folder / name):
                return (_name_taken(name, label),)
            self.sources.place(pinned, folder / name)
        except SourceError as error:
            return (problem_of(error, self.env, None),)
        self.installed.append({"name": name, "from": shown_version(pinned)})
        setting = self.sources.setting
        warning = None
        if setting.checks_version:
            warning = unsupported_version(files, label, setting.dbt_version)
        return () if warning is None else (warning,)

    def _is_installed(self, files: Path) -> bool:
        return files.resolve().is_relative_to(os.path.realpath(self.folder))

    def _tell_installed(self, pinned: Pinned, newer: list[str]) -> None:
        version = shown_version(pinned)
        self._say(f"Installed from {version}", "DepsInstallInfo", {"version_name": version})
        if isinstance(pinned, PinnedGit) and pinned.subdirectory:
            text = f"and subdirectory {pinned.subdirectory}"
            self._say(text, "DepsListSubdirectory", {"subdirectory": pinned.subdirectory})
        if not isinstance(pinned, PinnedHub):
            return
        package = self.sources.hub.newer(pinned.package)
        if package is None:
            return
        mine = parse_version(pinned.version)
        is_prerelease = mine is not None and bool(mine.prerelease)
        best = latest(package, self.sources.setting, with_prereleases=is_prerelease)
        if best is None or best == pinned.version:
            self._say("Up to date!", "DepsUpToDate", {})
            return
        newer.append(pinned.package)
        text = f"Updated version available: {best}"
        self._say(text, "DepsUpdateAvailable", {"version_latest": best})

    def _say(self, text: str, event: str, data: Mapping[str, Any] | None = None) -> None:
        self.listener(Said(text=text, event=event, data=data))


def _setting(workspace: Workspace, inputs: Inputs, caller: Caller) -> Setting:
    setting = Setting(
        root=workspace.root,
        env=inputs.env,
        cache=cache_directory(inputs.env, inputs.home),
        dbt_version=inputs.dbt_version,
        checks_version=workspace.flags.version_check
        if inputs.version_check is None
        else inputs.version_check,
        is_stopped=lambda: caller.stop.is_requested,
    )
    hub_url = option_from_env(inputs.env, "PACKAGE_HUB_URL")
    return setting if hub_url is None else msgspec.structs.replace(setting, hub_url=hub_url)


def _unsafe(workspace: Workspace, folder: str) -> tuple[Problem, ...]:
    """Return a problem if the directory of packages holds something else as well."""
    target = Path(os.path.realpath(folder))
    settings = workspace.settings
    kept = ("", "dbt_project.yml", *settings.source_paths, *settings.asset_paths)
    for path in kept:
        if Path(os.path.realpath(os.path.join(workspace.root, path))).is_relative_to(target):
            return (
                Problem(
                    code="packages-path-refused",
                    message=f"Packages would be installed in `{settings.packages_install_path}`, "
                    "which holds files of the project and is replaced as a whole",
                    span=Span(file="dbt_project.yml", keys=("packages-install-path",)),
                    hint="Give `packages-install-path` a directory of its own",
                ),
            )
    return ()


def _inside(label: str, folder: str) -> Problem:
    return Problem(
        code="local-package-misplaced",
        message=f"The local package `{label}` is in `{folder}`, which is about to be replaced",
        hint="Keep it in another directory of the project",
    )


def _name_taken(name: str, label: str) -> Problem:
    return Problem(
        code="package-name-taken",
        message=f"Two projects are called `{name}`; the package `{label}` is the second",
        hint="Run `upriver deps --upgrade` if the lock file was edited",
    )
