"""A server for the tests of the room, once with SQLite and once with PostgreSQL."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import httpx
import msgspec
import psycopg
import pytest
from tests.postgres_server import Server
from tests.server_process import Served, running_serve, upload

_NUMBERS = itertools.count()


@pytest.fixture(
    scope="session", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
)
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """A running server; tests make projects of their own in it."""
    options: list[str] = []
    if request.param == "postgres":
        options = ["--database", new_database(request.getfixturevalue("postgres_server"))]
    folder = tmp_path_factory.mktemp("served")
    # Tests ask faster than any person or program.
    env = {"UPRIVER_SERVER_LIMIT_REQUESTS_PER_MINUTE": "1000000"}
    with running_serve(folder / "data", options=options, env=env) as running:
        yield running


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The address of a bucket on a server of S3's interface."""
    boto3 = pytest.importorskip("boto3")
    server = pytest.importorskip("moto.server").ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket="artifacts")
        yield f"s3://artifacts/some/prefix?endpoint={endpoint}"
    server.stop()


def new_database(server: Server) -> str:
    """Create a database and return its address."""
    name = f"upriver_{next(_NUMBERS)}"
    with psycopg.connect(
        host=server.host, port=server.port, user=server.user, password=server.password,
        dbname=server.database, autocommit=True,
    ) as connection:  # fmt: skip
        connection.execute(f'CREATE DATABASE "{name}"')
    place = f"{server.host}:{server.port}/{name}"
    return f"postgresql://{server.user}:{server.password}@{place}"


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """A project of one test, with a client of the administrator."""

    api: httpx.Client
    account_id: int
    id: int
    development: int
    production: int

    def upload(self, environment_id: int | None = None, **files: bytes) -> httpx.Response:
        """Upload files, given by their names without `.json`."""
        named = {f"{name}.json": content for name, content in files.items()}
        return upload(self.api, self.account_id, environment_id or self.production, named)

    def get(self, path: str, **options: object) -> httpx.Response:
        """Ask for something below the project."""
        return self.api.get(f"/api/upriver/v1/projects/{self.id}/{path}", **options)  # type: ignore[arg-type]

    def post(self, path: str, body: object) -> httpx.Response:
        """Send something below the project."""
        return self.api.post(f"/api/upriver/v1/projects/{self.id}/{path}", json=body)


@pytest.fixture
def project(served: Served) -> Iterator[Project]:
    """A new project with a development and a production environment."""
    with served.client() as api:
        made = api.post("/api/upriver/v1/projects", json={"name": f"p{next(_NUMBERS)}"}).json()
        first, second = made["environments"]
        yield Project(
            api=api,
            account_id=served.account_id,
            id=made["id"],
            development=first["id"],
            production=second["id"],
        )
