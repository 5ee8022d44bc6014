"""Answers to everything that goes wrong; they tell nothing of the inside (S-27)."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from sqlalchemy.exc import DataError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from upriver.server.api.envelope import refused
from upriver.server.refusals import UNPROCESSABLE, Refused
from upriver.server.room import NO_ROOM, is_no_room
from upriver.server.store.contract import StoreAwayError
from upriver.server.web.rendering import page
from upriver.server.web.visiting import SignInNeeded

_BROKEN = 500
_UNAVAILABLE = 503
_FOR_PROGRAMS = ("/api/", "/health/", "/metrics")
"""Beginnings of paths that are not pages."""


def answer_mistakes(app: FastAPI) -> None:
    """Say how each kind of mistake is answered."""
    app.add_exception_handler(Refused, _on_refusal)
    app.add_exception_handler(SignInNeeded, _on_stranger)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_shape)
    app.add_exception_handler(OSError, _on_system)
    app.add_exception_handler(DBAPIError, _on_database)
    app.add_exception_handler(PoolTimeoutError, _on_database)
    app.add_exception_handler(Exception, _on_mistake)


def _answer(request: Request, error: Refused) -> Response:
    """Answer a refusal: programs in the envelope, people with a page."""
    if request.url.path.startswith(_FOR_PROGRAMS):
        return refused(request, error)
    answer = page(request, "refused", None, status=error.status, code=error.status,
                  message=error.message)  # fmt: skip
    answer.headers.update(error.headers)
    return answer


def _on_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # noqa: S101 - registered for it
    return _answer(request, error)


def _on_stranger(_request: Request, _error: Exception) -> Response:
    return RedirectResponse("/sign-in", status_code=303)


def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
    headers = dict(error.headers or {})
    return _answer(request, Refused(error.status_code, f"{error.detail}.", headers=headers))


def _on_shape(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return _answer(request, Refused(UNPROCESSABLE, f"`{where}`: {first['msg']}."))


def _on_system(request: Request, error: Exception) -> Response:
    if is_no_room(error):
        message = "There is no room left: nothing was kept, and it can be sent again later."
        return _answer(request, Refused(NO_ROOM, message, headers={"Retry-After": "60"}))
    if isinstance(error, StoreAwayError):
        return _away(request, "The object store does not answer.")
    # On to the outermost handler, which writes it to the log.
    raise error


def _on_database(request: Request, error: Exception) -> Response:
    if is_no_room(error):
        return _on_system(request, error)
    if isinstance(error, DataError):
        # A text with a null character, or longer than its column.
        return _answer(request, Refused(UNPROCESSABLE, "A value cannot be kept as it is."))
    if not isinstance(error, OperationalError | PoolTimeoutError) and not (
        isinstance(error, DBAPIError) and error.connection_invalidated
    ):
        raise error
    return _away(request, "The database does not answer.")


def _away(request: Request, message: str) -> Response:
    return _answer(request, Refused(_UNAVAILABLE, message, headers={"Retry-After": "2"}))


def _on_mistake(request: Request, _error: Exception) -> Response:
    number = request.scope.get("upriver.request_id", "")
    return _answer(
        request, Refused(_BROKEN, f"The server made a mistake; its log has it as {number}.")
    )
