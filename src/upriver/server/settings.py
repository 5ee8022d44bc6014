"""How the server is set up: options over `UPRIVER_SERVER_*` variables over what needs no setting."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path

import msgspec

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8580
MEBIBYTE = 1 << 20


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one request may cost. Sizes are in bytes."""

    upload: int = 512 * MEBIBYTE
    """Of a compressed upload (S-08)."""
    unpacked: int = 2048 * MEBIBYTE
    """Of all its members together."""
    ratio: int = 200
    """How many times larger than the upload its members may be, beyond 16 MiB."""
    members: int = 64
    account: int = 50 * 1024 * MEBIBYTE
    """Stored by one account (S-10)."""
    retention_days: int = 365
    """How long files of runs are kept, but for those of an environment's state."""
    orphan_hours: int = 24
    """How old an object is at least that is deleted because no row names it; not less than one."""
    body: int = MEBIBYTE
    """Of a JSON body (S-25)."""
    unpack_memory: int = 1536 * MEBIBYTE
    """Of the process that unpacks an upload, files it looks at not counted."""
    unpack_seconds: int = 300
    requests_per_minute: int = 3000
    """Of one token or user (S-23)."""
    sign_ins_per_minute: int = 10
    """Of one address, and for one user."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """One server process."""

    data: Path
    """Directory of the database, the objects and the key, as far as these are not elsewhere."""
    host: str = DEFAULT_HOST
    port: int = DEFAULT_PORT
    database: str
    objects: str
    public_url: str | None = None
    """How others reach the server; None: as the request came."""
    tls_cert: str | None = None
    tls_key: str | None = None
    trusted_proxies: str = ""
    """Addresses whose `X-Forwarded-*` headers are believed (S-32)."""
    key: bytes
    """Signs addresses and encrypts secrets; outside the database."""
    old_keys: tuple[bytes, ...] = ()
    """Keys before this one: secrets that they sealed are sealed anew at the next start."""
    runs: int = 2
    """Runs that this process carries out at once."""
    slots: int = 5
    """Runs of an account at once, on all workers together; those of CI are not counted."""
    run_memory: int = 0
    """Bytes that one invocation may use; 0: as many as there are."""
    patience: int = 60
    """Seconds of silence after which a run's worker counts as lost."""
    outgoing: tuple[str, ...] = ()
    """Networks inside that webhooks may reach, such as `10.0.0.0/8`."""
    limits: Limits = Limits()

    @property
    def is_encrypted(self) -> bool:
        """Whether the server itself speaks TLS."""
        return self.tls_cert is not None

    @property
    def scratch(self) -> Path:
        """Where files lie that are not yet, or not any more, anybody's."""
        return self.data / "scratch"


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What was given on the command line."""

    data: str | None = None
    host: str | None = None
    port: int | None = None
    database: str | None = None
    objects: str | None = None
    public_url: str | None = None
    tls_cert: str | None = None
    tls_key: str | None = None
    runs: int | None = None


def settings_of(given: Given, env: Mapping[str, str], cwd: str) -> Settings:
    """Make the settings; creates the data directory and the key when they are not there."""

    def value(option: str | None, name: str) -> str | None:
        return option if option is not None else env.get(f"UPRIVER_SERVER_{name}") or None

    data = Path(cwd, value(given.data, "DATA") or _default_data(env))
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    (data / "scratch").mkdir(exist_ok=True, mode=0o700)
    port = value(None if given.port is None else str(given.port), "PORT")
    return Settings(
        data=data,
        host=value(given.host, "HOST") or DEFAULT_HOST,
        port=DEFAULT_PORT if port is None else int(port),
        database=value(given.database, "DATABASE") or f"sqlite:///{data / 'server.db'}",
        objects=value(given.objects, "OBJECTS") or str(data / "objects"),
        public_url=(value(given.public_url, "PUBLIC_URL") or "").rstrip("/") or None,
        tls_cert=value(given.tls_cert, "TLS_CERT"),
        tls_key=value(given.tls_key, "TLS_KEY"),
        trusted_proxies=value(None, "TRUSTED_PROXIES") or "",
        key=_key(env, data),
        old_keys=tuple(bytes.fromhex(key) for key in _words(value(None, "OLD_KEYS"))),
        runs=_number(value(None if given.runs is None else str(given.runs), "RUNS"), 2),
        slots=_number(value(None, "SLOTS"), 5),
        patience=_number(value(None, "PATIENCE"), 60),
        run_memory=_number(value(None, "RUN_MEMORY"), 0) * MEBIBYTE,
        outgoing=tuple(str(ip_network(one)) for one in _words(value(None, "OUTGOING"))),
        limits=_limits(env),
    )


def _words(text: str | None) -> list[str]:
    return (text or "").replace(",", " ").split()


def _number(text: str | None, default: int) -> int:
    number = default if text is None else int(text)
    if number < 0:
        raise ValueError(f"{number} is below 0")
    return number


def _limits(env: Mapping[str, str]) -> Limits:
    """Read `UPRIVER_SERVER_LIMIT_<NAME>` for each limit."""
    given = {
        name: int(env[variable])
        for name in Limits.__struct_fields__
        if (variable := f"UPRIVER_SERVER_LIMIT_{name.upper()}") in env
    }
    return Limits(**given)


def _default_data(env: Mapping[str, str]) -> str:
    home = env.get("HOME") or str(Path.home())
    return str(Path(env.get("XDG_DATA_HOME") or Path(home, ".local", "share")) / "upriver-server")


def _key(env: Mapping[str, str], data: Path) -> bytes:
    """Return the key of `UPRIVER_SERVER_KEY`, or of a file that only this user can read."""
    if env.get("UPRIVER_SERVER_KEY"):
        return bytes.fromhex(env["UPRIVER_SERVER_KEY"])
    path = data / "key"
    if not path.exists():
        beside = data / f".key-{secrets.token_hex(8)}"
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
        # Of several servers that start at once, one writes the key and all read it.
        with contextlib.suppress(FileExistsError):
            os.link(beside, path)
        beside.unlink()
    return bytes.fromhex(path.read_text("ascii"))
