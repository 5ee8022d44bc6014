"""Roles against routes: every route of the server says what it needs, and is held to it (S-06)."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec
import pytest
from fastapi.routing import APIRoute
from sqlalchemy import insert
from tests.server.conftest import Project
from tests.server_process import Served, manifest, run_results

from upriver.server import app
from upriver.server.api.caller import caller, open_to_all
from upriver.server.auth.permissions import PERMISSION_SETS, Permission
from upriver.server.auth.tokens import TokenWish, create_token
from upriver.server.db.session import Database
from upriver.server.db.tables import accounts
from upriver.server.web import forms, pages

ROUTERS = tuple(each.router for each in app._ROUTED if each not in (pages, forms))
ROUTES = tuple(
    (method, route)
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, APIRoute)
    for method in sorted(route.methods)
)

V2 = "/api/v2/accounts/{account_id}"
V3 = "/api/v3/accounts/{account_id}"
WEBHOOKS = f"{V3}/webhooks"
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
    ("PUT", "/api/upriver/v1/projects/{project_id}/repository"): "project-write",
    ("PUT", "/api/upriver/v1/projects/{project_id}/environments/{environment_id}/connection"):
        "environment-write",
    ("GET", "/api/upriver/v1/projects/{project_id}/environments/{environment_id}/connection"):
        "environment-write",
    ("GET", "/api/upriver/v1/runs/{run_id}/events"): "run-read",
    ("POST", "/api/upriver/v1/projects/{project_id}/pull-requests/{number}/close"): "run-trigger",
    ("PUT", "/api/upriver/v1/projects/{project_id}/provider"): "project-write",
    ("GET", "/api/upriver/v1/projects/{project_id}/provider"): "project-write",
    ("DELETE", "/api/upriver/v1/projects/{project_id}/provider"): "project-write",
    ("GET", "/api/v2/accounts"): None,
    ("GET", "/api/v2/whoami"): None,
    ("GET", f"{V2}/users"): None,
    ("GET", f"{V2}/connections"): None,
    ("GET", f"{V2}/repositories"): None,
    ("GET", f"{V2}"): None,
    ("GET", f"{V2}/projects"): None,
    ("GET", f"{V2}/projects/{{project_id}}"): "project-read",
    ("GET", f"{V2}/environments"): None,
    ("GET", f"{V2}/environments/{{environment_id}}"): "project-read",
    ("GET", f"{V2}/jobs"): None,
    ("POST", f"{V2}/jobs"): "job-write",
    ("GET", f"{V2}/jobs/{{job_id}}"): "job-read",
    ("POST", f"{V2}/jobs/{{job_id}}"): "job-write",
    ("DELETE", f"{V2}/jobs/{{job_id}}"): "job-write",
    ("GET", f"{V2}/jobs/{{job_id}}/artifacts/{{path:path}}"): "artifact-read",
    ("POST", f"{V2}/jobs/{{job_id}}/run"): "run-trigger",
    ("POST", f"{V2}/jobs/{{job_id}}/rerun"): "run-trigger",
    ("GET", f"{V2}/runs"): None,
    ("GET", f"{V2}/runs/{{run_id}}"): "run-read",
    ("GET", f"{V2}/runs/{{run_id}}/artifacts"): "artifact-read",
    ("GET", f"{V2}/runs/{{run_id}}/artifacts/{{path:path}}"): "artifact-read",
    ("GET", f"{V2}/runs/{{run_id}}/retry"): "run-read",
    ("POST", f"{V2}/runs/{{run_id}}/retry"): "run-trigger",
    ("POST", f"{V2}/runs/{{run_id}}/cancel"): "run-trigger",
    ("GET", "/api/v3/accounts"): None,
    ("GET", f"{V3}/projects"): None,
    ("GET", f"{V3}/projects/{{project_id}}"): "project-read",
    ("GET", f"{V3}/environments"): None,
    ("GET", f"{V3}/projects/{{project_id}}/environments"): "project-read",
    ("GET", f"{V3}/projects/{{project_id}}/environments/{{environment_id}}"): "project-read",
    ("POST", f"{V3}/projects/{{project_id}}/environments"): "environment-write",
    ("GET", f"{V3}/users/{{user_id}}/credentials"): None,
    ("GET", f"{V3}/projects/{{project_id}}/environment-variables/job"): "job-read",
    ("GET", f"{V3}/projects/{{project_id}}/environment-variables/environment"): "project-read",
    ("POST", f"{V3}/projects/{{project_id}}/environment-variables"): "job-write",
    ("POST", f"{V3}/projects/{{project_id}}/environment-variables/{{variable_id}}"): "job-write",
    ("DELETE", f"{V3}/projects/{{project_id}}/environment-variables/{{variable_id}}"): "job-write",
    ("GET", f"{WEBHOOKS}/subscriptions"): "webhook-write",
    ("POST", f"{WEBHOOKS}/subscriptions"): "webhook-write",
    ("GET", f"{WEBHOOKS}/subscription/{{webhook_id}}"): "webhook-write",
    ("PUT", f"{WEBHOOKS}/subscription/{{webhook_id}}"): "webhook-write",
    ("DELETE", f"{WEBHOOKS}/subscription/{{webhook_id}}"): "webhook-write",
    ("GET", f"{WEBHOOKS}/subscription/{{webhook_id}}/events"): "webhook-write",
}  # fmt: skip
"""What each route asks of its caller; None: a valid token."""
OF_THE_ACCOUNT = frozenset({"project-create", "webhook-write"})
"""What is asked for in the account as a whole, and no token of one project has."""


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


class Objects(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to ask for in a project."""

    project: Project
    job: int
    run: int

    def call(self, api: httpx.Client, method: str, path: str) -> httpx.Response:
        """Ask for a route, with bodies that make sense."""
        known = {
            "project_id": self.project.id, "environment_id": self.project.production,
            "account_id": self.project.account_id, "job_id": self.job, "run_id": self.run,
            "name": "manifest.json", "path": "manifest.json", "webhook_id": "wsu_none",
            "number": 7,
            **dict.fromkeys(("ingest_id", "variable_id", "user_id"), 1_000_000),
        }  # fmt: skip
        filled = path.replace(":path}", "}").format(**known)
        wish: dict[str, Any] = {
            "name": f"x{self.project.id}", "raw_value": "x", "project_id": self.project.id,
            "environment_id": self.project.production,
        }  # fmt: skip
        wish |= {
            "url": "https://example.com/shop.git", "profile": "shop", "output": {"type": "duckdb"},
            "client_url": "https://example.com/hook", "event_types": ["job.run.completed"],
        }  # fmt: skip
        wish |= {"kind": "github", "repository": "team/shop"}
        if "variables" in path:
            wish |= {"type": "project", "name": "DBT_X"}
        bodies = {"PATCH": {"upload_status": "SUCCESS"}, "POST": wish, "PUT": wish}
        params = {"job_definition_id": self.job} if path.endswith("/job") else None
        return api.request(method, filled, json=bodies.get(method), params=params)


@pytest.fixture
def objects(project: Project) -> Objects:
    """A project with a state, a job and a run."""
    project.upload(manifest=manifest("a"), run_results=run_results("a"))
    wish = {"project_id": project.id, "environment_id": project.production, "name": "j"}
    job = project.api.post(f"/api/v2/accounts/{project.account_id}/jobs/", json=wish).json()
    run = project.get("state").json()["run"]["id"]
    return Objects(project=project, job=job["data"]["id"], run=run)


@pytest.mark.parametrize("permission_set", [*PERMISSION_SETS])
def test_a_permission_set_allows_what_it_says_and_nothing_else(
    served: Served, objects: Objects, permission_set: str
) -> None:
    wish = TokenWish(
        name="t", kind="service", permission_sets=(permission_set,), project_id=objects.project.id
    )
    with served.client(_token(served, wish)) as api:
        # What removes anything is asked for last.
        for (method, path), needed in sorted(
            NEEDS.items(), key=lambda item: item[0][0] == "DELETE"
        ):
            status = objects.call(api, method, path).status_code
            allowed = needed is None or needed in PERMISSION_SETS[permission_set]
            allowed = allowed and needed not in OF_THE_ACCOUNT
            # What one may not see at all is not found.
            assert status != 403 if allowed else status in (403, 404), (method, path, status)
            assert status < 500


@pytest.mark.parametrize("elsewhere", ["another project", "another account"])
def test_what_is_elsewhere_is_invisible(served: Served, objects: Objects, elsewhere: str) -> None:
    project = objects.project
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
        for (method, path), needed in NEEDS.items():
            if needed is not None and needed not in OF_THE_ACCOUNT:
                answer = objects.call(api, method, path)
                assert answer.status_code == 404, (method, path)
        for path in ("/api/upriver/v1/projects", f"{V2}/jobs", f"{V2}/runs", f"{V3}/projects"):
            found = api.get(path.format(account_id=project.account_id))
            shown = [] if found.status_code == 404 else found.json()
            listed = shown if isinstance(shown, list) else shown.get("projects", shown.get("data"))
            assert project.id not in [each.get("project_id", each["id"]) for each in listed]


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
