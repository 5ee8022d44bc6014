"""`upriver serve` as a process of its own on a free port of the loopback, stopped afterwards."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec

_STARTED = re.compile(r"serves at (\S+)")
_TOKEN = re.compile(r"Token of the administrator: (\S+)")
_PASSWORD = re.compile(r"as `(\S+)` with the password (\S+)")
_PROJECT = re.compile(r"Project `.*`: account (\d+), project (\d+), environments (.+)")
_PATIENCE = 60
_TIMELESS = {"UPRIVER_SERVER_LIMIT_RETENTION_DAYS": "36500"}
"""Dates in tests stay, and get older."""


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """A server that answers."""

    url: str
    token: str
    """Of the administrator; empty at a second start on the same data."""
    user: str
    password: str
    data: Path
    process_id: int
    account_id: int = 1
    project_id: int | None = None
    environments: Mapping[str, int] = {}
    """By name, of the project that was asked for."""
    ca: str | None = None
    options: tuple[str, ...] = ()
    """What it was started with."""

    def client(self, token: str | None = None) -> httpx.Client:
        """Return a client that sends a token, the administrator's if not told otherwise."""
        words = self.token if token is None else token
        headers = {"Authorization": f"Bearer {words}"} if words else {}
        verify: Any = True if self.ca is None else _trusting(self.ca)
        return httpx.Client(base_url=self.url, headers=headers, timeout=60, verify=verify)


def _trusting(ca: str) -> Any:
    import ssl

    return ssl.create_default_context(cafile=ca)


@contextmanager
def running_serve(
    data: Path,
    *,
    options: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    project: str | None = "shop",
    ca: str | None = None,
) -> Iterator[Served]:
    """Start the server and wait until it says where it is."""
    words = [
        sys.executable,
        "-m",
        "upriver",
        "serve",
        "--port",
        "0",
        "--data",
        str(data),
        *options,
    ]
    if project is not None:
        words += ["--project", project]
    log = data.parent / f"{data.name}.log"
    # A file, not a pipe: nobody reads along while the tests go on.
    with log.open("wb") as output:
        process = subprocess.Popen(
            words, stdout=output, stderr=subprocess.STDOUT, cwd=data.parent,
            env={**os.environ, **_TIMELESS, **(env or {})},
        )  # fmt: skip
    try:
        served = _introduced(process, log, data, ca)
        yield msgspec.structs.replace(served, options=tuple(options))
    finally:
        _stop(process)


def _introduced(process: subprocess.Popen[bytes], log: Path, data: Path, ca: str | None) -> Served:
    until = time.monotonic() + _PATIENCE
    while "Press Ctrl+C" not in (text := log.read_text("utf-8", "replace")):
        if process.poll() is not None or time.monotonic() > until:
            raise AssertionError(f"the server did not start:\n{text}")
        time.sleep(0.05)
    token, password, ready = (p.search(text) for p in (_TOKEN, _PASSWORD, _PROJECT))
    found = _STARTED.search(text)
    assert found is not None
    named = [part.rpartition(" ") for part in ready[3].split(", ")] if ready else []
    return Served(
        url=found[1],
        token=token[1] if token else "",
        user=password[1] if password else "",
        password=password[2] if password else "",
        data=data,
        process_id=process.pid,
        account_id=int(ready[1]) if ready else 1,
        project_id=int(ready[2]) if ready else None,
        environments={name: int(number) for name, _, number in named},
        ca=ca,
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Return an archive of files."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def manifest(
    *names: str,
    schema: str = "prod",
    generated_at: str = "2026-01-01T00:00:00Z",
    env: Mapping[str, str] | None = None,
    version: int = 12,
) -> bytes:
    """Return a manifest of a project `shop` with models of these names."""
    nodes = {
        f"model.shop.{name}": {
            "unique_id": f"model.shop.{name}",
            "resource_type": "model",
            "name": name,
            "package_name": "shop",
            "database": "db",
            "schema": schema,
            "alias": name,
            "relation_name": f'"db"."{schema}"."{name}"',
            "config": {"enabled": True, "materialized": "table", "tags": ["x"]},
            "checksum": {"name": "sha256", "checksum": f"sum-{name}"},
            "raw_code": "select 1 as id",
        }
        for name in names
    }
    return msgspec.json.encode(
        {
            "metadata": {
                "dbt_schema_version": f"https://schemas.getdbt.com/dbt/manifest/v{version}.json",
                "dbt_version": "1.11.16",
                "generated_at": generated_at,
                "invocation_id": "an-invocation",
                "project_name": "shop",
                "adapter_type": "duckdb",
                "env": dict(env or {}),
            },
            "nodes": nodes,
            "macros": {},
        }
    )


def run_results(
    *names: str,
    which: str = "build",
    generated_at: str = "2026-01-01T00:00:00Z",
    failed: Sequence[str] = (),
    args: Mapping[str, Any] | None = None,
) -> bytes:
    """Return run results in which models of these names were built."""
    return msgspec.json.encode(
        {
            "metadata": {"generated_at": generated_at, "invocation_id": "an-invocation"},
            "results": [
                {
                    "unique_id": f"model.shop.{name}",
                    "status": "error" if name in failed else "success",
                    "timing": [{"name": "execute", "completed_at": generated_at}],
                }
                for name in (*names, *failed)
            ],
            "args": {"which": which, "invocation_command": f"dbt {which}", **(args or {})},
        }
    )


def upload(
    client: httpx.Client,
    account_id: int,
    environment_id: int,
    files: Mapping[str, bytes] | bytes,
) -> httpx.Response:
    """Upload artifacts in the three steps of the protocol; return the answer to the last one."""
    base = f"/api/private/accounts/{account_id}/environments/{environment_id}/ingests/"
    announced = client.post(base)
    assert announced.status_code == 200, announced.text
    data = announced.json()["data"]
    body = files if isinstance(files, bytes) else zipped(files)
    sent = client.put(data["upload_url"], content=body, headers={"Authorization": ""})
    if sent.status_code != 200:
        return sent
    return client.patch(f"{base}{data['id']}/", json={"upload_status": "SUCCESS"})
