"""Trying again what DuckDB refused for a reason that may pass (`retries:`)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from upriver.adapters.duckdb.credentials import Retries

T = TypeVar("T")

_FIRST_PAUSE = 0.5


def retrying(act: Callable[[], T], attempts: int, retries: Retries) -> T:
    """Act, and act again after a pause that doubles, while the exception is a retryable one."""
    pause = _FIRST_PAUSE
    for _ in range(max(attempts, 1) - 1):
        try:
            return act()
        except Exception as error:
            if type(error).__name__ not in retries.retryable_exceptions:
                raise
        time.sleep(pause)
        pause *= 2
    return act()
