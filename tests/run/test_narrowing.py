"""Windows of `--sample`, and how batches and samples meet."""

import datetime

import pytest

from upriver.jinja.errors import CompilationError
from upriver.run.batches import Batch
from upriver.run.narrowing import Narrowing, Window, in_batch, read_moment, read_sample

NOW = datetime.datetime(2026, 3, 31, 9, 30, tzinfo=datetime.UTC)


def at(text):
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("sample", "start"),
    [
        ("2 days", "2026-03-29T09:30"),
        ("3 hours", "2026-03-31T06:30"),
        ("1 month", "2026-02-28T09:30"),
        ("2 years", "2024-03-31T09:30"),
        (" 1Day ", "2026-03-30T09:30"),
    ],
)
def test_spans_end_now(sample, start):
    assert read_sample(sample, NOW) == Window(at(start), NOW)


def test_a_mapping_names_both_ends():
    window = read_sample({"start": datetime.date(2024, 1, 1), "end": "2024-01-05 12:00"}, NOW)
    assert window == Window(at("2024-01-01"), at("2024-01-05T12:00"))


@pytest.mark.parametrize("sample", ["days", "3 weeks", "-1 day", "3"])
def test_anything_else_is_refused(sample):
    with pytest.raises(CompilationError, match="is not a sample"):
        read_sample(sample, NOW)


def test_a_zone_is_kept():
    moment = read_moment("2024-01-01T00:00:00+02:00")
    assert moment.utcoffset() == datetime.timedelta(hours=2)


def test_a_batch_is_cut_off_by_a_sample():
    batch = Batch(start=at("2026-03-01"), end=at("2026-04-01"), name="2026-03")
    sampled = Narrowing(window=Window(at("2026-02-01"), NOW))
    assert in_batch(sampled, batch).window == Window(at("2026-03-01"), NOW)
    assert in_batch(Narrowing(limit=0), batch).limit == 0
