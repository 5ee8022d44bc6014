"""How web servers are reached: proxies, certificates, and where redirections may lead."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.workspace.web.place import Place, client, replied, serving

from upriver.workspace.web.client import Call, Failure, send


@pytest.fixture
def place() -> Iterator[Place]:
    with serving() as place:
        yield place


@pytest.mark.parametrize("status", [302, 307])
def test_the_callers_words_are_for_one_origin(place: Place, status: int) -> None:
    with serving() as other:
        place.plan("/here", status, Location=f"{place.url}/there")
        place.plan("/there", status, Location=f"{other.url}/x")
        other.plan("/x", 200)
        call = Call(url=f"{place.url}/here", token="t", headers={"X-Secret": "s"})  # noqa: S106
        replied(send(client(), call))
        for _, _, headers, _ in place.asked:
            assert (headers["Authorization"], headers["X-Secret"]) == ("Bearer t", "s")
        assert len(place.asked) == 2
        assert not {"Authorization", "X-Secret"} & set(other.asked[0][2])


@pytest.mark.parametrize("to", ["file:///etc/passwd", "ftp://host/x"])
def test_a_redirection_to_what_is_no_web_address(place: Place, to: str) -> None:
    place.plan("/x", 302, Location=to)
    answer = send(client(), Call(url=f"{place.url}/x"))
    assert isinstance(answer, Failure) or not answer.is_success
    assert len(place.asked) == 1


def test_proxies_are_those_of_the_given_environment(place: Place) -> None:
    place.plan("http://far.example/x", 200, b"by proxy")
    env = {"http_proxy": place.url, "no_proxy": "127.0.0.1"}
    assert replied(send(client(env), Call(url="http://far.example/x"))).body == b"by proxy"
    place.plan("/x", 200, b"straight")
    assert replied(send(client(env), Call(url=f"{place.url}/x"))).body == b"straight"


def test_certificates_that_the_environment_names(tmp_path: Path) -> None:
    bundle = tmp_path / "none.pem"
    bundle.write_text("not a certificate\n")
    answer = send(client({"REQUESTS_CA_BUNDLE": str(bundle)}), Call(url="https://127.0.0.1:1/"))
    assert isinstance(answer, Failure)
    assert answer.kind == "untrusted"
