"""`upriver.yml`: what it says for a target, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from upriver.workspace.inputs import Inputs
from upriver.workspace.rendering import EnvVar, settings_names
from upriver.workspace.upriver_file.settings import (
    DeferralSettings,
    StatePlace,
    TargetDeferral,
    read_deferral,
)

TARGETS = """\
deferral:
  targets:
    dev:
      state:
        - {place: "git:main...", name: branch}
        - "{{ env_var('PROD_STATE') }}"
      policy: fresh
      favor_state: [tag:heavy]
      max_age: 2 days
      warn_age: 12 hours
      reuse: true
    ci: warehouse:prod
    "*": {defer: false}
"""


def read(
    root: Path, text: str, target: str = "dev", **env: str
) -> tuple[DeferralSettings, list[str]]:
    (root / "upriver.yml").write_text(text)
    names = settings_names(Inputs(cwd=str(root)), EnvVar(env.get, allows_secrets=False))
    settings, problems = read_deferral(str(root), target, names)
    assert all(problem.span is not None for problem in problems)
    return settings, [f"{problem.code}: {problem.message}" for problem in problems]


def test_without_a_file_nothing_is_set(tmp_path: Path) -> None:
    names = settings_names(Inputs(cwd=str(tmp_path)), EnvVar({}.get, allows_secrets=False))
    assert read_deferral(str(tmp_path), "dev", names) == (DeferralSettings(), ())


def test_only_the_chosen_target_is_rendered(tmp_path: Path) -> None:
    # D23
    settings, problems = read(tmp_path, TARGETS, PROD_STATE="s3://bucket/prod")
    assert problems == []
    assert settings.target == TargetDeferral(
        states=(
            StatePlace(place="git:main...", name="branch"),
            StatePlace(place="s3://bucket/prod"),
        ),
        policy="fresh",
        favored=("tag:heavy",),
        max_age=172800.0,
        warn_age=43200.0,
        reuse=True,
    )
    settings, problems = read(tmp_path, TARGETS, "ci")
    assert (settings.target.states[0].place, problems) == ("warehouse:prod", [])
    assert read(tmp_path, TARGETS, "other")[0].target.is_on is False
    assert "PROD_STATE" in read(tmp_path, TARGETS)[1][0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a\n", "`upriver.yml` must be a mapping"),
        ("defer: {}\n", "`defer` is no key that is known here"),
        ("deferral: {targets: {dev: {polici: fresh}}}\n", "targets.dev.polici` is no key"),
        ("deferral: {targets: {dev: {policy: newest}}}\n", "dev.policy` is none of `exists`"),
        ("deferral: {targets: {dev: {max_age: soon}}}\n", "dev.max_age` is no age"),
        ("deferral: {targets: {dev: {reuse: often}}}\n", "dev.reuse` must be `true` or `false`"),
        ("deferral: {targets: {dev: {state: [{name: a}]}}}\n", "dev.state.0` must be a place"),
        ("deferral: {publish: {keep: 0}}\n", "publish.keep` must be a whole number above 0"),
        ("deferral: {deny: [{name: a}]}\n", "deny.0` does not say what it is about"),
        ("a: [\n", "valid YAML"),
    ],
)
def test_what_is_not_understood_is_told(tmp_path: Path, text: str, said: str) -> None:
    _, problems = read(tmp_path, text)
    assert len(problems) == 1
    assert said in problems[0]


def test_a_file_that_cannot_be_read_is_not_taken_for_none(tmp_path: Path) -> None:
    (tmp_path / "upriver.yml").write_bytes(b"\xff\xfe\x00")
    names = settings_names(Inputs(cwd=str(tmp_path)), EnvVar({}.get, allows_secrets=False))
    (problem,) = read_deferral(str(tmp_path), "dev", names)[1]
    assert problem.severity == "error"
