"""The pages, as a browser asks for them: who gets in, what is shown, what a form may do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from fastapi.routing import APIRoute
from tests.certificates import make_certificates
from tests.server_process import Served, manifest, run_results, running_serve, upload

from upriver.server.web import forms, pages
from upriver.server.web.pages import show_nothing_of_others
from upriver.server.web.visiting import signed_form, visitor

_WORD = re.compile(r'name="word" value="([0-9a-f]+)"')
SAME = {"Sec-Fetch-Site": "same-origin"}
NASTY = "<script>alert(1)</script>\"'&"


class Browser:
    """A client with cookies, which sends forms as a browser does."""

    def __init__(self, served: Served) -> None:
        self.http = served.client("")

    def sign_in(self, user: str, password: str, **headers: str) -> httpx.Response:
        data = {"email": user, "password": password}
        return self.http.post("/sign-in", data=data, headers={**SAME, **headers})

    def get(self, path: str, status: int = 200) -> str:
        answer = self.http.get(path)
        assert answer.status_code == status, answer.text
        return answer.text

    def word(self) -> str:
        found = _WORD.search(self.get("/me"))
        assert found is not None
        return found[1]

    def send(
        self, path: str, headers: dict[str, str] | None = None, **fields: Any
    ) -> httpx.Response:
        data = {"word": self.word(), **fields}
        return self.http.post(path, data=data, headers=SAME if headers is None else headers)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    env = {"UPRIVER_SERVER_LIMIT_SIGN_INS_PER_MINUTE": "1000"}
    folder = tmp_path_factory.mktemp("pages")
    with running_serve(folder / "data", env=env) as running, running.client() as api:
        files = {
            "manifest.json": manifest("orders", NASTY, env={"DBT_CLOUD_GIT_SHA": "0123456789"}),
            "run_results.json": run_results("orders", NASTY),
        }
        answer = upload(api, 1, running.environments["Production"], files)
        assert answer.status_code == 204
        yield running


Visit = Callable[[], Browser]


@pytest.fixture
def visit(served: Served) -> Iterator[Visit]:
    """Opens browsers, which are closed afterwards."""
    opened: list[Browser] = []

    def open_one() -> Browser:
        opened.append(Browser(served))
        return opened[-1]

    yield open_one
    for browser in opened:
        browser.http.close()


@pytest.fixture
def admin(served: Served, visit: Visit) -> Browser:
    browser = visit()
    assert browser.sign_in(served.user, served.password).status_code == 303
    return browser


def _routes() -> list[tuple[str, APIRoute]]:
    return [
        (method, route)
        for router in (pages.router, forms.router)
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in sorted(route.methods)
    ]


@pytest.mark.parametrize(("method", "route"), _routes(), ids=lambda x: getattr(x, "path", x))
def test_every_page_asks_for_a_session_and_every_form_for_its_word(
    method: str, route: APIRoute
) -> None:
    found, waiting = set(), [route.dependant]
    while waiting:
        dependant = waiting.pop()
        found.add(dependant.call)
        waiting.extend(dependant.dependencies)
    is_open = show_nothing_of_others in found
    assert is_open != (visitor in found)
    assert method == "GET" or is_open or signed_form in found


def test_a_stranger_is_led_to_the_sign_in(served: Served) -> None:
    with served.client("") as http:
        # A client's test of the connection asks for the root and wants to hear that all is well.
        assert "Sign in" in http.get("/").text
        for path in ("/tokens", "/projects/1", "/audit"):
            answer = http.get(path)
            assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")


def test_the_pages_show_what_there_is(served: Served, admin: Browser) -> None:
    production = served.environments["Production"]
    start = admin.get("/")
    assert "shop" in start
    assert "01234567" in start
    project = f"/projects/{served.project_id}"
    fixed = ("/tokens", "/people", "/audit", "/me")
    for path in (project, f"{project}/runs", f"/environments/{production}", *fixed):
        text = admin.get(path)
        assert "<script" not in text
        assert "upriver" in text
    environment = admin.get(f"/environments/{production}?wanted=orders")
    assert "model.shop.orders" in environment
    assert "alert" not in environment
    assert "&lt;script&gt;" in admin.get(f"/environments/{production}")


def test_a_run_with_its_steps_and_artifacts(served: Served, admin: Browser) -> None:
    found = re.search(r'href="(/runs/\d+)"', admin.get(f"/projects/{served.project_id}/runs"))
    assert found is not None
    text = admin.get(found[1])
    assert "Invoke dbt with `dbt build`" in text
    assert "Current state" in text
    link = re.search(r'href="(/runs/\d+/artifacts/4/manifest.json)"', text)
    assert link is not None
    sent = admin.http.get(link[1])
    assert sent.headers["content-disposition"].startswith("attachment")
    assert msgspec.json.decode(sent.content)["metadata"]["project_name"] == "shop"
    admin.get("/runs/999999", 404)
    admin.get(f"{found[1]}/artifacts/4/none.json", 404)
    filtered = f"/projects/{served.project_id}/runs?environment=&status=20"
    assert "There are no runs" in admin.get(filtered)


def test_wrong_passwords(served: Served, visit: Visit) -> None:
    browser = visit()
    for user, password in ((served.user, "wrong"), ("nobody", served.password), ("", "")):
        answer = browser.sign_in(user, password)
        assert answer.status_code == 401
        assert "not right" in answer.text
        assert "set-cookie" not in answer.headers


ELSEWHERE: list[dict[str, str]] = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {},
]


@pytest.mark.parametrize("headers", ELSEWHERE, ids=str)
def test_forms_from_elsewhere_are_refused(admin: Browser, headers: dict[str, str]) -> None:
    assert admin.send("/projects", headers=headers, name="stolen").status_code == 403
    assert "stolen" not in admin.get("/")


def test_a_form_needs_the_word_of_its_session_and_the_right_kind(admin: Browser) -> None:
    assert admin.send("/projects", word="0" * 32, name="x").status_code == 401
    assert admin.http.post("/projects", data={"name": "x"}, headers=SAME).status_code == 401
    json = admin.http.post("/projects", json={"name": "x"}, headers=SAME)
    assert json.status_code == 422
    text = {**SAME, "Content-Type": "text/plain"}
    assert admin.http.post("/projects", content=b"name=x", headers=text).status_code == 422


def test_projects_environments_and_the_pin(served: Served, admin: Browser) -> None:
    made = admin.send("/projects", name=f"shop {NASTY}")
    assert made.status_code == 303
    place = made.headers["location"]
    assert "&lt;script&gt;" in admin.get(place)
    assert admin.send(f"{place}/environments", name="S", kind="staging").status_code == 303
    assert admin.send(f"{place}/environments", name="S", kind="staging").status_code == 409
    production = served.environments["Production"]
    run = re.search(r'href="/runs/(\d+)"', admin.get(f"/environments/{production}"))
    assert run is not None
    assert admin.send(f"/environments/{production}/pin", run_id=run[1]).status_code == 303
    assert "Pinned" in admin.get(f"/environments/{production}")
    assert admin.send(f"/environments/{production}/pin", run_id="").status_code == 303
    assert "Pinned" not in admin.get(f"/environments/{production}")
    assert admin.send(f"/environments/{production}/pin", run_id="x").status_code == 422


def test_tokens_are_shown_once_and_can_be_revoked(served: Served, admin: Browser) -> None:
    made = admin.send("/tokens", kind="service", name="ci", permission_set="readonly", days="7",
                      project_id=str(served.project_id))  # fmt: skip
    found = re.search(r"dbtc_[\w-]{40,}", made.text)
    assert found is not None
    assert found[0] not in admin.get("/tokens")
    with served.client(found[0]) as api:
        me = api.get("/api/upriver/v1/whoami").json()
        assert me["token"]["scopes"] == ["readonly"]
        assert me["token"]["expires_at"] is not None
        row = re.search(r"/tokens/(\d+)/revoke", admin.get("/tokens"))
        assert row is not None
        assert admin.send(f"/tokens/{row[1]}/revoke").status_code == 303
        assert api.get("/api/upriver/v1/whoami").status_code == 401
    assert admin.send("/tokens", kind="user", name="x", days="0").status_code == 422


def test_people_and_what_they_may(served: Served, admin: Browser, visit: Visit) -> None:
    person = {"name": "Ann", "email": "ann@example.com", "password": "a long enough one",
              "permission_set": "developer"}  # fmt: skip
    assert admin.send("/people", **person).status_code == 303
    assert admin.send("/people", **person).status_code == 409
    assert (
        admin.send("/people", **{**person, "email": "b@c", "password": "short"}).status_code == 422
    )
    ann = visit()
    assert ann.sign_in("ann@example.com", person["password"]).status_code == 303
    assert "shop" in ann.get("/")
    for path in ("/people", "/audit"):
        ann.get(path, 403)
    assert ann.send("/projects", name="x").status_code == 403
    service = ann.send("/tokens", kind="service", name="x", permission_set="account_admin")
    assert service.status_code == 403
    mine = ann.send("/tokens", kind="user", name="laptop", days="")
    assert re.search(r"dbtu_[\w-]{40,}", mine.text) is not None
    number = re.search(r'action="/people/(\d+)"', admin.get("/people"))
    assert number is not None
    # A change takes effect at the next request, and whoever is shut out is out.
    admin.send(f"/people/{number[1]}", permission_set="webhooks_only", is_active="yes")
    ann.get(f"/projects/{served.project_id}", 403)
    admin.send(f"/people/{number[1]}", permission_set="developer", is_active="no")
    assert ann.http.get("/tokens").status_code == 303
    assert ann.sign_in("ann@example.com", person["password"]).status_code == 401


def test_a_session_ends(served: Served, visit: Visit) -> None:
    one, other = visit(), visit()
    for browser in (one, other):
        browser.sign_in(served.user, served.password)
    cookies = dict(one.http.cookies)
    assert dict(other.http.cookies) != cookies
    new = "another long password"
    for words, status in (({"present": "wrong", "new": new}, 422),
                          ({"present": served.password, "new": new}, 303)):  # fmt: skip
        assert one.send("/me/password", **words).status_code == status
    assert other.http.get("/me").status_code == 303
    assert one.send("/me/password", present=new, new=served.password).status_code == 303
    assert one.send("/sign-out").status_code == 303
    replayed = httpx.Client(base_url=served.url, cookies=cookies)
    assert replayed.get("/me").status_code == 303
    replayed.close()


def test_cookies_are_bound_to_the_host_where_there_is_tls(tmp_path: Path) -> None:
    made = make_certificates(tmp_path)
    options = ["--tls-cert", made.cert, "--tls-key", made.key]
    with running_serve(tmp_path / "data", options=options, ca=made.ca) as served:
        browser = Browser(served)
        answer = browser.sign_in(served.user, served.password)
        words = answer.headers["set-cookie"].lower()
        assert words.startswith("__host-upriver=")
        for word in ("httponly", "secure", "samesite=strict", "path=/"):
            assert word in words
        assert "domain" not in words
        assert "shop" in browser.get("/")
        browser.http.close()


def test_guessing_is_slowed_down(tmp_path: Path) -> None:
    with running_serve(tmp_path / "data") as served:
        browser = Browser(served)
        statuses = [browser.sign_in("admin", f"guess {n}").status_code for n in range(14)]
        assert statuses[0] == 401
        assert statuses[-1] == 429
        browser.http.close()
