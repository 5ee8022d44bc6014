"""Which warnings are errors, and which are not shown: `--warn-error` and its options (CLI-39..40).

Precedence: a warning's own name over the group `Deprecations` over `all`; for one name, silence
over warn over error.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from upriver.problems import Problem

_ALL = frozenset({"all", "*"})


def settle(
    problems: tuple[Problem, ...], *, is_warn_error: bool, options: Mapping[str, Any]
) -> tuple[Problem, ...]:
    """Return the problems with warnings escalated or silenced."""
    if not is_warn_error and not options:
        return problems
    rules = {"error": ["all"]} if is_warn_error else options
    settled: list[Problem] = []
    for problem in problems:
        if problem.severity == "error":
            settled.append(problem)
            continue
        # A warning that dbt does not have must not fail a project that passes there.
        verdict = verdict_of(problem.event, rules) if problem.event else "warn"
        if verdict == "error":
            settled.append(msgspec.structs.replace(problem, severity="error"))
        elif verdict != "silence":
            settled.append(problem)
    return tuple(settled)


def verdict_of(name: str, rules: Mapping[str, Any]) -> str:
    """Return `silence`, `warn` or `error` for a warning of this name."""
    groups = [{name}]
    if name.endswith("Deprecation"):
        groups.append({"Deprecations"})
    groups.append(set(_ALL))
    for group in groups:
        for verdict, aliases in (
            ("silence", ("silence",)),
            ("warn", ("warn", "exclude")),
            ("error", ("error", "include")),
        ):
            if not group.isdisjoint(_names(rules, aliases)):
                return verdict
    return "warn"


def _names(rules: Mapping[str, Any], keys: tuple[str, ...]) -> set[str]:
    names: set[str] = set()
    for key in keys:
        value = rules.get(key) or ()
        names.update([value] if isinstance(value, str) else map(str, value))
    return names
