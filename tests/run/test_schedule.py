"""Readiness, priority and skips."""

from hypothesis import given
from hypothesis import strategies as st

from upriver.plan.plan import Step
from upriver.run.schedule import Schedule


def step(name, *waits_for):
    return Step(unique_id=name, action="run", waits_for=waits_for)


def drain(schedule, failing=()):
    """Run everything one by one; return names in order and those skipped with their cause."""
    order, skipped = [], {}
    while (ready := schedule.pop()) is not None:
        name = ready.step.unique_id
        order.append(name)
        if ready.skipped_by is not None:
            skipped[name] = ready.skipped_by
        schedule.end(name, is_blocking=name in failing or ready.skipped_by is not None)
    return order, skipped


def test_the_longest_path_goes_first():
    steps = (step("a"), step("b"), step("c", "b"), step("d", "c"))
    assert drain(Schedule(steps, {}))[0] == ["b", "c", "a", "d"]


def test_recorded_durations_outweigh_the_number_of_steps():
    steps = (step("a"), step("b"), step("c", "b"))
    order, _ = drain(Schedule(steps, {"a": 100.0, "b": 1.0, "c": 1.0}))
    assert order == ["a", "b", "c"]


def test_a_failure_dooms_all_that_wait_and_nothing_else():
    steps = (step("a"), step("b", "a"), step("c", "b"), step("d"), step("e", "d"))
    order, skipped = drain(Schedule(steps, {}), failing={"a"})
    assert sorted(order) == ["a", "b", "c", "d", "e"]
    assert skipped == {"b": "a", "c": "a"}


def test_the_first_cause_is_reported():
    steps = (step("a"), step("b"), step("c", "a", "b"))
    _, skipped = drain(Schedule(steps, {}), failing={"a", "b"})
    assert skipped == {"c": "a"}


def test_waits_for_steps_outside_the_plan_count_as_ended():
    assert drain(Schedule((step("a", "gone"),), {}))[0] == ["a"]


def test_rest_gives_what_was_never_taken():
    schedule = Schedule((step("a"), step("b", "a"), step("c", "b")), {})
    assert schedule.pop().step.unique_id == "a"
    assert [left.unique_id for left in schedule.rest()] == ["b", "c"]
    assert schedule.pop() is None


@st.composite
def plans(draw):
    count = draw(st.integers(1, 12))
    return tuple(
        step(
            str(n),
            *draw(st.sets(st.sampled_from([str(m) for m in range(n)])) if n else st.just(())),
        )
        for n in range(count)
    )


@given(plans(), st.sets(st.integers(0, 11).map(str)))
def test_every_step_is_taken_once_and_after_what_it_waits_for(steps, failing):
    order, skipped = drain(Schedule(steps, {}), failing)
    assert sorted(order) == sorted(s.unique_id for s in steps)
    position = {name: index for index, name in enumerate(order)}
    for s in steps:
        assert all(position[above] < position[s.unique_id] for above in s.waits_for)
        is_behind_failure = any(above in failing or above in skipped for above in s.waits_for)
        assert (s.unique_id in skipped) == is_behind_failure
