"""Nothing that is sent to any route makes the server fail: its own description, gone through (R-17)."""

from __future__ import annotations

from pathlib import Path

import schemathesis
from hypothesis import HealthCheck, given, settings
from tests.server_process import Served, manifest, run_results, running_serve, upload

EXAMPLES = 25
QUIET = [*HealthCheck]


def _go_through(operation: schemathesis.APIOperation, served: Served) -> int:
    """Send what the description allows and what it does not; return how often."""
    headers = {"Authorization": f"Bearer {served.token}"}
    count = 0

    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None,
        suppress_health_check=QUIET,
    )  # fmt: skip
    def send(case: schemathesis.Case) -> None:
        nonlocal count
        count += 1
        answer = case.call(headers=headers)
        assert answer.status_code < 500, f"{case.as_curl_command()}\n{answer.text}"
        leaked = ("Traceback", "sqlalchemy", "sqlite3", 'File "/')
        assert not any(word in answer.text for word in leaked)

    send()
    return count


def test_no_request_makes_the_server_fail(tmp_path: Path) -> None:
    env = {"UPRIVER_SERVER_LIMIT_REQUESTS_PER_MINUTE": "1000000"}
    with running_serve(tmp_path / "data", env=env) as served, served.client() as api:
        files = {"manifest.json": manifest("a"), "run_results.json": run_results("a")}
        upload(api, 1, served.environments["Production"], files)
        schema = schemathesis.openapi.from_url(f"{served.url}/api/openapi.json")
        sent = {
            found.ok().label: _go_through(found.ok(), served)
            for found in schema.get_all_operations()
        }
    assert len(sent) > 10
    assert min(sent.values()) > 0
