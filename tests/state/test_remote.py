from __future__ import annotations

import gzip
import io
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.state.artifact_server import Artifacts, serving

from upriver.problems import Problem
from upriver.state.age import spell_age
from upriver.state.remote import cache, http
from upriver.state.remote.address import Kind, is_local, read_address
from upriver.state.remote.archive import plain, ungzip, unpack
from upriver.state.remote.cache import Cache
from upriver.state.remote.fetch import Fetched, cache_folder, fetch

MANIFEST = b'{"metadata": {"project_name": "shop"}}'


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "PAUSE", 0.0)


@pytest.fixture
def server() -> Iterator[Artifacts]:
    with serving() as server:
        yield server


@pytest.fixture
def kept(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "state")


def fetched(text: str, kept: Cache, now: float = 1000.0, **env: str) -> Fetched:
    found = fetch(read_address(text), kept, env, now)
    assert isinstance(found, Fetched), found
    return found


def refused(text: str, kept: Cache, **env: str) -> Problem:
    found = fetch(read_address(text), kept, env, 1000.0)
    assert isinstance(found, Problem)
    return found


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("target", "local"),
        ("/a/b", "local"),
        ("C:\\state", "local"),
        ("a:b", "local"),
        ("https://host/x", "http"),
        ("s3://bucket/x", "object"),
        ("gs://bucket/x", "object"),
        ("az://bucket/x", "object"),
        ("git:main", "git"),
        ("git:main...", "git"),
    ],
)
def test_an_address_is_told_by_its_form(text: str, kind: Kind) -> None:
    assert read_address(text).kind == kind
    assert is_local(text) == (kind == "local")


def test_what_is_shown_of_an_address_holds_no_credentials() -> None:
    shown = read_address("https://me:secret@host/x?signature=secret").shown
    assert shown == "https://host/x"
    assert read_address("git:main").shown == "git:main"


def test_a_folder_is_fetched_with_what_lies_beside_the_manifest(
    server: Artifacts, kept: Cache
) -> None:
    server.files = {"/x/manifest.json": MANIFEST, "/x/run_results.json": b"{}"}
    directory = Path(fetched(f"{server.url}/x/", kept).directory)
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == {
        "manifest.json": MANIFEST,
        "run_results.json": b"{}",
    }


def test_what_is_current_is_not_fetched_again(server: Artifacts, kept: Cache) -> None:
    # D22
    server.files = {"/manifest.json": MANIFEST}
    first = fetched(server.url, kept)
    before = len(server.asked)
    assert fetched(server.url, kept) == first
    assert [path for path, _ in server.asked[before:]] == ["/manifest.json"]
    assert "If-None-Match" in server.asked[-1][1]
    server.files["/manifest.json"] = b"{}"
    assert fetched(server.url, kept).directory != first.directory


def test_equal_contents_are_kept_once(server: Artifacts, kept: Cache) -> None:
    server.files = {"/a.json": MANIFEST, "/b.json.gz": gzip.compress(MANIFEST)}
    urls = (f"{server.url}/a.json", f"{server.url}/b.json.gz")
    assert len({fetched(url, kept).directory for url in urls}) == 1


def test_the_last_copy_is_used_where_the_server_cannot_be_reached(kept: Cache) -> None:
    # D22
    with serving() as server:
        server.files = {"/manifest.json": MANIFEST}
        url = server.url
        first = fetched(url, kept, now=0.0)
    again = fetched(url, kept, now=3 * 3600.0)
    assert again.directory == first.directory
    (problem,) = again.problems
    assert (problem.code, problem.severity) == ("state-offline", "warning")
    assert "3 hours ago" in problem.message


@pytest.mark.parametrize("statuses", [[500], [503, 429]])
def test_a_server_in_trouble_is_asked_again(
    server: Artifacts, kept: Cache, statuses: list[int]
) -> None:
    server.files = {"/manifest.json": MANIFEST}
    server.statuses = statuses
    assert not fetched(server.url, kept).problems


@pytest.mark.parametrize(
    ("statuses", "asked", "code"),
    [
        ([500, 500, 500], 3, "state-unreachable"),
        ([403], 1, "state-unreachable"),
        ([404], 1, "state-not-found"),
    ],
)
def test_without_a_copy_it_is_an_error(
    server: Artifacts, kept: Cache, statuses: list[int], asked: int, code: str
) -> None:
    server.statuses = statuses
    assert refused(server.url, kept).code == code
    assert len(server.asked) == asked


def test_a_cut_answer_is_no_answer(server: Artifacts, kept: Cache) -> None:
    server.files = {"/manifest.json": MANIFEST}
    server.cut = 5
    assert refused(server.url, kept).code == "state-unreachable"


def test_credentials_are_sent_and_never_shown(
    server: Artifacts, kept: Cache, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login ada password net-secret\n")
    host = server.url.removeprefix("http://")
    for text, env, scheme in (
        (f"http://me:pass-secret@{host}", {}, "Basic"),
        (server.url, {"UPRIVER_STATE_TOKEN": "token-secret"}, "Bearer token-secret"),
        (server.url, {"HOME": str(tmp_path)}, "Basic"),
    ):
        problem = refused(text, kept, **env)
        assert server.asked[-1][1]["Authorization"].startswith(scheme)
        assert "secret" not in f"{problem.message}{problem.hint}"


def test_another_host_gets_no_credentials(server: Artifacts, kept: Cache) -> None:
    with serving() as other:
        other.files = {"/m.json": MANIFEST}
        server.moved = {"/manifest.json": f"{other.url}/m.json"}
        fetched(server.url, kept, UPRIVER_STATE_TOKEN="token-secret")  # noqa: S106
        assert "Authorization" in server.asked[0][1]
        assert "Authorization" not in other.asked[0][1]


def test_archives_are_told_by_content() -> None:
    packed = zipped(**{"prod/manifest.json": MANIFEST, "prod/x.sql": b"", "sources.json": b"{}"})
    assert unpack(packed, "manifest.json") == {"manifest.json": MANIFEST, "sources.json": b"{}"}
    assert unpack(gzip.compress(MANIFEST), "manifest.json") == {"manifest.json": MANIFEST}
    assert unpack(MANIFEST, "manifest.json") == {"manifest.json": MANIFEST}


def test_the_manifest_nearest_to_the_top_counts() -> None:
    packed = zipped(**{"a/b/manifest.json": b"deep", "a/manifest.json": MANIFEST})
    assert unpack(packed, "manifest.json") == {"manifest.json": MANIFEST}


@pytest.mark.parametrize("name", ["../manifest.json", "/etc/manifest.json", "..\\manifest.json"])
def test_no_member_can_be_put_anywhere_else(name: str) -> None:
    found = unpack(zipped(**{name: MANIFEST}), "manifest.json")
    assert isinstance(found, Problem) or set(found) == {"manifest.json"}


def test_a_small_archive_cannot_fill_the_memory() -> None:
    bomb = gzip.compress(bytes(10_000))
    assert ungzip(bomb, limit=1000) is None
    assert isinstance(unpack(bomb, "manifest.json", limit=1000), Problem)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", bytes(10_000))
    assert isinstance(unpack(buffer.getvalue(), "manifest.json", limit=1000), Problem)


@given(data=st.binary(max_size=200), start=st.sampled_from([b"", b"\x1f\x8b", b"PK\x03\x04"]))
def test_damaged_archives_are_a_problem(data: bytes, start: bytes) -> None:
    found = unpack(start + data, "manifest.json")
    assert isinstance(found, Problem | dict)
    assert isinstance(plain(start + data), bytes)


def test_the_cache_is_pruned_and_survives_damage(kept: Cache, tmp_path: Path) -> None:
    for number in range(cache.KEPT + 5):
        kept.keep(f"https://{number}", {"manifest.json": b"%d" % number}, None, float(number))
    objects = list((tmp_path / "state" / "objects").iterdir())
    assert len(objects) <= cache.KEPT + 1
    assert kept.find("https://0") is None
    newest = f"https://{cache.KEPT + 4}"
    assert kept.find(newest) is not None
    for file in (tmp_path / "state" / "addresses").iterdir():
        file.write_text("{")
    assert kept.find(newest) is None


def test_where_the_cache_is() -> None:
    assert cache_folder({"UPRIVER_CACHE_DIR": "/c"}) == Path("/c/state")
    assert cache_folder({"XDG_CACHE_HOME": "/x", "HOME": "/h"}) == Path("/x/upriver/state")
    assert cache_folder({"HOME": "/h"}) == Path("/h/.cache/upriver/state")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(5, "under a minute"), (60, "1 minute"), (7200, "2 hours"), (90000, "1 day")],
)
def test_age_in_words(seconds: float, words: str) -> None:
    assert spell_age(seconds) == words


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """An S3 server of this module's own."""
    pytest.importorskip("obstore")
    if shutil.which("moto_server", path=str(Path(sys.executable).parent)) is None:
        pytest.skip("moto's server is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                _put(f"{url}/states", b"")
                break
            except OSError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait()


def _put(url: str, data: bytes) -> None:
    request = urllib.request.Request(url, data=data, method="PUT")  # noqa: S310 - loopback
    request.add_header("Content-Type", "application/octet-stream")
    request.add_header("Authorization", "AWS4-HMAC-SHA256 Credential=x/20240101/us-east-1/s3/aws")
    urllib.request.urlopen(request, timeout=5).close()  # noqa: S310 - loopback


def test_an_object_store_is_read_and_revalidated(
    s3: str, kept: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {
        "AWS_ENDPOINT_URL": s3,
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "object-secret",
        "AWS_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    _put(f"{s3}/states/prod/manifest.json", MANIFEST)
    first = fetched("s3://states/prod", kept)
    assert (Path(first.directory) / "manifest.json").read_bytes() == MANIFEST
    assert fetched("s3://states/prod", kept) == first
    _put(f"{s3}/states/prod/manifest.json", b"{}")
    assert fetched("s3://states/prod", kept).directory != first.directory
    assert refused("s3://states/nowhere", kept).code == "state-not-found"
