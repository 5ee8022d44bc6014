from __future__ import annotations

import datetime

import pytest
from tests.cli.shop_project import Shop

from upriver.project.option_groups import GlobalOptions
from upriver.project.outside import make_invocation
from upriver.project.resolve import inputs_of
from upriver.workspace.workspace import Workspace, open_workspace


@pytest.fixture
def workspace(shop: Shop) -> Workspace:
    """The project's workspace, opened with a variable that artifacts repeat."""
    env = {**shop.env, "DBT_ENV_CUSTOM_ENV_TEAM": "data"}
    opened, problems = open_workspace(inputs_of(GlobalOptions(), env=env, cwd=str(shop.root)))
    assert opened is not None, problems
    return opened


def test_each_invocation_has_an_id_and_a_moment(workspace: Workspace) -> None:
    now = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    first, second = (make_invocation(workspace, {"a": 1}, now) for _ in range(2))
    assert first.invocation_id != second.invocation_id
    assert first.started_at == now
    # CLI-147
    assert first.metadata_envs == {"TEAM": "data"}


def test_variables_with_the_reserved_prefix_are_worth_a_warning(shop: Shop) -> None:
    # CLI-3
    said = shop("ls", "-q", DBT_ENGINE_TARGET="dev", DBT_ENGINE_FOO="1")
    assert said.exit_code == 0
    problems = said.result.outcome.problems if said.result.outcome else ()
    assert [(problem.code, "DBT_ENGINE_FOO" in problem.message) for problem in problems] == [
        ("environment-variable-reserved", True)
    ]


@pytest.mark.parametrize(
    ("expression", "args", "value"),
    [
        ("flags.WHICH", (), "run-operation"),
        ("flags.FULL_REFRESH", (), "False"),
        ("flags.FAIL_FAST", ("--fail-fast",), "True"),
        ("flags.STATE", ("--state", "x"), ""),
        ("flags.PRINTER_WIDTH", ("--printer-width", "60"), "60"),
        ("invocation_args_dict.state", ("--state", "x"), "x"),
        ("invocation_args_dict.which", (), "run-operation"),
        ("target.name", ("-t", "prod"), "prod"),
        ("var('a')", ("--vars", "{a: b}"), "b"),
    ],
)
def test_what_templates_see(
    shop: Shop, expression: str, args: tuple[str, ...], value: str
) -> None:
    # JINJA-30
    body = f"{{{{ print('<' ~ {expression} ~ '>') }}}}"
    shop.write({"macros/see.sql": f"{{% macro see() %}}{body}{{% endmacro %}}"})
    assert shop("run-operation", "see", "-q", *args).out == f"<{value}>\n"
