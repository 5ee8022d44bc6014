"""Trying again."""

from __future__ import annotations

import pytest

from upriver.adapters.duckdb import retry
from upriver.adapters.duckdb.credentials import Retries


class IOException(Exception):  # noqa: N818 - named as DuckDB names it
    pass


@pytest.mark.parametrize(
    ("failures", "attempts", "error", "calls"),
    [(0, 1, None, 1), (2, 3, None, 3), (3, 3, IOException, 3), (1, 1, IOException, 1)],
)
def test_a_passing_error_is_tried_again(
    failures: int,
    attempts: int,
    error: type[Exception] | None,
    calls: int,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(retry, "_FIRST_PAUSE", 0.0)
    made = []

    def act() -> str:
        made.append(1)
        if len(made) <= failures:
            raise IOException
        return "done"

    if error is None:
        assert retry.retrying(act, attempts, Retries()) == "done"
    else:
        with pytest.raises(error):
            retry.retrying(act, attempts, Retries())
    assert len(made) == calls


def test_any_other_error_is_final():
    def act() -> None:
        raise ValueError("final")

    with pytest.raises(ValueError, match="final"):
        retry.retrying(act, 5, Retries())
