"""One way of asking web servers: what is sent to whom, how often, and what comes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.workspace.web.place import Place, client, replied, serving

from upriver.workspace.web.client import Call, Failure, send


@pytest.fixture
def place() -> Iterator[Place]:
    with serving() as place:
        yield place


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_bytes_are_sent(place: Place, method: Any) -> None:
    place.plan("/state", 201, b'{"id": 1}', ETag='"a"')
    call = Call(
        url=f"{place.url}/state", method=method, body=b"\x00\x01", headers={"X-Given": "yes"}
    )
    reply = replied(send(client(), call))
    assert (reply.status, reply.body, reply.headers["etag"]) == (201, b'{"id": 1}', '"a"')
    ((sent, _, headers, body),) = place.asked
    assert (sent, body, headers["X-Given"]) == (method, b"\x00\x01", "yes")
    assert headers["Content-Type"] == "application/octet-stream"


def test_what_an_error_says_is_kept(place: Place) -> None:
    place.plan("/x", 422, b'{"code": "no"}')
    reply = replied(send(client(), Call(url=f"{place.url}/x")))
    assert (reply.status, reply.body, reply.is_success) == (422, b'{"code": "no"}', False)


def test_a_revision_that_is_current(place: Place) -> None:
    place.plan("/x", 304)
    reply = replied(send(client(), Call(url=f"{place.url}/x", revision='"a"')))
    assert reply.is_unchanged
    assert place.asked[0][2]["If-None-Match"] == '"a"'


def test_a_head_has_no_body(place: Place) -> None:
    place.plan("/x", 200, b"abc")
    reply = replied(send(client(), Call(url=f"{place.url}/x", method="HEAD")))
    assert (reply.body, reply.headers["content-length"]) == (b"", "3")


@pytest.mark.parametrize(
    ("call", "times"),
    [
        ({"method": "GET"}, 2),
        ({"method": "PUT", "body": b"x"}, 2),
        ({"method": "POST", "body": b"x"}, 1),
        ({"method": "POST", "body": b"x", "is_repeatable": True}, 2),
    ],
)
def test_what_is_asked_twice(place: Place, call: dict[str, Any], times: int) -> None:
    place.plan("/x", 503, Retry_After="0")
    place.plan("/x", 200)
    reply = replied(send(client(), Call(url=f"{place.url}/x", **call)))
    assert len(place.asked) == times
    assert reply.may_pass == (times == 1)


def test_credentials(place: Place, tmp_path: Path) -> None:
    place.plan("/x", 200)
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login a password b\n")
    home = {"HOME": str(tmp_path)}
    url = f"{place.url}/x"
    signed = url.replace("//", "//me:you@")
    for call, env, starts in (
        (Call(url=signed, token="t", uses_netrc=True), home, "Basic bWU6eW91"),  # noqa: S106
        (Call(url=url, token="t", uses_netrc=True), home, "Bearer t"),  # noqa: S106
        (Call(url=url, uses_netrc=True), home, "Basic YTpi"),
        (Call(url=url), home, "None"),
    ):
        replied(send(client(env), call))
        assert str(place.asked[-1][2].get("Authorization")) == starts


def test_too_much_is_not_taken(place: Place) -> None:
    place.plan("/x", 200, b"x" * 5000)
    answer = send(client(limit=1000), Call(url=f"{place.url}/x"))
    assert isinstance(answer, Failure)
    assert (answer.kind, answer.may_pass) == ("oversize", False)


@pytest.mark.parametrize(
    ("url", "env", "kind"),
    [
        ("ftp://host/x", {}, "address"),
        ("http://", {}, "address"),
        ("http://[::1/x", {}, "address"),
        ("https://127.0.0.1:1/x", {"SSL_CERT_FILE": "/nowhere.pem"}, "untrusted"),
        ("http://me:s3cret@127.0.0.1:1/x", {}, "unreached"),
        ("http://host:port/x", {}, "address"),
    ],
)
def test_failures(url: str, env: dict[str, str], kind: str) -> None:
    answer = send(client(env), Call(url=url))
    assert isinstance(answer, Failure)
    assert answer.kind == kind
    assert "s3cret" not in answer.reason


def test_secrets_are_not_in_what_is_printed() -> None:
    call = Call(url="http://me:s3cret@host/x?token=s3cret", token="s3cret")  # noqa: S106
    assert "s3cret" not in repr(call) + repr(client({"A": "s3cret"}))
