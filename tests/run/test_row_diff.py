"""Differences of unit tests."""

from hypothesis import given
from hypothesis import strategies as st

from upriver.run.row_diff import diff_rows

NAMES = ("id", "name", "amt2")


def test_changed_missing_and_unexpected_rows():
    expected = [(1, "b", "25.00"), (2, None, "25.00"), (3, "z", "1.00")]
    actual = [(1, "a", "24.50"), (2, None, None), (9, "q", "7.00")]
    assert diff_rows(NAMES, expected, actual) == (
        "@@ ,id,name,amt2\n"
        "→  ,1 ,b→a ,25.00→24.50\n"
        "→  ,2 ,NULL,25.00→NULL\n"
        "---,3 ,z   ,1.00\n"
        "+++,9 ,q   ,7.00"
    )


def test_unchanged_rows_are_shown_for_orientation():
    text = diff_rows(("a",), [(1,), (2,)], [(1,)])
    assert text == "@@ ,a\n   ,1\n---,2"


cells = st.one_of(st.none(), st.integers(0, 3), st.sampled_from(["x", "NULL"]))
tables = st.lists(st.tuples(cells, cells), max_size=6)


@given(tables, st.randoms(use_true_random=False))
def test_order_does_not_matter(rows, random):
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert diff_rows(("a", "b"), rows, shuffled) is None


@given(tables, st.tuples(cells, cells))
def test_one_row_more_is_a_difference(rows, row):
    assert diff_rows(("a", "b"), rows, [*rows, row]) is not None
