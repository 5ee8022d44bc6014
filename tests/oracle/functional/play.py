"""Plays dbt's own functional tests with dbt and with upriver, and compares what passes.

    UPRIVER_FUNCTIONAL_TESTS=CHECKOUT UPRIVER_FUNCTIONAL_PYTHON=ENVIRONMENT/bin/python \\
        python -m tests.oracle.functional.play [--record] [DIRECTORY ...]

CHECKOUT is one of dbt-core 1.11, with its `tests/functional`; ENVIRONMENT has dbt-core, dbt-postgres,
dbt-duckdb and pytest. `stand_in.py` puts upriver in the place of dbt. A PostgreSQL server is started
where `POSTGRES_TEST_PORT` does not say where one listens.

`record/<directory>.toml` has, for each directory, how many tests passed, and each test that passes
with dbt only, with the reason. `--record` writes the numbers down anew. Nothing of the tests is
committed here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from tests.postgres_server import running_server

HERE = Path(__file__).parent
RECORD = HERE / "record"
SOURCE = HERE.parents[2] / "src"
CHECKOUT, PYTHON = "UPRIVER_FUNCTIONAL_TESTS", "UPRIVER_FUNCTIONAL_PYTHON"
KINDS = {
    "inner": "asks for objects inside dbt's process, or replaces them",
    "words": "compares sentences of messages",
    "meant": "differs on purpose",
    "open": "differs, and should not",
}
_WORST_FIRST = ("failed", "skipped", "passed")

Outcomes = Mapping[str, str]


class Record(NamedTuple):
    """What is written down of a directory."""

    counts: Mapping[str, int]
    reasons: Mapping[str, Mapping[str, str]]
    """Per kind: patterns of tests, and why they pass with dbt only."""


class Played(NamedTuple):
    """Tests of a directory by what came of them."""

    both: list[str]
    dbt_only: list[str]
    upriver_only: list[str]
    neither: list[str]


def lacking() -> str | None:
    """Say what the tests need and do not have, if anything."""
    for variable, what in ((CHECKOUT, "a checkout of dbt-core"), (PYTHON, "a Python with dbt")):
        if not os.environ.get(variable):
            return f"{variable} does not name {what}"
        if not Path(os.environ[variable]).exists():
            return f"{variable}: {os.environ[variable]} does not exist"
    return None


def directories() -> list[str]:
    """Every directory that has a record."""
    return sorted(path.stem for path in RECORD.glob("*.toml"))


def read_record(directory: str) -> Record:
    """Return what is written down of a directory; nothing, where there is no such file."""
    path = RECORD / f"{directory}.toml"
    read = tomllib.loads(path.read_text("utf-8")) if path.exists() else {}
    return Record(read.get("counts", {}), {kind: read.get(kind, {}) for kind in KINDS})


def write_record(directory: str, record: Record) -> None:
    """Write a record down, reasons in order."""
    lines = ["[counts]", *(f"{name} = {count}" for name, count in record.counts.items())]
    for kind, reasons in record.reasons.items():
        if reasons:
            lines.append(f"\n[{kind}] # {KINDS[kind]}")
        lines += [
            f"{json.dumps(of)} = {json.dumps(why, ensure_ascii=False)}"
            for of, why in sorted(reasons.items())
        ]
    (RECORD / f"{directory}.toml").write_text("\n".join([*lines, ""]), "utf-8")


def play(directory: str) -> Played:
    """Play a directory, or the file of that name, with both."""
    with _server() as server:
        dbt, mine = (_outcomes(directory, server, is_dbt=is_dbt) for is_dbt in (True, False))
    return compared(dbt, mine)


def compared(dbt: Outcomes, mine: Outcomes) -> Played:
    """Sort tests by where they pass; what dbt's side skips is left out."""
    played = Played([], [], [], [])
    for test, outcome in sorted(dbt.items()):
        passes = mine.get(test) == "passed"
        if outcome == "passed":
            (played.both if passes else played.dbt_only).append(test)
        elif outcome == "failed":
            (played.upriver_only if passes else played.neither).append(test)
    return played


def counted(played: Played, record: Record) -> dict[str, int]:
    """Count tests by where they pass, those of dbt only by the kind of their reason."""
    counts = {"both": len(played.both)}
    for kind, reasons in record.reasons.items():
        counts[kind] = sum(_is_named(test, reasons) for test in played.dbt_only)
    neither = {"neither": len(played.neither), "upriver_only": len(played.upriver_only)}
    return {**counts, **neither}


def unexplained(played: Played, record: Record) -> list[str]:
    """Return the tests that pass with dbt only and have no reason."""
    reasons = record.reasons.values()
    return [test for test in played.dbt_only if not any(_is_named(test, of) for of in reasons)]


def outdated(played: Played, record: Record) -> list[str]:
    """Return the reasons that no test needs."""
    patterns = [pattern for reasons in record.reasons.values() for pattern in reasons]
    tests = played.dbt_only
    return [of for of in patterns if not any(_is_named(test, [of]) for test in tests)]


def _is_named(test: str, patterns: Iterable[str]) -> bool:
    # A parameter stands between brackets, which are no set of letters here.
    return any(fnmatchcase(test, pattern.replace("[", "[[]")) for pattern in patterns)


def _outcomes(directory: str, server: Mapping[str, str], *, is_dbt: bool) -> dict[str, str]:
    checkout = Path(os.environ[CHECKOUT]).resolve()
    tests = checkout / "tests" / "functional" / directory
    if not tests.exists():
        tests = tests.with_suffix(".py")
    places = [str(checkout)] if is_dbt else [str(HERE), str(checkout)]
    plugins = ["-p", "dbt.tests.fixtures.project", "-p", "no:cacheprovider"]
    if not is_dbt:
        plugins = ["-p", "stand_in", *plugins]
    with tempfile.TemporaryDirectory(prefix="functional-") as folder:
        report = Path(folder, "report.xml")
        subprocess.run(
            [
                *(os.environ[PYTHON], "-m", "pytest", "-q", *plugins),
                *(f"--junitxml={report}", str(tests)),
            ],
            cwd=checkout,
            env={
                **os.environ,
                **server,
                "PYTHONPATH": os.pathsep.join(places),
                "UPRIVER_COMMAND": f"env PYTHONPATH={SOURCE} {sys.executable} -m upriver",
            },
            stdout=subprocess.DEVNULL,
            check=False,
        )
        return read_report(report.read_text("utf-8"), directory)


def read_report(text: str, directory: str) -> dict[str, str]:
    """Return each test's outcome by its name below the directory; the worst of a test's phases."""
    found: dict[str, str] = {}
    for case in ElementTree.fromstring(text).iter("testcase"):  # noqa: S314 - our own pytest's
        place = case.get("classname", "").removeprefix(f"tests.functional.{directory}")
        name = f"{place}.{case.get('name')}".removeprefix(".")
        tags = {child.tag for child in case}
        outcome = "failed" if tags & {"failure", "error"} else "passed"
        if "skipped" in tags:
            outcome = "skipped"
        found[name] = min(found.get(name, outcome), outcome, key=_WORST_FIRST.index)
    return found


@contextmanager
def _server() -> Iterator[dict[str, str]]:
    if "POSTGRES_TEST_PORT" in os.environ:
        yield {}
        return
    with running_server() as server:
        yield {
            "POSTGRES_TEST_HOST": server.host,
            "POSTGRES_TEST_PORT": str(server.port),
            "POSTGRES_TEST_USER": server.user,
            "POSTGRES_TEST_PASS": server.password,
            "POSTGRES_TEST_DATABASE": server.database,
        }


def main(words: list[str]) -> int:
    """Play what is named, or all that has a record; 1 where a difference has no reason."""
    reason = lacking()
    if reason is not None:
        print(f"{reason}\n\n{__doc__}", file=sys.stderr)
        return 2
    is_recording = "--record" in words
    failed = False
    for directory in [word for word in words if not word.startswith("-")] or directories():
        played, record = play(directory), read_record(directory)
        counts = counted(played, record)
        told = ", ".join(f"{count} {name}" for name, count in counts.items())
        print(f"{directory}: {told}", flush=True)
        for line in unexplained(played, record):
            failed = True
            print(f"  passes with dbt only: {line}")
        for line in outdated(played, record):
            print(f"  no longer differs: {line}")
        if is_recording:
            write_record(directory, Record(counts, record.reasons))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
