"""Rate limits, alone and over HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.server_process import running_serve

from upriver.server.limits import Limiter


def test_a_bucket_empties_and_fills_again(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("upriver.server.limits.time.monotonic", lambda: clock[0])
    limiter = Limiter()
    assert [limiter.take("a", 2) for _ in range(3)] == [None, None, 30.0]
    assert limiter.take("b", 2) is None
    clock[0] += 31
    assert limiter.take("a", 2) is None
    assert limiter.take("a", 2) is not None


def test_a_token_and_an_address_are_slowed_down(tmp_path: Path) -> None:
    env = {
        "UPRIVER_SERVER_LIMIT_REQUESTS_PER_MINUTE": "5",
        "UPRIVER_SERVER_LIMIT_SIGN_INS_PER_MINUTE": "1",
    }
    with running_serve(tmp_path / "data", env=env) as served:
        with served.client() as api:
            answers = [api.get("/api/upriver/v1/whoami") for _ in range(8)]
        assert [each.status_code for each in answers][:5] == [200] * 5
        assert answers[-1].status_code == 429
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
        assert answers[-1].json()["status"]["code"] == 429
        with served.client("dbtu_" + "0" * 55) as guessing:
            statuses = [guessing.get("/api/upriver/v1/whoami").status_code for _ in range(9)]
        assert (statuses[0], statuses[-1]) == (401, 429)
        with served.client("") as anybody:
            assert anybody.get("/health/live").status_code == 200
