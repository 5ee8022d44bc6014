"""Who visits a page: the session of the cookie, and forms that come from our own pages (S-17).

A page without a session leads to the sign-in. A form is accepted only when the browser says that it
comes from this site, and when it carries the word of its session.
"""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from fastapi import Depends, Request

from upriver.server.api.caller import address_of, here, read_body
from upriver.server.audit import Actor, actor_of
from upriver.server.auth.sessions import Session, is_genuine, session_of
from upriver.server.refusals import FORBIDDEN, TOO_MANY, UNAUTHORIZED, UNPROCESSABLE, Refused

_MOST_FIELDS = 50
_SAME = ("same-origin", "none")


class SignInNeeded(Exception):  # noqa: N818 - what is needed
    """Nobody is signed in; the visitor is led to the sign-in."""


def is_secure(request: Request) -> bool:
    """Whether browsers reach this server by TLS."""
    settings = here(request).settings
    public = settings.public_url or ""
    return settings.is_encrypted or public.startswith("https://") or request.url.scheme == "https"


def cookie_name(request: Request) -> str:
    """Return the cookie's name: bound to this host where browsers can do so."""
    return "__Host-upriver" if is_secure(request) else "upriver"


def maybe_visitor(request: Request) -> Session | None:
    """Return the session, if there is one."""
    secret = request.cookies.get(cookie_name(request))
    return None if not secret else session_of(here(request).database, secret)


def visitor(request: Request) -> Session:
    """Return the session; raises SignInNeeded."""
    session = maybe_visitor(request)
    if session is None:
        raise SignInNeeded
    limit = here(request).settings.limits.requests_per_minute
    seconds = here(request).limiter.take(f"user:{session.principal.id}", limit)
    if seconds is not None:
        raise Refused(TOO_MANY, "Too many requests; try again later.")
    return session


Visitor = Annotated[Session, Depends(visitor)]


class Form:
    """The fields of a form that was sent from one of our pages."""

    def __init__(self, fields: dict[str, str]) -> None:
        self._fields = fields

    def text(self, name: str) -> str:
        """Return a field without spaces around it; empty when it is not there."""
        return self._fields.get(name, "").strip()

    def secret(self, name: str) -> str:
        """Return a field exactly as it was typed."""
        return self._fields.get(name, "")

    def number(self, name: str) -> int | None:
        """Return a number, or None when the field is empty."""
        text = self.text(name)
        if not text:
            return None
        if not text.isdecimal() or not text.isascii() or len(text) > 15:  # noqa: PLR2004 - 2**53
            raise Refused(UNPROCESSABLE, f"`{name}` is not a number.")
        return int(text)


async def open_form(request: Request) -> Form:
    """Read a form from our own site; there need not be a session yet."""
    _check_origin(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Refused(UNPROCESSABLE, "This is not a form.")
    data = await read_body(request, here(request).settings.limits.body)
    try:
        pairs = parse_qsl(
            data.decode(), keep_blank_values=True, strict_parsing=bool(data),
            max_num_fields=_MOST_FIELDS, errors="strict",
        )  # fmt: skip
    except ValueError as error:
        raise Refused(UNPROCESSABLE, "The form cannot be read.") from error
    if any("\x00" in value for _, value in pairs):
        raise Refused(UNPROCESSABLE, "The form cannot be read.")
    return Form(dict(pairs))


def _check_origin(request: Request) -> None:
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site not in _SAME:
            raise Refused(FORBIDDEN, "The form comes from another site.")
        return
    origin = request.headers.get("origin")
    # Browsers without either header are older than TLS 1.3; programs have the API.
    if origin is None or urlsplit(origin).netloc != request.headers.get("host"):
        raise Refused(FORBIDDEN, "The form comes from another site.")


def signed_form(session: Visitor, form: Annotated[Form, Depends(open_form)]) -> Form:
    """Return a form that carries the word of the session it was shown in."""
    if not is_genuine(session, form.secret("word")):
        raise Refused(UNAUTHORIZED, "The page was too old; load it again.")
    return form


Sent = Annotated[Form, Depends(signed_form)]
FreelySent = Annotated[Form, Depends(open_form)]


def acting(request: Request, session: Session) -> Actor:
    """Return the visitor as the audit log names them."""
    return actor_of(session.principal, address_of(request), "ui")
