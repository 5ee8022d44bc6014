from __future__ import annotations

from collections import Counter

import pytest
from tests.oracle.running import find_dbt

COUNTS: Counter[str] = Counter()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if find_dbt() is not None:
        return
    reason = "no dbt-core to compare with: `make oracle` installs it, or set UPRIVER_ORACLE_DBT"
    for item in items:
        if "tests/oracle/" in str(item.path):
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture
def counts() -> Counter[str]:
    """What was compared, for the line at the end."""
    return COUNTS


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if COUNTS:
        told = ", ".join(f"{count} {name}" for name, count in sorted(COUNTS.items()))
        terminalreporter.write_line(f"compared with dbt-core: {told}")
