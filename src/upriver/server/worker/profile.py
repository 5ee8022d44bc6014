"""The profile of a run, made of an environment's connection (ENV-06, ENV-07)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """How a run reaches its warehouse."""

    name: str
    profile: str
    """The `profile` that the project names."""
    target: str
    output: Mapping[str, Any]
    """The target's keys: type, host, user, password and so on."""


def write_profile(
    connection: Connection, folder: Path, *, schema: str | None, threads: int | None
) -> None:
    """Write `profiles.yml` for nobody else to read; a run's own schema and threads win."""
    output = dict(connection.output)
    if schema is not None:
        output["schema"] = schema
    if threads is not None:
        output["threads"] = threads
    content = {
        connection.profile: {"target": connection.target, "outputs": {connection.target: output}}
    }
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / "profiles.yml", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        yaml.safe_dump(content, file, sort_keys=False)
