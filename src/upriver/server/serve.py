"""`upriver serve`: open the database, bring it up to date, listen, until somebody asks to stop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import shutil
import socket
import ssl
import time
from collections.abc import Iterator

import uvicorn
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from upriver import __version__
from upriver.problems import Problem, ProblemsError
from upriver.project.events import Listener, Said
from upriver.project.opened import Caller
from upriver.project.outcome import Outcome
from upriver.project.requests import Serve, WorkerOnly
from upriver.run.stop import Stop
from upriver.server.app import make_app, make_installation
from upriver.server.db.migrate import upgrade
from upriver.server.first_start import begin, ensure_project
from upriver.server.installation import Installation
from upriver.server.settings import Given, Settings, settings_of
from upriver.server.upkeep.housekeeping import clean_up, keeping_house
from upriver.server.worker.begin import working

_LOOK_AGAIN = 0.2
_DRAIN_SECONDS = 10
_BACKLOG = 512
_KEEP_ALIVE_SECONDS = 30
_LEFT_LYING = 24 * 3600.0


def serve(request: Serve, caller: Caller) -> Outcome:
    """Serve until the caller's stop is requested."""
    # The command line turns the collector off for short processes; this one lives long.
    gc.enable()
    settings = _settings(request, caller)
    installation = _open(settings)
    if request.clean_up:
        return _clean_up(installation, caller)
    try:
        listener = _listening(settings)
        address = _address(settings, listener)
        _introduce(installation, caller.listener, address, request.project)
        _log_to_stderr()
        server = _Server(_config(installation), caller.stop)
        with keeping_house(installation), working(installation, caller.env):
            server.run(sockets=[listener])
    finally:
        installation.database.close()
    return Outcome()


def _clean_up(installation: Installation, caller: Caller) -> Outcome:
    """Do once what a server does every hour; others may serve meanwhile."""
    try:
        swept = clean_up(installation)
    except OSError as error:
        place = installation.settings.objects
        raise ProblemsError((_unreachable("object store", place, error),)) from error
    finally:
        installation.database.close()
    caller.listener(
        Said(text=f"Deleted {swept.deleted} objects that nothing names, of {swept.looked_at}")
    )
    return Outcome()


def work(request: WorkerOnly, caller: Caller) -> Outcome:
    """Carry out runs until the caller's stop is requested."""
    gc.enable()
    given = Given(
        data=request.data, database=request.database, objects=request.objects, runs=request.runs
    )
    installation = _open(_read(given, caller))
    _log_to_stderr()
    try:
        with working(installation, caller.env) as worker:
            if worker is None:
                raise ProblemsError((_wrong_setting("a worker with --runs 0 would do nothing"),))
            name, many = worker.name, installation.settings.runs
            caller.listener(Said(text=f"Worker {name} carries out runs, {many} at once"))
            caller.listener(Said(text="Press Ctrl+C to stop."))
            while not caller.stop.is_requested:
                time.sleep(_LOOK_AGAIN)
    finally:
        installation.database.close()
    return Outcome()


def _settings(request: Serve, caller: Caller) -> Settings:
    given = Given(
        data=request.data,
        host=request.host,
        port=request.port,
        database=request.database,
        objects=request.objects,
        public_url=request.public_url,
        tls_cert=request.tls_cert,
        tls_key=request.tls_key,
        runs=request.runs,
    )
    settings = _read(given, caller)
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise ProblemsError((_wrong_setting("--tls-cert and --tls-key go together"),))
    if settings.tls_cert is not None:
        try:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(settings.tls_cert, settings.tls_key)
        except (OSError, ssl.SSLError) as error:
            raise ProblemsError((_wrong_setting(f"certificate or key: {error}"),)) from error
    return settings


def _read(given: Given, caller: Caller) -> Settings:
    try:
        return settings_of(given, caller.env, caller.cwd)
    except ValueError as error:
        raise ProblemsError((_wrong_setting(str(error)),)) from error
    except OSError as error:
        problem = _unreachable("directory", str(error.filename or caller.cwd), error)
        raise ProblemsError((problem,)) from error


def _open(settings: Settings) -> Installation:
    try:
        installation = make_installation(settings)
        installation.store.check()
    except ImportError as error:
        raise ProblemsError((_object_library(),)) from error
    except ArgumentError as error:
        raise ProblemsError((_wrong_setting(f"database: {error}"),)) from error
    except OSError as error:
        raise ProblemsError((_unreachable("object store", settings.objects, error),)) from error
    _tidy(settings)
    try:
        upgrade(installation.database)
    except SQLAlchemyError as error:
        shown = installation.database.engine.url.render_as_string(hide_password=True)
        reason = Exception(str(getattr(error, "orig", error)).partition("\n")[0])
        raise ProblemsError((_unreachable("database", shown, reason),)) from error
    return installation


def _tidy(settings: Settings) -> None:
    """Remove what a server that was killed left lying about; others may be at work here now."""
    before = time.time() - _LEFT_LYING
    for path in settings.scratch.iterdir():
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < before:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def _listening(settings: Settings) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        listener = socket.socket(family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
        listener.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        raise ProblemsError((_port_taken(settings, error),)) from error
    return listener


def _address(settings: Settings, listener: socket.socket) -> str:
    if settings.public_url is not None:
        return settings.public_url
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    scheme = "https" if settings.is_encrypted else "http"
    return f"{scheme}://{host}:{listener.getsockname()[1]}"


def _introduce(
    installation: Installation, tell: Listener, address: str, project: str | None
) -> None:
    """Say where the server is, and once, how to sign in."""
    words = begin(installation.database)
    tell(Said(text=f"upriver {__version__} serves at {address}"))
    tell(Said(text=f"Data: {installation.settings.data}"))
    if words is not None:
        tell(
            Said(text=f"Sign in at {address} as `{words.user}` with the password {words.password}")
        )
        tell(Said(text=f"Token of the administrator: {words.token}"))
        tell(Said(text="Password and token are not shown again."))
    if project is not None:
        ready = ensure_project(installation.database, project)
        named = ", ".join(f"{name} {number}" for number, name in ready.environments)
        tell(
            Said(
                text=f"Project `{project}`: account {ready.account_id},"
                f" project {ready.project_id}, environments {named}"
            )
        )
    if not installation.settings.is_encrypted and installation.settings.host not in _LOCAL:
        tell(Said(text="Tokens and passwords travel unencrypted: use --tls-cert and --tls-key"
                       " here, or a proxy that speaks TLS in front."))  # fmt: skip
    tell(Said(text="Press Ctrl+C to stop."))


_LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})


def _config(installation: Installation) -> uvicorn.Config:
    settings = installation.settings
    return uvicorn.Config(
        make_app(installation),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies or None,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
        lifespan="off",
    )


class _Server(uvicorn.Server):
    """Ends when the stop is requested; signals are the command line's."""

    def __init__(self, config: uvicorn.Config, stop: Stop) -> None:
        super().__init__(config)
        self._stop = stop

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve, and watch the stop meanwhile."""
        watch = asyncio.create_task(self._watch())
        try:
            await super().serve(sockets)
        finally:
            watch.cancel()

    async def _watch(self) -> None:
        while not self._stop.is_requested:  # noqa: ASYNC110 - set by a signal, outside the loop
            await asyncio.sleep(_LOOK_AGAIN)
        self.should_exit = True


def _log_to_stderr() -> None:
    """One line of JSON per request, and whatever goes wrong, on the standard error."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger("upriver.server.access").setLevel(logging.INFO)


def _wrong_setting(what: str) -> Problem:
    return Problem(
        code="server-setting",
        message=f"The server cannot be set up: {what}",
        hint="`upriver serve --help` lists the options; `docs/server.md` the variables",
    )


def _object_library() -> Problem:
    return Problem(
        code="server-setting",
        message="Objects cannot be kept in S3: the library for it is not installed",
        hint="pip install 'upriver[objects]'",
    )


def _unreachable(what: str, where: str, error: Exception) -> Problem:
    return Problem(
        code="server-unreachable",
        message=f"The {what} `{where}` cannot be used: {error}",
        hint="Check the address, the credentials, and that it runs",
    )


def _port_taken(settings: Settings, error: Exception) -> Problem:
    return Problem(
        code="server-port-taken",
        message=f"Cannot listen on {settings.host}:{settings.port}: {error}",
        hint="`--port` names another port; 0 takes a free one",
    )
