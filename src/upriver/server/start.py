"""`upriver serve` and `upriver worker`: the way to the server, an optional part of upriver."""

from __future__ import annotations

from upriver.problems import Problem, ProblemsError
from upriver.project.events import ProblemFound
from upriver.project.opened import Caller
from upriver.project.outcome import ExitCode, Outcome
from upriver.project.requests import Serve, WorkerOnly

_PARTS = frozenset(
    {
        "fastapi",
        "starlette",
        "uvicorn",
        "sqlalchemy",
        "alembic",
        "argon2",
        "anyio",
        "httpx",
        "cronsim",
        "psutil",
        "cryptography",
    }
)


def start(request: Serve | WorkerOnly, caller: Caller) -> Outcome:
    """Serve, or work, until asked to stop; what stands in the way is an outcome, never an exception."""
    problems: tuple[Problem, ...]
    try:
        # An optional extra, and heavy: loaded only to serve.
        from upriver.server.serve import serve, work

        if isinstance(request, WorkerOnly):
            return work(request, caller)
        return serve(request, caller)
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in _PARTS:
            raise
        problems = (_not_installed(error),)
    except ProblemsError as error:
        problems = error.problems
    for problem in problems:
        caller.listener(ProblemFound(problem=problem))
    return Outcome(exit_code=ExitCode.ERROR, problems=problems)


def _not_installed(error: ImportError) -> Problem:
    return Problem(
        code="server-not-installed",
        message=f"The server is not installed: there is no `{error.name}`",
        hint="pip install 'upriver[server]'",
    )
