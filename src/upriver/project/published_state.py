"""State as verbs see it; reading it is left to `published.py`, loaded only when state is named."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from upriver.problems import Problem
from upriver.project.resolve import Deferring
from upriver.state.remote.address import secret_free

if TYPE_CHECKING:
    # Loaded with state only; a struct's annotations are not evaluated.
    from upriver.state.baseline import Baseline
    from upriver.state.compare import Comparison
    from upriver.state.layers import Layer


REQUIRING = frozenset({"clone", "diff"})
"""Verbs that can do nothing without a state."""
SEMANTIC = "state:modified.semantic"
"""The selector that compares by meaning."""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Everything `--state` and `--defer-state` name, as far as it exists."""

    baseline: Baseline | None = None
    """What to defer to."""
    comparison: Comparison | None = None
    compared: Baseline | None = None
    """What `comparison` compares with."""
    results: Mapping[str, str] | None = None
    fresher: frozenset[str] | None = None
    path: str | None = None
    """What `--state` names."""
    line: str | None = None
    """The baseline in one line: location, commit, age."""
    ledgers: Mapping[str, tuple[str, str]] = {}
    """By directory of a manifest, the ledger of its builds, and the run that wrote it."""
    is_given_up: bool = False
    """Nobody asked for the state, and it is not to be had: nothing is deferred."""

    layers: tuple[Layer, ...] = ()
    """What to defer to, best first, where it is several; `baseline` stands for all of them."""

    def baselines(self) -> tuple[tuple[str, Baseline], ...]:
        """Return what is deferred to, each with its line."""
        if self.layers:
            return tuple((layer.line, layer.baseline) for layer in self.layers)
        return () if self.baseline is None else ((self.line or "", self.baseline),)


def no_state(what: str) -> Problem:
    """Say that something needs a state to compare with."""
    return Problem(
        code="state-missing",
        message=f"{what} has nothing to compare with",
        hint="Pass `--state` with a directory that holds the `manifest.json` to compare with",
    )


def contract_problems(state: State, words: tuple[str, ...]) -> tuple[Problem, ...]:
    """Return breaking contract changes, where the selection asks what was modified (12.5)."""
    if state.comparison is None or not any("state:modified" in word for word in words):
        return ()
    return state.comparison.contract_problems(datetime.datetime.now(tz=datetime.UTC))


def deferral_problem(deferring: Deferring, state: State) -> Problem | None:
    """Return why deferral cannot work although it was asked for (deferral.md 3 and 4)."""
    if deferring.policy is None or state.baseline is not None or state.is_given_up:
        return None
    if deferring.baseline is None:
        return Problem(
            code="state-required",
            message="--state or --defer-state are required for deferral, but neither was provided",
            hint="Pass `--state` with the directory of production's `manifest.json`",
        )
    return Problem(
        code="state-not-found",
        message=f'Could not find manifest in --state path: "{secret_free(deferring.baseline)}"',
        hint="The directory must hold the `manifest.json` of a production run; relative paths are"
        " relative to the project",
    )
