"""From selection options to selected ids."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from upriver.plan.make import KINDS_OF_COMMAND
from upriver.plan.methods import Material
from upriver.plan.select import Selection, select
from upriver.plan.selectors import build_selectors, unknown_selector
from upriver.plan.spec import Spec, command_line_spec
from upriver.problems import Problem, has_errors
from upriver.project.option_groups import Selecting
from upriver.workspace.workspace import Workspace

LISTED_KINDS = frozenset(
    {"model", "snapshot", "seed", "test", "unit_test", "source", "exposure", "metric",
     "semantic_model", "saved_query", "function"}
)  # fmt: skip
"""What `ls` shows by default (SEL-61)."""
_KEEPS_EMPTY = frozenset({"ls"})


class Selected(msgspec.Struct, frozen=True, kw_only=True):
    """A selection, and the name of the default selector that made it, if one did (SEL-69)."""

    selection: Selection
    default_selector: str | None = None


def select_for(
    command: str, selecting: Selecting, workspace: Workspace, material: Material
) -> tuple[Selected | None, tuple[Problem, ...]]:
    """Evaluate the options for a command; None when they cannot be evaluated."""
    spec, default, problems = _spec(selecting, workspace)
    if spec is None:
        return None, problems
    selection, more = select(
        spec,
        material,
        kinds_for(command, selecting),
        mode=workspace.flags.indirect_selection,
        drops_empty=command not in _KEEPS_EMPTY,
    )
    problems = (*problems, *more)
    if has_errors(problems):
        return None, problems
    return Selected(selection=selection, default_selector=default), problems


def kinds_for(command: str, selecting: Selecting) -> frozenset[str]:
    """Return the kinds a command acts on, after `--resource-type` options (SEL-53..64)."""
    kinds = LISTED_KINDS if command == "ls" else KINDS_OF_COMMAND[command]
    every = kinds | {"analysis"} if command == "ls" else kinds
    wanted = _expand(selecting.resource_types, kinds, every)
    chosen = wanted & every if selecting.resource_types else kinds
    return chosen - _expand(selecting.exclude_resource_types, kinds, every)


def _expand(
    names: tuple[str, ...], default: frozenset[str], every: frozenset[str]
) -> frozenset[str]:
    found: set[str] = set()
    for name in names:
        found |= {"default": default, "all": every}.get(name, {name})
    return frozenset(found)


def _spec(
    selecting: Selecting, workspace: Workspace
) -> tuple[Spec | None, str | None, tuple[Problem, ...]]:
    is_given = bool(selecting.select or selecting.exclude)
    if selecting.selector is None and (is_given or not workspace.selectors):
        spec, problems = command_line_spec(selecting.select, selecting.exclude)
        return (None if has_errors(problems) else spec), None, problems
    definitions, default = _definitions(workspace.selectors)
    built, problems = build_selectors(definitions)
    name = selecting.selector or default
    if name is None:
        spec, more = command_line_spec((), ())
        return spec, None, (*problems, *more)
    if has_errors(problems):
        return None, None, problems
    if name not in built:
        return None, None, (*problems, unknown_selector(name, built))
    return built[name], (None if selecting.selector else name), problems


def _definitions(
    selectors: Mapping[str, object],
) -> tuple[dict[str, object], str | None]:
    """Split the raw entries of `selectors.yml` into definitions and the default's name."""
    definitions: dict[str, object] = {}
    default: str | None = None
    for name, entry in selectors.items():
        if isinstance(entry, Mapping) and "definition" in entry:
            definitions[name] = entry["definition"]
            if entry.get("default") is True:
                default = name
        else:
            definitions[name] = entry
    return definitions, default
