"""What filters of the semantic layer name."""

from __future__ import annotations

import pytest

from upriver.graph.semantic.items import Item, UnreadableFilterError, read_items


@pytest.mark.parametrize(
    ("template", "items"),
    [
        ("1 = 1", ()),
        (
            "{{ Dimension('order__channel') }} = 'a' or {{ Dimension('order__channel') }} = 'b'",
            (Item(kind="Dimension", name="channel", path=("order",)),),
        ),
        (
            "{{ Dimension('order__at').grain('Month') }}",
            (Item(kind="TimeDimension", name="at", path=("order",), grain="month"),),
        ),
        (
            "{{ TimeDimension('metric_time', 'week') }} > {{ Dimension('metric_time__year') }}",
            (
                Item(kind="TimeDimension", name="metric_time", grain="week"),
                Item(kind="TimeDimension", name="metric_time", grain="year"),
            ),
        ),
        (
            "{{ Entity('user', entity_path=['a']) }}",
            (Item(kind="Entity", name="user", path=("a",)),),
        ),
        (
            "{{ Metric('m', group_by=['user']) }}",
            (Item(kind="Metric", name="m", group_by=("user",)),),
        ),
    ],
)
def test_named(template: str, items: tuple[Item, ...]) -> None:
    assert read_items(template) == items


def test_an_ordering_may_descend_and_name_metrics_alone() -> None:
    (item,) = read_items("{{ Metric('m').descending(True) }}", is_ordering=True)
    assert item == Item(kind="Metric", name="m", is_descending=True)


@pytest.mark.parametrize(
    "template",
    [
        "{{ channel }}",
        "{{ Dimension('channel') }}",
        "{{ Dimension('a__b__c') }}",
        "{{ Dimension() }}",
        "{{ Dimension(3) }}",
        "{{ Dimension('a__b', 1, 2) }}",
        "{{ Dimension('a__b', zork=1) }}",
        "{{ TimeDimension('a__b__month', 'week') }}",
        "{{ TimeDimension('a__b').grain('week') }}",
        "{{ TimeDimension('metric_time').descending(True) }}",
        "{{ Entity('user__month') }}",
        "{{ Entity('user').zork() }}",
        "{{ Entity('user', entity_path='a') }}",
        "{{ Metric('m') }}",
        "{{ Metric('m', group_by=[1]) }}",
        "{{ Dimension('a__b') ",
        "{{ Dimension.__globals__ }}",
    ],
)
def test_unreadable(template: str) -> None:
    with pytest.raises(UnreadableFilterError):
        read_items(template)
