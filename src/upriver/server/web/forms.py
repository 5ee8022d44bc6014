"""The forms that change something. Each leads to a page that shows what it changed."""

from __future__ import annotations

import datetime

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import select

from upriver.server.api.caller import Id, address_of, here
from upriver.server.audit import Actor, record
from upriver.server.auth.attempts import FAILED, check_attempts, too_many
from upriver.server.auth.sessions import close_session, open_session, sign_in
from upriver.server.auth.tokens import TokenWish, create_token, revoke_token
from upriver.server.db.tables import accounts, tokens
from upriver.server.environments import (
    DEVELOPMENT,
    NewEnvironment,
    create_environment,
    create_project,
    environment_for,
    project_for,
)
from upriver.server.moments import now
from upriver.server.people import add_person, change_password, change_person
from upriver.server.refusals import UNAUTHORIZED, UNPROCESSABLE, Refused, not_found
from upriver.server.states import pin
from upriver.server.web.pages import show_nothing_of_others, show_tokens
from upriver.server.web.rendering import page
from upriver.server.web.visiting import (
    FreelySent,
    Sent,
    Visitor,
    acting,
    cookie_name,
    is_secure,
)

router = APIRouter(include_in_schema=False)
_SEE_OTHER = 303
_LONGEST_DAYS = 3650


def _to(path: str) -> Response:
    return RedirectResponse(path, status_code=_SEE_OTHER)


@router.post("/sign-in", dependencies=[Depends(show_nothing_of_others)])
def signing_in(request: Request, form: FreelySent) -> Response:
    """Begin a session for whoever knows the password."""
    installation, address = here(request), address_of(request) or "nowhere"
    email = form.text("email")[:255]
    limit = installation.settings.limits.sign_ins_per_minute
    for who in (f"sign-in:{address}", f"sign-in-as:{email.lower()}"):
        seconds = installation.limiter.take(who, limit)
        if seconds is not None:
            raise too_many(seconds)
    with installation.database.writing() as connection:
        check_attempts(connection, email, address, limit)
        user = sign_in(connection, email, form.secret("password"))
        if user is None:
            account_id = connection.execute(select(accounts.c.id).order_by(accounts.c.id)).scalar()
            nobody = Actor(
                account_id=account_id or 1, kind="nobody", name=email, address=address, source="ui"
            )
            record(connection, nobody, FAILED, is_success=False)
        else:
            secret = open_session(connection, user, address)
            somebody = Actor(
                account_id=user.account_id, kind="user", id=user.id, name=user.name,
                address=address, source="ui",
            )  # fmt: skip
            record(connection, somebody, "login.password.succeeded", on=("user", user.id))
    if user is None:
        problem = "The address or the password is not right."
        return page(request, "sign_in", None, status=UNAUTHORIZED, problem=problem, email=email)
    answer = _to("/")
    answer.set_cookie(
        cookie_name(request), secret, httponly=True, secure=is_secure(request),
        samesite="strict", path="/",
    )  # fmt: skip
    return answer


@router.post("/sign-out")
def signing_out(request: Request, session: Visitor, _form: Sent) -> Response:
    """End the session."""
    with here(request).database.writing() as connection:
        close_session(connection, session.id)
        actor = acting(request, session)
        record(connection, actor, "login.ended", on=("user", session.principal.id))
    answer = _to("/")
    answer.delete_cookie(cookie_name(request), secure=is_secure(request), path="/")
    return answer


@router.post("/projects")
def adding_project(request: Request, session: Visitor, form: Sent) -> Response:
    """Make a project."""
    session.principal.require("project-create")
    with here(request).database.writing() as connection:
        made = create_project(connection, acting(request, session), form.text("name"))
    return _to(f"/projects/{made}")


@router.post("/projects/{project_id}/environments")
def adding_environment(request: Request, session: Visitor, form: Sent, project_id: Id) -> Response:
    """Make an environment."""
    kind = form.text("kind")
    wanted = NewEnvironment(
        name=form.text("name"),
        type="development" if kind == DEVELOPMENT else "deployment",
        deployment_type=kind if kind in ("production", "staging") else None,  # type: ignore[arg-type]
    )
    with here(request).database.writing() as connection:
        project_for(connection, session.principal, project_id, "environment-write")
        create_environment(connection, acting(request, session), project_id, wanted)
    return _to(f"/projects/{project_id}")


@router.post("/environments/{environment_id}/pin")
def pinning(request: Request, session: Visitor, form: Sent, environment_id: Id) -> Response:
    """Hold an environment's state at a run, or let it go."""
    with here(request).database.writing() as connection:
        row = environment_for(connection, session.principal, environment_id, "state-pin")
        pin(connection, acting(request, session), row, form.number("run_id"))
    return _to(f"/environments/{environment_id}")


@router.post("/tokens")
def adding_token(request: Request, session: Visitor, form: Sent) -> Response:
    """Make a token and show it, this once."""
    principal = session.principal
    days = form.number("days")
    if days is not None and not 1 <= days <= _LONGEST_DAYS:
        raise Refused(UNPROCESSABLE, f"A token is valid for 1 to {_LONGEST_DAYS} days, or always.")
    until = None if days is None else now() + datetime.timedelta(days=days)
    name = form.text("name")[:255] or "unnamed"
    wish = TokenWish(name=name, user_id=principal.user_id, expires_at=until)
    if form.text("kind") == "service":
        principal.require("account-admin")
        wish = TokenWish(
            name=name, kind="service", permission_sets=(form.text("permission_set"),),
            project_id=form.number("project_id"), expires_at=until,
        )  # fmt: skip
    actor = acting(request, session)
    with here(request).database.writing() as connection:
        if wish.project_id is not None:
            project_for(connection, principal, wish.project_id, "project-read")
        new = create_token(connection, principal.account_id, wish, created_by=principal.id)
        event = "service_token.created" if wish.kind == "service" else "account_scoped_pat.created"
        record(connection, actor, event, on=("token", new.id), detail={"name": name})
    return show_tokens(request, session, new.text)


@router.post("/tokens/{token_id}/revoke")
def revoking_token(request: Request, session: Visitor, _form: Sent, token_id: Id) -> Response:
    """End a token: one's own, or as an administrator any."""
    principal = session.principal
    with here(request).database.writing() as connection:
        row = connection.execute(
            select(tokens).where(
                tokens.c.id == token_id, tokens.c.account_id == principal.account_id
            )
        ).one_or_none()
        is_own = row is not None and row.user_id == principal.user_id
        if row is None or not (is_own or principal.may("account-admin")):
            raise not_found("The token")
        revoke_token(connection, principal.account_id, token_id)
        event = "service_token.revoked" if row.kind == "service" else "account_scoped_pat.deleted"
        actor = acting(request, session)
        record(connection, actor, event, on=("token", token_id), detail={"name": row.name})
    return _to("/tokens")


@router.post("/people")
def adding_person(request: Request, session: Visitor, form: Sent) -> Response:
    """Add somebody."""
    session.principal.require("account-admin")
    given = (form.secret("password"), form.text("permission_set"))
    with here(request).database.writing() as connection:
        actor = acting(request, session)
        add_person(connection, actor, form.text("email"), form.text("name"), given)
    return _to("/people")


@router.post("/people/{user_id}")
def changing_person(request: Request, session: Visitor, form: Sent, user_id: Id) -> Response:
    """Change what somebody may do, shut them out or let them in."""
    session.principal.require("account-admin")
    with here(request).database.writing() as connection:
        change_person(
            connection, acting(request, session), user_id,
            permission_set=form.text("permission_set"), is_active=form.text("is_active") == "yes",
        )  # fmt: skip
    return _to("/people")


@router.post("/me/password")
def changing_password(request: Request, session: Visitor, form: Sent) -> Response:
    """Set another password; everywhere else one is signed out."""
    words = (form.secret("present"), form.secret("new"))
    with here(request).database.writing() as connection:
        actor = acting(request, session)
        change_password(connection, actor, session.principal.id, words, session.id)
    return _to("/me")
