"""Microbatch windows, as observed with dbt-core 1.11 (PROJ-235)."""

import datetime
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upriver.run.batches import BATCH_SIZES, Window, batches


def at(text):
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC)


NOW = at("2026-11-24T08:54")


@pytest.mark.parametrize(
    ("window", "names"),
    [
        (
            {"size": "day", "begin": at("2024-01-03"), "start": at("2024-01-03T05:00"),
             "end": at("2024-01-06T12:00")},
            ["2024-01-03", "2024-01-04", "2024-01-05", "2024-01-06"],
        ),
        ({"size": "day", "begin": at("2024-01-03"), "end": at("2024-01-05")},
         ["2024-01-03", "2024-01-04"]),
        ({"size": "hour", "begin": at("2026-11-24T06:00")},
         ["2026-11-24T06", "2026-11-24T07", "2026-11-24T08"]),
        ({"size": "year", "begin": at("2026-03-24T06:00")}, ["2026"]),
        ({"size": "month", "begin": at("2024-01-03"), "lookback": 2, "is_incremental": True},
         ["2026-09", "2026-10", "2026-11"]),
        ({"size": "year", "begin": at("2026-03-24"), "is_incremental": True}, ["2025", "2026"]),
        ({"size": "day", "begin": at("2027-01-01")}, []),
    ],
)  # fmt: skip
def test_windows(window, names):
    assert [batch.name for batch in batches(Window(now=NOW, **window))] == names


def test_the_id_has_no_dashes():
    (batch,) = batches(Window(size="hour", begin=at("2026-11-24T08:00"), now=NOW))
    assert batch.id == "20261124T08"


@given(
    st.sampled_from(BATCH_SIZES),
    st.datetimes(at("2020-01-01").replace(tzinfo=None), at("2024-01-01").replace(tzinfo=None)),
    st.integers(0, 60),
)
def test_batches_cover_the_window_without_gaps(size, begin, hours):
    begin = begin.replace(tzinfo=datetime.UTC)
    end = begin + datetime.timedelta(hours=hours)
    found = batches(Window(size=size, begin=begin, now=NOW, end=end))
    for earlier, later in itertools.pairwise(found):
        assert earlier.end == later.start
    if found:
        assert found[0].start <= begin
        assert found[-1].end >= end
