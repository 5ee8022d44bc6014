"""A PostgreSQL server of the tests' own: made in a temporary directory, stopped afterwards.

PostgreSQL refuses to run as root; there the server runs as an unprivileged user of the system.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

_UNPRIVILEGED = ("postgres", "nobody")
_ATTEMPTS = 3


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """Where the server listens, and who may connect."""

    host: str
    port: int
    user: str
    password: str
    database: str
    version: int
    folder: Path
    """Where its data and its log lie."""

    def output(self, **overrides: Any) -> dict[str, Any]:
        """Return an output of `profiles.yml` that connects to the server."""
        return {
            "type": "postgres",
            "host": self.host,
            "port": self.port,
            "user": self.user,
            "password": self.password,
            "dbname": self.database,
            "schema": "public",
            **overrides,
        }


class ServerUnavailable(Exception):  # noqa: N818 - a reason to skip rather than an error
    """No server can be started here; the message says why."""


def find_binaries() -> Path | None:
    """Return the newest directory with `initdb` and `pg_ctl`: the system's, PATH's, a wheel's."""
    site = Path(sysconfig.get_paths()["purelib"])
    found = [
        *sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_major, reverse=True),
        *(Path(on_path).resolve().parent for on_path in [shutil.which("initdb")] if on_path),
        *site.glob("p*gserver/pginstall/bin"),
    ]
    return next((folder for folder in found if (folder / "pg_ctl").exists()), None)


@contextmanager
def running_server(*, is_durable: bool = False) -> Iterator[Server]:
    """Start a server on a free port of the loopback; raises ServerUnavailable with a reason.

    A durable one keeps what it has committed when it is stopped like a machine that fails.
    """
    binaries = find_binaries()
    if binaries is None:
        raise ServerUnavailable("no PostgreSQL binaries (initdb, pg_ctl) were found")
    account = _account()
    folder = Path(tempfile.mkdtemp(prefix="upriver-pg-", dir="/tmp"))
    try:
        if account is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
        data = folder / "data"
        password_file = folder / "password"
        password_file.write_text("s3cr3t-word")
        password_file.chmod(0o644)
        _run(
            [
                binaries / "initdb", "-D", data, "-U", "tester", "-A", "scram-sha-256",
                "--pwfile", password_file, "-E", "UTF8", "--no-locale", "--no-sync",
            ],
            account,
        )  # fmt: skip
        port = _start(binaries, data, folder, account, is_durable=is_durable)
        try:
            yield Server(
                host="127.0.0.1", port=port, user="tester", password="s3cr3t-word",  # noqa: S106
                database="postgres", version=_data_version(data), folder=folder,
            )  # fmt: skip
        finally:
            _run([binaries / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"], account)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def stop(server: Server, mode: str) -> None:
    """Stop a server: `fast` ends transactions, `immediate` is a crash."""
    _control(server, "-m", mode, "stop")


def start_again(server: Server) -> None:
    """Start a stopped server where it was."""
    options = (server.folder / "options").read_text()
    _control(server, "-l", server.folder / "log", "-o", options, "start")


def _control(server: Server, *words: object) -> None:
    binaries = find_binaries()
    assert binaries is not None
    _run([binaries / "pg_ctl", "-D", server.folder / "data", "-w", *words], _account())


def _start(
    binaries: Path,
    data: Path,
    folder: Path,
    account: pwd.struct_passwd | None,
    *,
    is_durable: bool,
) -> int:
    # A port that was free may be taken by the time the server binds it.
    for _ in range(_ATTEMPTS):
        port = _free_port()
        options = (
            f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off "
            f"-c synchronous_commit={'on' if is_durable else 'off'} -c full_page_writes=off "
            f"-c max_connections=60"
        )
        command = [
            binaries / "pg_ctl", "-D", data, "-l", folder / "log", "-o", options, "-w", "start",
        ]  # fmt: skip
        try:
            _run(command, account)
        except ServerUnavailable:
            continue
        (folder / "options").write_text(options)
        return port
    log = (folder / "log").read_text() if (folder / "log").exists() else ""
    raise ServerUnavailable(f"PostgreSQL did not start: {log[-500:]}")


def _run(command: list[Any], account: pwd.struct_passwd | None) -> None:
    # The server inherits open files, so its output goes to a file, never to a pipe of ours.
    environment: Mapping[str, str] = {
        key: value for key, value in os.environ.items() if not key.startswith("PG")
    }
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            [str(word) for word in command],
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
            cwd="/tmp",  # noqa: S108 - a directory every account may enter
            env=dict(environment),
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
        )
        if done.returncode != 0:
            output.seek(0)
            text = output.read().decode(errors="replace")
            raise ServerUnavailable(f"`{Path(command[0]).name}` failed: {text[-500:]}")


def _account() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    for name in _UNPRIVILEGED:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ServerUnavailable("running as root, and there is no unprivileged account to use")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _major(folder: Path) -> int:
    return int(folder.parent.name) if folder.parent.name.isdecimal() else 0


def _data_version(data: Path) -> int:
    return int((data / "PG_VERSION").read_text().strip())
