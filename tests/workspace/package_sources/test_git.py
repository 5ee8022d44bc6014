"""Repositories: tags, branches, commits, subdirectories, transports, credentials (PROJ-49)."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from tests.workspace.package_server import git, repository
from tests.workspace.package_sources.fetching import setting_in

from upriver.problems import Interrupted
from upriver.workspace.package_sources.git import Repository
from upriver.workspace.package_sources.setting import SourceError
from upriver.workspace.secrets import placeholder


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    root = repository(tmp_path / "origin", {"a.sql": "1"}, {"a.sql": "2", "sub/b.sql": "3"})
    git(root, "checkout", "-q", "-b", "side", "v1")
    (root / "c.sql").write_text("4")
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "on the side")
    git(root, "checkout", "-q", "main")
    return root


@pytest.mark.parametrize(
    ("revision", "same_as"),
    [("v1", "v1"), (None, "main"), ("main", "v2"), ("side", "side"), ("refs/tags/v1", "v1")],
)
def test_revisions(tmp_path: Path, origin: Path, revision: str | None, same_as: str) -> None:
    commit = Repository(f"file://{origin}", setting_in(tmp_path)).resolve(revision)
    assert commit == git(origin, "rev-parse", same_as)


@pytest.mark.parametrize("length", [40, 8])
def test_commits_that_no_branch_ends_at(tmp_path: Path, origin: Path, length: int) -> None:
    commit = git(origin, "rev-parse", "v1")
    assert Repository(str(origin), setting_in(tmp_path)).resolve(commit[:length]) == commit


def test_files_without_history(tmp_path: Path, origin: Path) -> None:
    found = Repository(f"file://{origin}", setting_in(tmp_path))
    root = found.check_out(found.resolve("v1"), None, tmp_path / "out")
    assert sorted(p.name for p in root.iterdir()) == ["a.sql", "dbt_project.yml"]
    inner = found.check_out(found.resolve("v2"), "sub", tmp_path / "out2")
    assert [p.name for p in inner.iterdir()] == ["b.sql"]


def test_a_tag_that_moves_is_followed_and_a_commit_needs_no_network(
    tmp_path: Path, origin: Path
) -> None:
    setting = setting_in(tmp_path)
    old = Repository(str(origin), setting).resolve("v1")
    git(origin, "tag", "-f", "v1", "v2")
    assert Repository(str(origin), setting).resolve("v1") == git(origin, "rev-parse", "v2")
    origin.rename(tmp_path / "gone")
    again = Repository(str(origin), setting)
    assert again.resolve(old) == old
    assert (again.check_out(old, None, tmp_path / "out") / "a.sql").read_text() == "1"


@pytest.mark.parametrize(
    ("revision", "subdirectory", "code"),
    [
        ("nothing", None, "package-revision-not-found"),
        ("abcdef12", None, "package-revision-not-found"),
        ("v1", "sub", "package-subdirectory-missing"),
    ],
)
def test_what_is_not_there(
    tmp_path: Path, origin: Path, revision: str, subdirectory: str | None, code: str
) -> None:
    found = Repository(f"file://{origin}", setting_in(tmp_path))
    with pytest.raises(SourceError) as caught:
        found.check_out(found.resolve(revision), subdirectory, tmp_path / "out")
    assert caught.value.code == code


def test_no_repository_and_no_git(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as caught:
        Repository(f"file://{tmp_path}/none", setting_in(tmp_path)).resolve("v1")
    assert caught.value.code == "package-repository-unreachable"
    with pytest.raises(SourceError) as caught:
        Repository("x", setting_in(tmp_path, env={"PATH": str(tmp_path)})).resolve("v1")
    assert caught.value.code == "package-git-missing"


class _Backend(BaseHTTPRequestHandler):
    """git's own web server, behind a password."""

    backend: str
    folder: Path

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        if self.headers.get("Authorization") is None:
            self.send_response(401)
            self.send_header("WWW-Authenticate", "Basic")
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        env = {
            "GIT_PROJECT_ROOT": str(self.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "HOME": str(self.folder),
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        done = subprocess.run([self.backend], input=body, env=env, capture_output=True, check=True)
        head, _, answer = done.stdout.partition(b"\r\n\r\n")
        lines = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self.send_response(int(lines.pop("Status", "200").split()[0]))
        for name, value in lines.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    def do_POST(self) -> None:
        self.do_GET()


@pytest.fixture
def web(origin: Path) -> Iterator[str]:
    where = subprocess.run(["git", "--exec-path"], capture_output=True, text=True, check=True)
    _Backend.backend = f"{where.stdout.strip()}/git-http-backend"
    _Backend.folder = origin.parent
    if not Path(_Backend.backend).exists():
        pytest.skip("git has no web server here")
    git(origin.parent, "config", "--global", "safe.directory", "*")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Backend)
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"127.0.0.1:{server.server_port}/origin/.git"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_token_opens_a_private_repository_and_is_kept_nowhere(
    tmp_path: Path, origin: Path, web: str
) -> None:
    setting = setting_in(tmp_path, env={"DBT_ENV_SECRET_TOKEN": "s3cret"})
    address = f"http://x:{placeholder('DBT_ENV_SECRET_TOKEN')}@{web}"
    commit = Repository(address, setting).resolve("v1")
    assert commit == git(origin, "rev-parse", "v1")
    kept = [path.read_bytes() for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert kept
    assert not any(b"s3cret" in data for data in kept)


def test_a_closed_door_is_explained(tmp_path: Path, web: str) -> None:
    with pytest.raises(SourceError) as caught:
        Repository(f"http://{web}", setting_in(tmp_path)).resolve("v1")
    assert caught.value.code == "package-repository-unreachable"
    assert "DBT_ENV_SECRET_TOKEN" in (caught.value.hint or "")


def test_secrets_are_in_no_message(tmp_path: Path) -> None:
    setting = setting_in(tmp_path, env={"DBT_ENV_SECRET_TOKEN": "s3cret"})
    address = f"http://x:{placeholder('DBT_ENV_SECRET_TOKEN')}@127.0.0.1:1/a.git?token=other"
    with pytest.raises(SourceError) as caught:
        Repository(address, setting).resolve("v1")
    assert "s3cret" not in caught.value.message + str(caught.value.hint)
    assert "other" not in caught.value.message


def test_ssh_is_gits_own(tmp_path: Path) -> None:
    """What is run for an address of ssh is what git runs, with its settings."""
    shell = tmp_path / "ssh"
    shell.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\necho "Host key verification '
                     'failed." >&2\nexit 255\n')  # fmt: skip
    shell.chmod(0o755)
    setting = setting_in(tmp_path, env={"GIT_SSH_COMMAND": str(shell)})
    with pytest.raises(SourceError) as caught:
        Repository("git@example.invalid:org/a.git", setting).resolve("v1")
    assert "git@example.invalid" in (tmp_path / "asked").read_text()
    assert "accept the host's key" in (caught.value.hint or "")


def test_an_address_runs_nothing(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        Repository(f"ext::sh -c touch% {tmp_path}/evil", setting_in(tmp_path)).resolve("v1")
    assert not (tmp_path / "evil").exists()


def test_the_users_own_configuration_of_git_counts(tmp_path: Path, origin: Path) -> None:
    env = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{origin}.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://example.invalid/a",
    }
    found = Repository("https://example.invalid/a", setting_in(tmp_path, env=env))
    assert found.resolve("v1") == git(origin, "rev-parse", "v1")


def test_a_wish_to_stop_ends_git(tmp_path: Path) -> None:
    shell = tmp_path / "ssh"
    shell.write_text("#!/bin/sh\nexec sleep 20\n")
    shell.chmod(0o755)
    env = {"GIT_SSH_COMMAND": str(shell)}
    setting = setting_in(tmp_path, env=env, is_stopped=lambda: True)
    with pytest.raises(Interrupted):
        Repository("git@example.invalid:a.git", setting).resolve("v1")
