from __future__ import annotations

from upriver.project.arguments import args_of
from upriver.project.option_groups import GlobalOptions, Selecting
from upriver.project.requests import Build


def test_what_was_given_is_there_for_a_retry() -> None:
    # ART-56
    request = Build(
        options=GlobalOptions(defer=True, state="prod", vars={"a": [1]}),
        selecting=Selecting(select=("a", "b+"), selector="s"),
        full_refresh=True,
    )
    args = args_of(request, "build", ("build", "-s", "a"))
    assert args == {
        "defer": True, "state": "prod", "vars": {"a": [1]}, "select": ["a", "b+"], "exclude": [],
        "selector": "s", "resource_types": [], "exclude_resource_types": [], "full_refresh": True,
        "which": "build", "invocation_command": "dbt build -s a",
    }  # fmt: skip


def test_variables_are_always_there() -> None:
    assert args_of(Build(), "build", ())["vars"] == {}
