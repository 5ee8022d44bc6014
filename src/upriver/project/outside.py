"""The outside values of one invocation, as templates may ask for them."""

from __future__ import annotations

import datetime
import os
import uuid
from collections.abc import Mapping
from typing import Any

import msgspec

from upriver.jinja.world import Invocation
from upriver.parse.world import Settings
from upriver.problems import Problem
from upriver.resources.relation import Quoting
from upriver.workspace.commit import commit_of
from upriver.workspace.workspace import Workspace

_FLAG_NAMES = (
    "USE_EXPERIMENTAL_PARSER", "STATIC_PARSER", "WARN_ERROR", "WARN_ERROR_OPTIONS", "WRITE_JSON",
    "PARTIAL_PARSE", "USE_COLORS", "DEBUG", "LOG_FORMAT", "VERSION_CHECK", "FAIL_FAST",
    "SEND_ANONYMOUS_USAGE_STATS", "PRINTER_WIDTH", "INDIRECT_SELECTION", "CACHE_SELECTED_ONLY",
)  # fmt: skip


def make_invocation(
    workspace: Workspace, args: Mapping[str, Any], now: datetime.datetime | None = None
) -> Invocation:
    """Return who asked, when, and how; a new id each time."""
    prefix = "DBT_ENV_CUSTOM_ENV_"
    return Invocation(
        invocation_id=str(uuid.uuid4()),
        started_at=now or datetime.datetime.now(tz=datetime.UTC),
        args=args,
        metadata_envs={
            name.removeprefix(prefix): value
            for name, value in workspace.env.items()
            if name.startswith(prefix)
        },
        dbt_version=workspace.inputs.dbt_version,
        git_commit=commit_of(workspace.root),
        target_name=None if workspace.profile is None else workspace.profile.target_name,
    )


def flags_of(workspace: Workspace, which: str, extra: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of `flags` for templates (JINJA-30), upper case."""
    values = msgspec.structs.asdict(workspace.flags)
    behaviour = {**values, **values.pop("extra", {})}
    given = workspace.inputs.flags
    flags: dict[str, Any] = {
        **{
            name.upper(): value
            for name, value in behaviour.items()
            if name.startswith(("require_", "state_", "source_", "skip_", "validate_"))
        },
        **{name: behaviour.get(name.lower()) for name in _FLAG_NAMES},
        "WARN_ERROR": workspace.flags.warn_error or None,
        "PROFILES_DIR": _profiles_dir(workspace),
        "LOG_CACHE_EVENTS": given.get("log_cache_events", False),
        "QUIET": given.get("quiet", False),
        "NO_PRINT": given.get("print") is False or None,
        "INTROSPECT": given.get("introspect", True),
        "TARGET_PATH": workspace.inputs.target_path,
        "LOG_PATH": workspace.log_path,
        "INVOCATION_COMMAND": "dbt",
        "EMPTY": False,
        "FULL_REFRESH": False,
        "STORE_FAILURES": False,
        "WHICH": which,
    }
    flags.update({name.upper(): value for name, value in extra.items() if value is not None})
    return flags


def time_problems(start: str | None, end: str | None, sample: str | None) -> tuple[Problem, ...]:
    """Check `--event-time-start`, `--event-time-end` and `--sample` (CLI-71)."""
    given = {"--event-time-start": start, "--event-time-end": end}
    problems = [
        _wrong_time(f"`{name}` is `{value}`, which is no time", "as `2025-01-31T18:00:00`")
        for name, value in given.items()
        if value is not None and _moment(value) is None
    ]
    if (start is None) != (end is None):
        there, absent = sorted(given, key=lambda name: given[name] is None)
        problems.append(_wrong_time(f"`{there}` is given without `{absent}`", "both, or neither"))
    elif start is not None and end is not None and not problems:
        first, last = _moment(start), _moment(end)
        if first is not None and last is not None and first >= last:
            message = f"`--event-time-start`, {start}, is not before `--event-time-end`, {end}"
            problems.append(_wrong_time(message, "the earlier one as the start"))
    if sample is not None:
        problems.extend(_sample_problems(sample))
    return tuple(problems)


def _moment(text: str) -> datetime.datetime | None:
    for form in ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"):
        try:
            return datetime.datetime.strptime(text, form).replace(tzinfo=datetime.UTC)
        except ValueError:
            continue
    return None


def _wrong_time(message: str, what: str) -> Problem:
    return Problem(code="event-time-invalid", message=message, hint=f"Write {what}")


def _sample_problems(sample: str) -> tuple[Problem, ...]:
    # Only a command with a sample pays for this.
    from upriver.jinja.errors import CompilationError, problem_of
    from upriver.run.narrowing import read_sample

    try:
        read_sample(sample, datetime.datetime.now(tz=datetime.UTC))
    except CompilationError as error:
        return (problem_of(error),)
    return ()


def _profiles_dir(workspace: Workspace) -> str | None:
    profile = workspace.profile
    return None if profile is None else os.path.dirname(profile.profiles_path)


def make_settings(
    workspace: Workspace, invocation: Invocation, flags: Mapping[str, Any]
) -> Settings:
    """Return what both worlds answer from."""
    assert workspace.dialect is not None  # noqa: S101 - verbs that get here need a profile
    assert workspace.profile is not None  # noqa: S101
    return Settings(
        project_name=workspace.name,
        dialect=workspace.dialect,
        quoting=workspace.quoting or Quoting(),
        cli_vars=workspace.vars.cli,
        vars_by_package=workspace.vars.by_package,
        env=workspace.env,
        target=workspace.profile.target,
        flags=flags,
        invocation=msgspec.structs.replace(
            invocation,
            versions={package.name: package.settings.version for package in workspace.packages},
            cli_vars=workspace.vars.cli,
            variables=workspace.settings.vars,
        ),
    )
