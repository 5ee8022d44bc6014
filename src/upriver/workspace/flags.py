"""Flags of a project: command line, environment, `flags:`, defaults (PROJ-259..264)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from upriver.problems import Problem, Span
from upriver.resources.nearest import nearest
from upriver.workspace.inputs import option_from_env
from upriver.workspace.yaml import load_yaml

_TRUE = frozenset({"1", "true", "t", "yes", "y", "on"})
_FALSE = frozenset({"0", "false", "f", "no", "n", "off"})
_CHOICES = {
    "clone_mode": ("auto", "copy", "view"),
    "defer_policy": ("exists", "favor-state", "fresh"),
    "indirect_selection": ("eager", "cautious", "buildable", "empty"),
    "log_format": ("default", "text", "debug", "json"),
    "log_format_file": ("default", "text", "debug", "json"),
    "log_level": ("debug", "info", "warn", "error", "none"),
    "reuse_sources": ("changed", "unchanged"),
    "unknown_answers": ("differ", "same"),
    "log_level_file": ("debug", "info", "warn", "error", "none"),
}
_WARN_ERROR_KEYS = {"error": "error", "include": "error", "warn": "warn", "exclude": "warn",
                    "silence": "silence"}  # fmt: skip


class ProjectFlags(msgspec.Struct, frozen=True, kw_only=True):
    """Every flag a project may set, resolved."""

    build_missing: bool = True
    """Policy `fresh` builds ancestors of which no right relation exists."""
    cache_selected_only: bool = False
    check_deferred_relations: bool = True
    """Refuse to start when a deferred relation does not exist (defect D10); dbt does not look."""
    clone_incrementals: bool = False
    """What runs add to is copied from the state before its first deferred run."""
    clone_mode: str = "auto"
    """What `clone` makes a table of its own where the warehouse cannot clone tables."""
    debug: bool = False
    defer_policy: str = "exists"
    """How deferral chooses, where it is on."""
    fail_fast: bool = False
    indirect_selection: str = "eager"
    log_format: str = "default"
    log_format_file: str = "debug"
    log_level: str = "info"
    log_level_file: str = "debug"
    partial_parse: bool = True
    populate_cache: bool = True
    protect_deferred_relations: bool = True
    """Refuse to start when a deferring run would write to production's relations."""
    printer_width: int = 80
    send_anonymous_usage_stats: bool = True
    static_parser: bool = True
    use_colors: bool = True
    use_colors_file: bool = True
    reuse_sources: str = "changed"
    """Whether a source of which nothing is known has new rows, for `--reuse`."""
    reuse_volatile: bool = False
    """Whether `--reuse` keeps what may differ every time it is built."""
    unknown_answers: str = "differ"
    """Whether what a state does not say of variables is taken to be as it is here (`same`)."""
    use_experimental_parser: bool = False
    version_check: bool = True
    warn_error: bool = False
    warn_error_options: dict[str, Any] = {}
    """`error`, `warn` and `silence`, each a list of names; `error` may be `all` or `*`."""
    write_json: bool = True
    require_explicit_package_overrides_for_builtin_materializations: bool = True
    require_resource_names_without_spaces: bool = True
    source_freshness_run_project_hooks: bool = True
    require_generic_test_arguments_property: bool = True
    require_batched_execution_for_custom_microbatch_strategy: bool = False
    require_event_names_in_deprecations: bool = False
    skip_nodes_if_on_run_start_fails: bool = False
    state_modified_compare_more_unrendered_values: bool = False
    state_modified_compare_vars: bool = False
    require_yaml_configuration_for_mf_time_spines: bool = False
    require_nested_cumulative_type_params: bool = False
    validate_macro_args: bool = False
    require_all_warnings_handled_by_warn_error: bool = False
    require_unique_project_resource_names: bool = False
    require_ref_searches_node_package_before_root: bool = False
    extra: dict[str, Any] = {}
    """Unknown keys, kept: adapters read their own behaviour flags (PROJ-263)."""


_DEFAULTS: Mapping[str, Any] = {
    name: value
    for name, value in msgspec.structs.asdict(ProjectFlags()).items()
    if name != "extra"
}
_BEHAVIOUR_PREFIXES = ("require_", "state_", "source_", "skip_", "validate_")


def resolve_flags(
    given: Mapping[str, Any], env: Mapping[str, str], project: Mapping[str, Any], file: str
) -> tuple[ProjectFlags, tuple[Problem, ...]]:
    """Resolve every flag; a value that cannot be one is reported and counts as not given.

    `given` is the command line's; `project` is the rendered `flags:` mapping of `file`.
    """
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, default in _DEFAULTS.items():
        for value, place in _candidates(name, given, env, project):
            checked, complaint = _check(name, value, default)
            if complaint is None:
                values[name] = checked
                break
            problems.append(_wrong(name, complaint, place, file))
    extra = {name: value for name, value in project.items() if name not in _DEFAULTS}
    return ProjectFlags(**values, extra=extra), tuple(problems)


def _candidates(
    name: str, given: Mapping[str, Any], env: Mapping[str, str], project: Mapping[str, Any]
) -> list[tuple[Any, str]]:
    """Return the values given for a flag with where each came from, strongest first."""
    # Behaviour flags are a project's own business: they have no option and no variable.
    from_env = None if name.startswith(_BEHAVIOUR_PREFIXES) else option_from_env(env, name.upper())
    found = ((given.get(name), "option"), (from_env, "variable"), (project.get(name), "flags"))
    return [(value, place) for value, place in found if value is not None]


def _check(name: str, value: Any, default: Any) -> tuple[Any, str | None]:
    """Return the value as the flag's type, or why it has none."""
    if isinstance(default, bool):
        return _check_bool(value)
    if isinstance(default, dict):
        return _check_warn_error_options(value)
    if isinstance(default, int):
        return _check_int(value)
    text = str(value).lower()
    if text not in _CHOICES[name]:
        known = ", ".join(f"`{choice}`" for choice in _CHOICES[name])
        return None, f"`{value}` is none of {known}"
    return text, None


def _check_bool(value: Any) -> tuple[bool | None, str | None]:
    if isinstance(value, bool):
        return value, None
    word = str(value).strip().lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE, None
    return None, f"`{value}` is neither `true` nor `false`"


def _check_int(value: Any) -> tuple[int | None, str | None]:
    try:
        return int(value), None
    except (TypeError, ValueError):
        return None, f"`{value}` is no whole number"


def _check_warn_error_options(value: Any) -> tuple[dict[str, Any] | None, str | None]:
    """Normalise the aliases `include` and `exclude` (PROJ-260)."""
    if isinstance(value, str):
        value = load_yaml(value).value
    if not isinstance(value, dict):
        return None, "it must be a mapping with `error`, `warn` and `silence`"
    options: dict[str, Any] = {}
    for key, names in value.items():
        meaning = _WARN_ERROR_KEYS.get(key)
        if meaning is None:
            return None, f"`{key}` is none of `error`, `warn`, `silence`"
        if meaning in options:
            return None, f"`{key}` and its other name are both given"
        if names in ("all", "*") and meaning == "error":
            options[meaning] = names
        elif names is None or _is_list_of_names(names):
            options[meaning] = list(names or ())
            complaint = _unknown_name(options[meaning])
            if complaint is not None:
                return None, complaint
        else:
            return None, f"`{key}` must be a list of event names"
    return options, None


def _unknown_name(names: list[str]) -> str | None:
    # Loaded only where names are listed.
    from upriver.workspace.project_keys.event_names import EVENT_NAMES

    groups = ("Deprecations", "all", "*")
    unknown = [name for name in names if name not in EVENT_NAMES and name not in groups]
    if not unknown:
        return None
    near = nearest(unknown[0], (*EVENT_NAMES, *groups))
    return f"there is no event `{unknown[0]}`" + (f"; `{near}` is one" if near else "")


def _is_list_of_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _wrong(name: str, complaint: str, place: str, file: str) -> Problem:
    if place == "flags":
        return Problem(
            code="flag-invalid",
            message=f"The flag `{name}` has a wrong value: {complaint}",
            span=Span(file=file, keys=("flags", name)),
        )
    what = f"`--{name.replace('_', '-')}`" if place == "option" else f"`DBT_{name.upper()}`"
    return Problem(
        code="flag-invalid",
        message=f"{what} has a wrong value: {complaint}",
    )
