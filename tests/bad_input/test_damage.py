"""Whatever happens to a file, commands end with problems and never with a traceback."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.bad_input.small_project import FILES, SmallProject

CHARACTERS = "abc:{}[]%'\"()-#,.|&*!>\\ \n\t01~\u00e9\x00\ufeff"
YAML_VALUES = (
    "null", "true", "3", "-1.5", "[]", "[1]", "[[a]]", "{}", "{a: 1}", "[{a: {b: 1}}]", "'x y'",
    "{{ x }}", "{{ ref('orders') }}", "{% if %}", "2020-01-01", ".nan", "!!str", "&a b", "*a",
)  # fmt: skip
JSON_VALUES = (
    "null",
    "true",
    "3",
    "-1.5",
    "[]",
    "[1]",
    '["a"]',
    "{}",
    '{"a": [1]}',
    '"x y"',
    '""',
)
VALUE = re.compile(
    r"""(?<=:\s)[^\n]+|(?<=-\s)[^\n]+|"[^"\n]*"|'[^'\n]*'|\[[^\[\]\n]*\]|\{[^{}\n]*\}|\w+"""
)
EXAMPLES = settings(
    max_examples=30,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
PARSING = (("parse",), ("ls",), ("compile",))


def _damage(text: str, rng: random.Random, values: tuple[str, ...]) -> str:
    """Change a few characters, lines or values."""
    for _ in range(rng.randint(1, 3)):
        kind = rng.random()
        if kind < 0.6 and (places := list(VALUE.finditer(text))):
            start, end = rng.choice(places).span()
            text = text[:start] + rng.choice(values) + text[end:]
        elif kind < 0.8:
            text = "".join(_change(text.splitlines(keepends=True), rng, None))
        else:
            text = "".join(_change(list(text), rng, CHARACTERS))
    return text


def _change(parts: list[str], rng: random.Random, alphabet: str | None) -> list[str]:
    if not parts:
        return [rng.choice(CHARACTERS)]
    at = rng.randrange(len(parts))
    upto = at + rng.randint(1, 3)
    new = rng.choice(parts if alphabet is None or rng.random() < 0.3 else alphabet)
    match rng.randrange(4):
        case 0:
            return parts[:at] + parts[upto:]
        case 1:
            return [*parts[:at], new, *parts[at:]]
        case 2:
            return parts[:upto] + parts[at:]
        case _:
            return [*parts[:at], new, *parts[at + 1 :]]


damages = st.integers(0, 2**32).map(random.Random)
"""A seed and not a list of edits: shrinking parses of projects takes longer than reading one."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> SmallProject:
    """A built project, with the artifacts of a failed run in `state`."""
    made = SmallProject(tmp_path_factory.mktemp("damage"))
    made.write({"models/failing.sql": "select nothing\n"})
    assert made("seed").exit_code == 0
    assert made("run").exit_code == 1
    (made.root / "target").rename(made.root / "state")
    return made


@contextmanager
def _damaged(project: SmallProject, file: str, rng: random.Random) -> Iterator[str]:
    path = project.root / file
    before = path.read_bytes()
    values = JSON_VALUES if file.endswith(".json") else YAML_VALUES
    after = _damage(before.decode(), rng, values)
    path.write_text(after)
    try:
        yield after
    finally:
        path.write_bytes(before)


def _check(project: SmallProject, *args: str, showing: str) -> None:
    said = project(*args)
    codes = [p.code for p in said.problems]
    told = f"{args}: {said.text}\n{showing}"
    assert "internal-error" not in codes, told
    assert "Traceback" not in said.text, told
    assert said.exit_code in {0, 1, 2}
    if said.exit_code == 2:
        assert any(p.severity == "error" for p in said.problems), told


def _property(
    project: SmallProject, file: str, commands: tuple[tuple[str, ...], ...]
) -> Callable[[], None]:
    @EXAMPLES
    @given(rng=damages)
    def holds(rng: random.Random) -> None:
        with _damaged(project, file, rng) as text:
            for command in commands:
                _check(project, *command, showing=text)

    return holds


@pytest.mark.parametrize("file", sorted(FILES))
def test_damaged_files_end_in_problems(project: SmallProject, file: str) -> None:
    commands = (("ls", "--selector", "nightly"),) if file == "selectors.yml" else PARSING
    _property(project, file, commands)()


def test_damaged_manifest_ends_in_problems(project: SmallProject) -> None:
    commands = (
        ("ls", "-s", "state:modified", "--state", "state"),
        ("compile", "--defer", "-s", "orders", "--state", "state"),
    )
    _property(project, "state/manifest.json", commands)()


def test_damaged_run_results_end_in_problems(project: SmallProject) -> None:
    commands = (("retry", "--state", "state"), ("ls", "-s", "result:error", "--state", "state"))
    _property(project, "state/run_results.json", commands)()
