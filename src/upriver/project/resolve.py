"""What was meant: options as given, completed from the environment and the project (CLI-1..4).

Deferral options have rules of their own (deferral.md section 2): three long-deprecated variables
win over everything, and a state option given explicitly beats any variable (defect D7).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, TypeVar, cast

import msgspec

from upriver.problems import Problem
from upriver.project.option_groups import GlobalOptions, Selecting
from upriver.project.options import Option, options_of
from upriver.project.requests import REQUESTS
from upriver.state.defer import Policy
from upriver.state.remote.address import ARTIFACT_SUFFIXES, is_local
from upriver.workspace.inputs import Inputs, option_from_env
from upriver.workspace.upriver_file.settings import TargetDeferral

R = TypeVar("R", bound=msgspec.Struct)

_TRUE = frozenset({"1", "t", "true", "y", "yes", "on"})
_FALSE = frozenset({"0", "f", "false", "n", "no", "off", ""})
_DEFERRAL_FIELDS = frozenset(
    {"defer", "state", "defer_state", "favor_state", "state_target", "defer_env"}
)
_INPUT_FIELDS = frozenset(
    {"project_dir", "profiles_dir", "profile", "target", "vars", "threads", "target_path",
     "log_path", "version_check"}
)  # fmt: skip
_RESERVED = "DBT_ENGINE_"
_OTHER_VARIABLES = frozenset(
    {"CHECK_DEFERRED_RELATIONS", "DOWNLOADS_DIR", "HOST", "NO_PRINT", "PACKAGE_HUB_URL",
     "PROTECT_DEFERRED_RELATIONS", "SQLPARSE"}
)  # fmt: skip
"""Variables behind the prefix for what has no option here."""
_RETIRED = {
    "defer": "DBT_DEFER_TO_STATE",
    "state": "DBT_ARTIFACT_STATE_PATH",
    "favor_state": "DBT_FAVOR_STATE_MODE",
}


def truth(text: str) -> bool | None:
    """Read a boolean of the environment; None if it is none."""
    word = text.strip().lower()
    if word in _TRUE:
        return True
    return False if word in _FALSE else None


def is_on(given: bool | None, env: Mapping[str, str], name: str) -> bool:  # noqa: FBT001
    """Return a switch as given, else from the environment, else off."""
    return bool(truth(option_from_env(env, name) or "")) if given is None else given


def inputs_of(
    options: GlobalOptions,
    *,
    env: Mapping[str, str],
    cwd: str,
    needs_profile: bool = True,
    reads_packages: bool = True,
) -> Inputs:
    """Turn the global options into what opening a workspace needs."""
    flags = {
        name: value
        for name in options.__struct_fields__
        if name not in _INPUT_FIELDS and name not in _DEFERRAL_FIELDS
        for value in (getattr(options, name),)
        if value is not None
    }
    return Inputs(
        cwd=cwd,
        env=env,
        home=env.get("HOME") or env.get("USERPROFILE"),
        project_dir=options.project_dir,
        profiles_dir=options.profiles_dir,
        profile=options.profile,
        target=options.target,
        vars=options.vars or {},
        threads=1 if options.single_threaded else options.threads,
        target_path=options.target_path,
        log_path=options.log_path,
        flags=flags,
        version_check=options.version_check,
        needs_profile=needs_profile,
        reads_packages=reads_packages,
    )


def from_environment(request: R, env: Mapping[str, str]) -> tuple[R, tuple[Problem, ...]]:
    """Fill fields that were not given from `DBT_ENGINE_*` / `DBT_*` variables.

    Only options that are read nowhere else: the workspace resolves project flags itself.
    """
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for field in options_of(type(request)):
        if field.env is None or getattr(request, field.field) not in (None, ()):
            continue
        text = option_from_env(env, field.env)
        if text is None:
            continue
        value = _read(field, text)
        if isinstance(value, Problem):
            problems.append(value)
        else:
            values[field.field] = value
    return msgspec.structs.replace(request, **values), tuple(problems)


def _read(field: Option, text: str) -> Any:
    name = f"DBT_{field.env}"
    if field.kind == "bool":
        value = truth(text)
        if value is None:
            return bad_value(name, text, "a boolean: true or false")
        return value
    if field.kind == "int":
        return int(text) if text.isdigit() else bad_value(name, text, "a whole number")
    if field.choices and field.kind == "str" and text not in field.choices:
        return bad_value(name, text, f"one of {', '.join(field.choices)}")
    return tuple(text.split()) if field.kind == "list" else text


def reserved_variables(env: Mapping[str, str]) -> tuple[Problem, ...]:
    """Warn of variables that look like the engine's and mean nothing to it (CLI-3)."""
    found = sorted(name for name in env if name.startswith(_RESERVED))
    if not found:
        return ()
    kinds: tuple[type[msgspec.Struct], ...] = (GlobalOptions, Selecting, *REQUESTS.values())
    known = {option.env for kind in kinds for option in options_of(kind)} | _OTHER_VARIABLES
    return tuple(_reserved(name) for name in found if name.removeprefix(_RESERVED) not in known)


def _reserved(name: str) -> Problem:
    return Problem(
        code="environment-variable-reserved",
        severity="warning",
        message=f"The environment variable `{name}` is no option, and `{_RESERVED}` is reserved"
        " for those",
        event="EnvironmentVariableNamespaceDeprecation",
    )


def bad_value(name: str, text: str, expected: str) -> Problem:
    """Return the problem for an environment variable that cannot be read."""
    return Problem(
        code="option-value",
        message=f"Invalid value for `{name}`: `{text}` is not {expected}",
    )


class Deferring(msgspec.Struct, frozen=True, kw_only=True):
    """What the deferral options mean together. Paths are absolute; addresses are as given."""

    policy: Policy | None
    """None: deferral is off."""
    state: str | None
    """For `state:`, `result:` and `source_status:` selection."""
    baseline: str | None
    """For deferral: `--defer-state` where given, else `--state`; the first of several."""
    layers: tuple[str, ...] = ()
    """All states to defer to, best first, where there are several."""
    names: Mapping[str, str] = {}
    """How places are called that have a name of their own."""
    is_set: bool = False
    """Whether the states come from settings: nobody asked for them just now."""
    compares: bool = True
    """Whether something is compared with `state`."""
    lines: Mapping[str, str] = {}
    """What is said of directories that stand for other places."""
    ledgers: Mapping[str, tuple[str, str]] = {}
    """By directory, a server's ledger of its builds, and the run that wrote the manifest."""


NO_SETTINGS = TargetDeferral()


def deferring_of(
    options: GlobalOptions,
    *,
    env: Mapping[str, str],
    root: str,
    default_policy: str = "exists",
    settings: TargetDeferral = NO_SETTINGS,
) -> tuple[Deferring, tuple[Problem, ...]]:
    """Resolve the deferral options; relative paths are relative to the project `root`.

    `default_policy` is what the project or the environment says of how to defer; `settings` are
    those of the target (defect D23), which anything given now comes before.
    """
    problems: list[Problem] = []
    named = tuple(one.place for one in settings.states)
    retired_state = env.get(_RETIRED["state"]) or None
    if retired_state:
        problems.append(_retired("state"))
    states = _places(retired_state or options.state, env, "STATE")
    given: tuple[str, ...] = _places(options.defer_state, {}, "")
    if not given and options.state is None:
        # An explicit `--state` beats a DBT_DEFER_STATE left in the environment (D7).
        given = _places(None, env, "DEFER_STATE")
    layers = given or states or named
    # Selectors compare with the most lasting one: what stands before it is on its way there.
    state = (states or (() if settings.compare is None else (settings.compare,)) or named)[-1:]
    is_set = not (given or states)
    is_default = bool(named) if settings.is_on is None else settings.is_on
    is_on = _choose("defer", options.defer, env, problems, default=is_default)
    if options.defer is None and options.defer_policy is not None:
        is_on = True
    is_favoured = _choose(
        "favor_state", options.favor_state, env, problems, default=settings.favored is True
    )
    policy: Policy | None = None
    if is_on:
        if option_from_env(env, "DEFER_POLICY") is None:
            default_policy = settings.policy or default_policy
        policy = _policy(options, default_policy, is_favoured=is_favoured)
        if options.favor_state and policy != "favor-state":
            problems.append(_two_policies(policy))
    places = tuple(dict.fromkeys(_absolute(root, place) for place in layers))
    resolved = Deferring(
        policy=policy,
        state=_absolute(root, state[0]) if state else None,
        baseline=places[0] if places else None,
        layers=places if len(places) > 1 else (),
        names={_absolute(root, one.place): one.name for one in settings.states if one.name},
        is_set=is_set,
    )
    if resolved.state is not None:
        problems.extend(_check_directory("--state", resolved.state))
    if given:
        for place in places:
            problems.extend(_check_directory("--defer-state", place))
    return resolved, tuple(problems)


def _places(
    given: str | tuple[str, ...] | None, env: Mapping[str, str], variable: str
) -> tuple[str, ...]:
    """Return places as given, else from a variable, where a semicolon stands between several."""
    if given is None or given == ():
        text = option_from_env(env, variable) if variable else None
        return tuple(one for one in (text or "").split(";") if one)
    return (given,) if isinstance(given, str) else given


def _policy(options: GlobalOptions, default: str, *, is_favoured: bool) -> Policy:
    """Dbt's own options mean what they mean in dbt, whatever the project prefers."""
    chosen = options.defer_policy
    if chosen is None:
        chosen = "favor-state" if is_favoured else default
    if options.favor_state is False and chosen == "favor-state":
        chosen = "exists"
    return cast("Policy", chosen)


def _two_policies(policy: str) -> Problem:
    return Problem(
        code="option-conflict",
        message=f"`--favor-state` and `--defer-policy {policy}` are two policies",
        hint="Give one of them; `--defer-policy favor-state` is the same as `--favor-state`",
    )


def _choose(
    field: str,
    given: bool | None,  # noqa: FBT001 - an option as given
    env: Mapping[str, str],
    problems: list[Problem],
    *,
    default: bool,
) -> bool:
    retired = env.get(_RETIRED[field])
    name = field.upper()
    if retired:
        problems.append(_retired(field))
        text: str | None = retired
        name = _RETIRED[field]
    elif given is not None:
        return given
    else:
        text = option_from_env(env, name)
        name = f"DBT_{name}"
    if text is None:
        return default
    value = truth(text)
    if value is None:
        problems.append(bad_value(name, text, "a boolean: true or false"))
        return False
    return value


def _retired(field: str) -> Problem:
    return Problem(
        code="environment-variable-retired",
        severity="warning",
        message=f"The environment variable `{_RETIRED[field]}` is deprecated",
        hint=f"Use `DBT_ENGINE_{field.upper()}` instead",
        event="EnvironmentVariableRenamed",
    )


def _check_directory(flag: str, path: str) -> tuple[Problem, ...]:
    # A missing directory is accepted here: whether it matters shows when the state is needed.
    if not os.path.isfile(path) or path.endswith(ARTIFACT_SUFFIXES):
        return ()
    return (
        Problem(
            code="option-value",
            message=f"Invalid value for `{flag}`: directory `{path}` is a file",
            hint="Name the directory that holds `manifest.json`, that file, or an archive of them",
        ),
    )


def _absolute(root: str, path: str) -> str:
    if ":" in path and not is_local(path):
        return path
    return os.path.normpath(os.path.join(root, path))
