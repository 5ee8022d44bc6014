"""When a job is due: its schedule as a cron line, always in UTC (platform.md TRG-01, section 6.4).

The forms a schedule may be given in (every day, days of the week, an interval, a line) all become
one cron line, and the line alone says the next time. A job that was due several times while
nobody looked runs once, and then keeps to its line.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from upriver.problems import Problem

_EVERY_DAY = "*"
_MOST_HOURS = 23
_FIELDS = 5


def cron_of(schedule: Mapping[str, Any]) -> str | Problem:
    """Return the cron line of a `schedule` object (`date` and `time`)."""
    date, time = schedule.get("date") or {}, schedule.get("time") or {}
    kind = date.get("type", "every_day")
    if kind in ("custom_cron", "interval_cron"):
        line = date.get("cron")
        return _no_schedule("names no cron line") if not isinstance(line, str) else _valid(line)
    days = _EVERY_DAY
    if kind == "days_of_week":
        numbers = date.get("days")
        if not _are_numbers(numbers, 6) or not numbers:
            return _no_schedule("has `days` that are not numbers from 0 (Sunday) to 6")
        days = ",".join(str(day) for day in sorted(set(numbers)))
    elif kind != "every_day":
        return _no_schedule(f"has a `date.type` nobody knows, `{kind}`")
    hours = _hours(time)
    return hours if isinstance(hours, Problem) else _valid(f"0 {hours} * * {days}")


def _hours(time: Mapping[str, Any]) -> str | Problem:
    if time.get("type", "every_hour") == "at_exact_hours":
        numbers = time.get("hours")
        if not _are_numbers(numbers, _MOST_HOURS) or not numbers:
            return _no_schedule("has `hours` that are not numbers from 0 to 23")
        return ",".join(str(hour) for hour in sorted(set(numbers)))
    interval = time.get("interval", 1)
    if not isinstance(interval, int) or not 1 <= interval <= _MOST_HOURS + 1:
        return _no_schedule("has an `interval` that is not a number of hours from 1 to 24")
    return f"*/{interval}" if interval <= _MOST_HOURS else "0"


def next_time(line: str, after: datetime.datetime) -> datetime.datetime | None:
    """Return the first time after `after` that a cron line names; None if there is none.

    `after` is aware; the answer is in UTC. Day of month and day of week combine as "either".
    """
    # Here alone is it needed, and only a server has it installed.
    from cronsim import CronSim

    try:
        return next(CronSim(line, after.astimezone(datetime.UTC)))
    except StopIteration:
        return None


def _valid(line: str) -> str | Problem:
    from cronsim import CronSim, CronSimError

    text = " ".join(line.split())
    if len(text.split()) != _FIELDS:
        # Six are a line with seconds to some, and to others one with a year.
        return _no_schedule(f"has a cron line without exactly five fields, `{line}`")
    now = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
    try:
        if next(CronSim(text, now), None) is None:
            return _no_schedule(f"names no time at all: `{line}`")
    except CronSimError as error:
        return _no_schedule(f"has a cron line that cannot be read, `{line}`: {error}")
    return text


def _are_numbers(value: Any, most: int) -> bool:
    return isinstance(value, Sequence) and all(
        isinstance(one, int) and not isinstance(one, bool) and 0 <= one <= most for one in value
    )


def _no_schedule(why: str) -> Problem:
    return Problem(
        code="job-schedule-unreadable",
        message=f"The schedule {why}",
        hint="Five fields in UTC, for example `0 6 * * 1-5`",
    )
