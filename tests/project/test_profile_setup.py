"""`init` in a project that is there already sets up its profile (CLI-55, CLI-122, PROJ-61)."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
import yaml
from tests.cli.shop_project import Shop

from upriver.cli.invoke import invoke
from upriver.project.outcome import Question

TEMPLATE = """\
fixed:
  type: duckdb
  threads: 4
  extra: {a: 1}
prompts:
  target: {hint: your target, default: mine}
  path: {hint: path of the file}
  schema: {default: dbt_me}
  port: {type: int, default: 5432}
  pass: {hide_input: true, default: secret}
  _choose_auth:
    password:
      token: {hint: tok, default: abc}
    none:
      _fixed_method: none
"""
OTHER = "# mine\nother:\n  target: x   # keep\n  outputs: {x: {type: duckdb, path: a.db}}"


class Person:
    """Gives answers in turn, and remembers what was asked."""

    def __init__(self, *answers: str) -> None:
        self._answers: Iterator[str] = iter(answers)
        self.asked: list[Question] = []

    def __call__(self, question: Question) -> str:
        self.asked.append(question)
        return next(self._answers)


def init(shop: Shop, person: Person | None, *args: str) -> tuple[int, str]:
    out = io.StringIO()
    said = invoke(
        ["init", *args], env=shop.env, cwd=str(shop.root), stdout=out, stderr=out, ask=person
    )
    return said.exit_code, out.getvalue()


@pytest.fixture
def team(shop: Shop) -> Shop:
    """A project that was checked out, without a profile."""
    (shop.root / "profiles.yml").unlink()
    shop.write({"profile_template.yml": TEMPLATE, ".dbt/profiles.yml": OTHER})
    return shop


def test_a_template_is_filled_in(team: Shop) -> None:
    # As observed of dbt with the same template and answers.
    person = Person("", "", "wh.duckdb", "sch", "many", "", "", "2")
    code, out = init(team, person)
    assert code == 0, out
    text = (team.root / ".dbt" / "profiles.yml").read_text()
    assert text.startswith(OTHER)
    assert yaml.safe_load(text)["shop"] == {
        "target": "mine",
        "outputs": {
            "mine": {
                "type": "duckdb", "threads": 4, "extra": {"a": 1}, "path": "wh.duckdb",
                "schema": "sch", "port": 5432, "pass": "secret", "method": "none",
            }
        },
    }  # fmt: skip
    assert [q.text for q in person.asked][0:2] == [
        "target (your target)",
        "path (path of the file)",
    ]
    assert [q.is_hidden for q in person.asked][-2:] == [True, False]


def test_what_has_no_default_needs_a_terminal(team: Shop) -> None:
    code, out = init(team, None)
    assert code == 2
    assert "[init-unanswered]" in out
    assert "`path`" in out
    assert (team.root / ".dbt" / "profiles.yml").read_text() == OTHER


def test_no_profile_is_set_up_on_request(team: Shop) -> None:
    assert init(team, Person(), "--skip-profile-setup")[0] == 0
    assert (team.root / ".dbt" / "profiles.yml").read_text() == OTHER


@pytest.mark.parametrize(
    "template", ["prompts: [a]", "fixed: {type: duckdb}\nprompts: {_choose_x: }"]
)
def test_a_template_that_cannot_be_used(team: Shop, template: str) -> None:
    team.write({"profile_template.yml": template})
    code, out = init(team, Person())
    assert code == 2
    assert "[init-template]" in out


def test_without_a_template_the_warehouse_is_chosen(team: Shop) -> None:
    (team.root / "profile_template.yml").unlink()
    person = Person("2", "db.example", "", "me", "shop", "", "")
    assert init(team, person)[0] == 0
    made = yaml.safe_load((team.root / ".dbt" / "profiles.yml").read_text())["shop"]
    output = made["outputs"][made["target"]]
    assert (output["type"], output["host"], output["port"]) == ("postgres", "db.example", 5432)
    assert "env_var" in output["password"]


def test_a_new_project_asks_for_its_name_and_profile(team: Shop) -> None:
    (team.root / "sub").mkdir()
    away = Shop.__new__(Shop)
    away.root, away.env = team.root / "sub", team.env
    code, out = init(away, Person("1st", "coffee", "duckdb", "", "", ""))
    assert code == 0, out
    made = yaml.safe_load((away.root / "coffee" / "profiles.yml").read_text())
    assert made["coffee"]["outputs"]["dev"]["path"] == "coffee.duckdb"
