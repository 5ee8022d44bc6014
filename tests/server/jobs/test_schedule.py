"""When jobs are due (TRG-01)."""

from __future__ import annotations

import datetime

import pytest

from upriver.problems import Problem
from upriver.server.jobs.schedule import cron_of, next_time

UTC = datetime.UTC


@pytest.mark.parametrize(
    ("schedule", "line"),
    [
        ({"date": {"type": "every_day"}, "time": {"type": "every_hour", "interval": 6}},
         "0 */6 * * *"),
        ({"date": {"type": "every_day"}, "time": {"type": "every_hour", "interval": 24}},
         "0 0 * * *"),
        ({"date": {"type": "days_of_week", "days": [5, 1]},
          "time": {"type": "at_exact_hours", "hours": [18, 6]}}, "0 6,18 * * 1,5"),
        ({"date": {"type": "custom_cron", "cron": " 5  4 L * * "}}, "5 4 L * *"),
        ({"date": {"type": "interval_cron", "cron": "*/10 * * * 1-5"}}, "*/10 * * * 1-5"),
    ],
)  # fmt: skip
def test_line(schedule: dict[str, object], line: str) -> None:
    assert cron_of(schedule) == line


@pytest.mark.parametrize(
    "schedule",
    [
        {"date": {"type": "custom_cron", "cron": "61 * * * *"}},
        {"date": {"type": "custom_cron", "cron": "* * * * * *"}},
        {"date": {"type": "custom_cron", "cron": "0 0 31 2 *"}},
        {"date": {"type": "custom_cron"}},
        {"date": {"type": "days_of_week", "days": [7]}},
        {"date": {"type": "days_of_week", "days": []}},
        {"date": {"type": "lunar"}},
        {"time": {"type": "at_exact_hours", "hours": ["6"]}},
        {"time": {"type": "every_hour", "interval": 0}},
    ],
)
def test_no_line(schedule: dict[str, object]) -> None:
    assert isinstance(cron_of(schedule), Problem)


@pytest.mark.parametrize(
    ("line", "after", "due"),
    [
        ("0 6 * * *", "2026-03-29T05:59:59+00:00", "2026-03-29T06:00:00+00:00"),
        ("0 6 * * *", "2026-03-29T06:00:00+00:00", "2026-03-30T06:00:00+00:00"),
        ("30 2 * * *", "2026-03-29T02:00:00+01:00", "2026-03-29T02:30:00+00:00"),
        ("0 0 L * *", "2028-02-01T00:00:00+00:00", "2028-02-29T00:00:00+00:00"),
        # Day of month or day of week, whichever comes first.
        ("0 0 13 * 5", "2026-11-01T00:00:00+00:00", "2026-11-06T00:00:00+00:00"),
    ],
)
def test_next(line: str, after: str, due: str) -> None:
    found = next_time(line, datetime.datetime.fromisoformat(after))
    assert found == datetime.datetime.fromisoformat(due)
    assert found.tzinfo is UTC
