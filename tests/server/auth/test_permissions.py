"""Roles against routes: every route of the server says what it needs, and is held to it (S-06)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute
from sqlalchemy import insert
from tests.server.conftest import Project
from tests.server_process import Served, manifest, run_results

from upriver.server.api import health, private, v1
from upriver.server.api.caller import caller, open_to_all
from upriver.server.auth.permissions import PERMISSION_SETS, Permission
from upriver.server.auth.tokens import TokenWish, create_token
from upriver.server.db.session import Database
from upriver.server.db.tables import accounts

ROUTERS = (health.router, private.router, v1.router)
ROUTES = tuple(
    (method, route)
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, APIRoute)
    for method in sorted(route.methods)
)

NEEDS: dict[tuple[str, str], Permission | None] = {
    ("GET", "/api/upriver/v1/whoami"): None,
    ("GET", "/api/upriver/v1/projects"): None,
    ("POST", "/api/upriver/v1/projects"): "project-create",
    ("GET", "/api/upriver/v1/projects/{project_id}/environments"): "project-read",
    ("POST", "/api/upriver/v1/projects/{project_id}/environments"): "environment-write",
    ("GET", "/api/upriver/v1/projects/{project_id}/state"): "state-read",
    ("GET", "/api/upriver/v1/projects/{project_id}/state/index"): "state-read",
    ("GET", "/api/upriver/v1/projects/{project_id}/state/artifacts/{name}"): "state-read",
    ("POST", "/api/upriver/v1/projects/{project_id}/environments/{environment_id}/pin"):
        "state-pin",
    ("POST", "/api/private/accounts/{account_id}/environments/{environment_id}/ingests"):
        "artifact-upload",
    ("PATCH",
     "/api/private/accounts/{account_id}/environments/{environment_id}/ingests/{ingest_id}"):
        "artifact-upload",
    ("GET", "/api/private/accounts/{account_id}/projects/{project_id}/manifest/latest"):
        "state-read",
    ("GET", "/api/private/accounts/{account_id}/projects/{project_id}/manifest/{environment_id}"):
        "state-read",
}  # fmt: skip
"""What each route asks of its caller; None: a valid token."""


def _callables(route: APIRoute) -> set[Any]:
    found, waiting = set(), [route.dependant]
    while waiting:
        dependant = waiting.pop()
        found.add(dependant.call)
        waiting.extend(dependant.dependencies)
    return found


@pytest.mark.parametrize(("method", "route"), ROUTES, ids=[f"{m} {r.path}" for m, r in ROUTES])
def test_every_route_has_a_rule(method: str, route: APIRoute) -> None:
    is_open = open_to_all in _callables(route)
    assert is_open != (caller in _callables(route))
    assert is_open or (method, route.path) in NEEDS


def test_no_rule_is_left_over() -> None:
    assert not NEEDS.keys() - {(method, route.path) for method, route in ROUTES}


def _database(served: Served) -> Database:
    return Database(f"sqlite:///{served.data / 'server.db'}")


def _token(served: Served, wish: TokenWish, account_id: int = 1) -> str:
    if not (served.data / "server.db").exists():
        pytest.skip("asked once, of SQLite")
    database = _database(served)
    with database.writing() as connection:
        text = create_token(connection, account_id, wish).text
    database.close()
    return text


def _call(api: httpx.Client, method: str, path: str, project: Project) -> httpx.Response:
    filled = path.format(
        project_id=project.id,
        environment_id=project.production,
        account_id=project.account_id,
        ingest_id=1_000_000,
        name="manifest.json",
    )
    bodies = {"PATCH": {"upload_status": "SUCCESS"}, "POST": {"name": f"x{project.id}"}}
    return api.request(method, filled, json=bodies.get(method))


@pytest.mark.parametrize("permission_set", [*PERMISSION_SETS])
def test_a_permission_set_allows_what_it_says_and_nothing_else(
    served: Served, project: Project, permission_set: str
) -> None:
    project.upload(manifest=manifest("a"), run_results=run_results("a"))
    wish = TokenWish(
        name="t", kind="service", permission_sets=(permission_set,), project_id=project.id
    )
    with served.client(_token(served, wish)) as api:
        for (method, path), needed in NEEDS.items():
            status = _call(api, method, path, project).status_code
            allowed = needed is None or needed in PERMISSION_SETS[permission_set]
            # Making projects is a matter of the account, and this token is of one project.
            allowed = allowed and needed != "project-create"
            assert (status != 403) == allowed, (method, path, status)
            assert status < 500


@pytest.mark.parametrize("elsewhere", ["another project", "another account"])
def test_what_is_elsewhere_is_invisible(served: Served, project: Project, elsewhere: str) -> None:
    project.upload(manifest=manifest("a"), run_results=run_results("a"))
    if elsewhere == "another project":
        made = project.api.post("/api/upriver/v1/projects", json={"name": f"other {project.id}"})
        wish = TokenWish(
            name="t", kind="service", permission_sets=("account_admin",),
            project_id=made.json()["id"],
        )  # fmt: skip
        text = _token(served, wish)
    else:
        wish = TokenWish(name="t", kind="service", permission_sets=("account_admin",))
        text = _token(served, wish, _another_account(served, project.id))
    with served.client(text) as api:
        for method, path in NEEDS:
            if "{" in path:
                answer = _call(api, method, path, project)
                assert answer.status_code == 404, (method, path)
        listed = api.get("/api/upriver/v1/projects").json()["projects"]
    assert project.id not in [each["id"] for each in listed]


def _another_account(served: Served, number: int) -> int:
    if not (served.data / "server.db").exists():
        pytest.skip("asked once, of SQLite")
    from upriver.server.moments import now

    database = _database(served)
    with database.writing() as connection:
        made = connection.execute(
            insert(accounts).values(name=f"account {number}", created_at=now())
        ).inserted_primary_key
    database.close()
    assert made is not None
    return int(made[0])
