"""What a state's run results tell of the answers that its templates were given.

A manifest of dbt does not say which variables a run had. The run results of the same invocation do,
as far as they were given on the command line; `--target` is told there, too.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import msgspec

from upriver.parse.world import Settings
from upriver.project.fingerprints import local_answers
from upriver.project.recorder import plain_digest
from upriver.state.baseline import Origin
from upriver.state.fingerprint.prints import Answer
from upriver.state.run_results import load_run_results


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Answers of another environment, as far as they are known or may be assumed."""

    known: Mapping[str, str]
    """Digest by question."""
    assumed: Answer
    """Answers where the unknown is taken to be as it is here."""


def told_answers(origin: Origin, settings: Settings, local: Answer) -> Told:
    """Return what is told of the invocation that a manifest is of."""
    args = _arguments(origin)
    variables = args.get("vars")
    if not isinstance(variables, Mapping):
        return Told(known={}, assumed=local)
    theirs = local_answers(msgspec.structs.replace(settings, cli_vars=dict(variables)))

    def assumed(question: str, package: str) -> str | None:
        return (theirs if question.startswith("var") else local)(question, package)

    known = {
        question: answer
        for question in (f"var:{name}" for name in variables)
        if (answer := theirs(question, settings.project_name)) is not None
    }
    target = args.get("target")
    if isinstance(target, str):
        known |= dict.fromkeys(("target:name", "target:target_name"), plain_digest(target))
    return Told(known=known, assumed=assumed)


def _arguments(origin: Origin) -> Mapping[str, Any]:
    if origin.invocation_id is None:
        return {}
    location = origin.location
    run, _ = load_run_results(location if os.path.isdir(location) else os.path.dirname(location))
    return run.args if run is not None and run.invocation_id == origin.invocation_id else {}
