from __future__ import annotations

import atexit
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.oracle import deferral_cases, row_pages, state_edits
from tests.oracle.features import directions_of, script_of
from tests.oracle.playing import Script, own_projects, play_ahead
from tests.oracle.running import find_dbt

COUNTS: Counter[str] = Counter()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if find_dbt() is not None:
        return
    reason = "no dbt-core to compare with: `make oracle` installs it, or set UPRIVER_ORACLE_DBT"
    for item in items:
        if "tests/oracle/" in str(item.path):
            item.add_marker(pytest.mark.skip(reason=reason))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Let dbt-core begin with what the tests will ask for, the longest first."""
    if find_dbt() is None or session.config.option.collectonly:
        return
    for ask in SCRIPTS:
        for name, project, script in ask(session.items):
            play_ahead(name, project, script)


def _deferral(items: list[pytest.Item]) -> Iterator[Asked]:
    if _has(items, "test_deferral"):
        yield "deferral", deferral_cases.PROJECT, deferral_cases.script()


def _states(items: list[pytest.Item]) -> Iterator[Asked]:
    if _has(items, "test_state_selectors"):
        for has_flag in (False, True):
            script = state_edits.script(has_flag=has_flag)
            yield f"state-{has_flag}", state_edits.PROJECT, script


def _features(items: list[pytest.Item]) -> Iterator[Asked]:
    for name in own_projects():
        if any(f"[{name}]" in item.name for item in items):
            directions = directions_of(name)
            yield name, directions.project, script_of(directions)


def _rows(items: list[pytest.Item]) -> Iterator[Asked]:
    asked = {
        item.callspec.params["page"]
        for item in items
        if isinstance(item, pytest.Function) and item.path.stem == "test_rows"
    }
    folder = Path(tempfile.mkdtemp(prefix="rows-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for name in sorted(asked):
        page = row_pages.read_page(name)
        yield f"rows-{name}", row_pages.write_page(page, folder / name), row_pages.script_of(page)


def _has(items: list[pytest.Item], module: str) -> bool:
    return any(item.path.stem == module for item in items)


Asked = tuple[str, Path, Script]
SCRIPTS = (_deferral, _states, _features, _rows)


@pytest.fixture
def counts() -> Counter[str]:
    """What was compared, for the line at the end."""
    return COUNTS


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if COUNTS:
        told = ", ".join(f"{count} {name}" for name, count in sorted(COUNTS.items()))
        terminalreporter.write_line(f"compared with dbt-core: {told}")
