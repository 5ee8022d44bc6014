from __future__ import annotations

import io
import stat

import pytest
import yaml
from tests.cli.shop_project import Said
from tests.project.linked_shop import LinkedShop
from tests.state.seam_server import TOKEN

from upriver.cli.invoke import invoke
from upriver.project.outcome import Question


@pytest.fixture
def shop(linked_shop: LinkedShop) -> LinkedShop:
    linked_shop.unlink()
    linked_shop.write({"token": f"{TOKEN}\n"})
    return linked_shop


def stored(shop: LinkedShop) -> dict[str, object]:
    found: dict[str, object] = yaml.safe_load((shop.root / ".dbt/dbt_cloud.yml").read_text())
    return found


def answering(shop: LinkedShop, words: list[str], answers: dict[str, str]) -> Said:
    out = io.StringIO()

    def ask(question: Question) -> str:
        assert question.is_hidden is (question.text == "Token")
        return answers[question.text]

    result = invoke(words, env=shop.env, cwd=str(shop.root), stdout=out, stderr=out, ask=ask)
    return Said(result, out.getvalue(), "")


def test_one_command_links(shop: LinkedShop) -> None:
    said = shop("login", shop.seam.url, "--token-file", "token")
    assert said.exit_code == 0, said.out
    assert "Signed in to 127.0.0.1" in said.out
    assert "Linked to the project shop (7)" in said.out
    assert "Commands defer to Production @abc12345" in said.out
    assert "dbt-cloud: {project-id: 7}" in said.out
    assert TOKEN not in said.out
    path = shop.root / ".dbt/dbt_cloud.yml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "to Production" in shop("run", "-s", "orders").out


@pytest.mark.parametrize("env", [{}, {"DBT_CLOUD_ACCOUNT_HOST": "set"}])
def test_without_a_terminal(shop: LinkedShop, env: dict[str, str]) -> None:
    host = {"DBT_CLOUD_ACCOUNT_HOST": shop.seam.url} if env else {}
    words = () if env else (shop.seam.url,)
    assert shop("login", *words, DBT_CLOUD_TOKEN=TOKEN, **host).exit_code == 0
    assert stored(shop)["context"] == {"active-host": shop.seam.url, "active-project": "7"}


def test_at_a_terminal(shop: LinkedShop) -> None:
    shop.seam.projects["8"] = "other"
    shop.write({"dbt_project.yml": "name: neither\nprofile: shop\n"})
    said = answering(
        shop,
        ["login"],
        {"Host of the server": shop.seam.url, "Token": TOKEN, "Number of the project": "8"},
    )
    assert said.exit_code == 0, said.out
    assert "[8] other" in said.out
    assert "There is nothing to defer to yet" in said.out or "Commands defer" in said.out
    projects = stored(shop)["projects"]
    assert isinstance(projects, list)
    assert projects[0]["project-id"] == "8"


def test_a_server_on_this_machine_needs_no_scheme(shop: LinkedShop) -> None:
    place = shop.seam.url.removeprefix("http://")
    said = shop("login", place, "--token-file", "token")
    assert said.exit_code == 0, said.out
    assert "warning" not in said.out
    context = stored(shop)["context"]
    assert isinstance(context, dict)
    assert context["active-host"] == shop.seam.url


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("login",), "login-host"),
        (("login", "a b"), "login-host"),
        (("login", "cloud.getdbt.com"), "login-host"),
        (("login", "URL"), "login-token"),
        (("login", "URL", "--token-file", "nowhere"), "login-token"),
        (("login", "URL", "--token-file", "wrong"), "link-refused"),
        (("login", "URL", "--token-file", "token", "--project", "9"), "login-project"),
        (("login", "http://127.0.0.1:9", "--token-file", "token"), "link-unreachable"),
    ],
)
def test_what_cannot_be_signed_in_to(shop: LinkedShop, words: tuple[str, ...], code: str) -> None:
    shop.write({"wrong": "nobody"})
    said = shop(*(shop.seam.url if word == "URL" else word for word in words))
    assert said.exit_code == 2
    assert f"error[{code}]" in said.out + said.err, said.out + said.err
    assert TOKEN not in said.out + said.err
    assert not (shop.root / ".dbt").exists()


def test_which_of_several_projects(shop: LinkedShop) -> None:
    shop.seam.projects = {"7": "one", "8": "two"}
    said = shop("login", shop.seam.url, "--token-file", "token")
    assert "error[login-project]" in said.out
    assert "7 (one), 8 (two)" in said.out
    assert shop("login", shop.seam.url, "--token-file", "token", "--project", "two").exit_code == 0
    shop.unlink()
    shop.seam.projects = {"7": "one", "8": "shop"}
    said = shop("login", shop.seam.url, "--token-file", "token")
    assert "Linked to the project shop (8)" in said.out
    # A token that was stored for one project does not decide about the next sign-in.
    shop.seam.projects = {"7": "shop"}
    assert "shop (7)" in shop("login", shop.seam.url, "--token-file", "token").out


def test_status_and_logout(shop: LinkedShop) -> None:
    said = shop("login", "status")
    assert (said.exit_code, "link-missing" in said.out) == (1, True)
    shop("login", shop.seam.url, "--token-file", "token")
    said = shop("login", "status")
    assert said.exit_code == 0
    assert "Token:          laptop" in said.out
    assert "Expires:        never" in said.out
    assert TOKEN not in said.out
    shop.seam.token = "withdrawn"  # noqa: S105 - made up
    said = shop("login", "status")
    assert said.exit_code == 1
    assert "error[link-refused]" in said.out
    said = shop("logout")
    assert said.exit_code == 0
    assert "is taken out" in said.out
    assert stored(shop)["projects"] == []
    assert "holds no token" in shop("logout").out
    assert shop("run", "--no-defer", "-s", "orders").exit_code in (0, 1)


@pytest.mark.parametrize("words", [("environment", "show"), ("env", "show")])
def test_environment_show(shop: LinkedShop, words: tuple[str, ...]) -> None:
    # platform.md 2.7
    said = shop(*words)
    assert said.exit_code == 0, said.out + said.err
    assert "[N/A]" in said.out
    assert "`upriver login HOST`" in said.out
    shop("login", shop.seam.url, "--token-file", "token")
    said = shop(*words)
    for text in (
        "Account id           1", "Project id           7", f"Host                 {shop.seam.url}",
        "Account              Example", "Project              shop",
        "Environment          Development", "Defers to            Production @abc12345",
        "Target               dev", "Connection           duckdb", "Production       production",
    ):  # fmt: skip
        assert text in said.out, said.out
    assert TOKEN not in said.out
    assert "upriver login" not in said.out
    shop.seam.fault = "forbidden"
    said = shop(*words)
    assert said.exit_code == 0
    assert "[link-refused]" in said.out + said.err
