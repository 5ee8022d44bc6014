"""Which commands a job may hold (S-15)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upriver.problems import Problem
from upriver.server.jobs.commands import VERBS, Command, read_command, read_commands


@pytest.mark.parametrize(
    ("text", "verb", "words"),
    [
        ("dbt build", "build", ("build",)),
        ("dbt build -s tag:daily --full-refresh", "build",
         ("build", "-s", "tag:daily", "--full-refresh")),
        ("dbt --quiet run --select 'a b' c", "run", ("--quiet", "run", "--select", "a b", "c")),
        ("dbt source freshness", "source freshness", ("source", "freshness")),
        ("upriver docs generate --no-compile", "docs generate",
         ("docs", "generate", "--no-compile")),
        ("dbt run --vars '{a: \"$(id)\"}'", "run", ("run", "--vars", '{a: "$(id)"}')),
        ("dbt --warn-error-options '{\"error\": \"all\"}' ls", "ls",
         ("--warn-error-options", '{"error": "all"}', "ls")),
        ("dbt run --threads=8", "run", ("run", "--threads=8")),
    ],
)  # fmt: skip
def test_understood(text: str, verb: str, words: tuple[str, ...]) -> None:
    assert read_command(text) == Command(text=text, verb=verb, words=words)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rm -rf /", "does not begin"),
        ("", "does not begin"),
        ("dbt", "no command"),
        ("dbt biuld", "no command"),
        ("dbt init x", "no command"),
        ("dbt docs serve", "no command"),
        ("dbt run --select 'a", "quote without its end"),
        ("dbt run --profiles-dir /etc", "may not say"),
        ("dbt run --target-path=/tmp/x", "may not say"),
        ("dbt --project-dir / run", "may not say"),
        ("dbt run --sellect a", "no option `--sellect`"),
        ("dbt run\n--select a", "not a line"),
        ("dbt clean --schema", "would ask somebody"),
    ],
)
def test_refused(text: str, said: str) -> None:
    answer = read_command(text)
    assert isinstance(answer, Problem)
    assert said in answer.message


def test_all_is_told_at_once() -> None:
    commands, problems = read_commands(["dbt build", "ls", "dbt nothing"])
    assert [one.verb for one in commands] == ["build"]
    assert len(problems) == 2


@given(st.text(max_size=60))
def test_nothing_else_gets_through(text: str) -> None:
    answer = read_command(f"dbt {text}")
    assert isinstance(answer, Problem) or answer.verb in VERBS
