"""Who is asking: an account, a name, and what the grants add up to, read anew at every request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from upriver.server.auth.permissions import PERMISSION_SETS, Permission
from upriver.server.refusals import forbidden


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """A permission set, in one project or in all."""

    permission_set: str
    project_id: int | None = None


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """A user or a token, as of this request."""

    account_id: int
    kind: Literal["user", "token"]
    id: int
    """Of the user or of the token."""
    user_id: int | None
    name: str
    grants: tuple[Grant, ...]
    token_kind: str | None = None
    token_expires_at: str | None = None

    def may(self, permission: Permission, project_id: int | None = None) -> bool:
        """Whether any grant allows it in the project; None: in the account as a whole."""
        return any(
            permission in PERMISSION_SETS.get(grant.permission_set, frozenset())
            and grant.project_id in (None, project_id)
            for grant in self.grants
        )

    def require(self, permission: Permission, project_id: int | None = None) -> None:
        """Raise Refused unless it is allowed."""
        if not self.may(permission, project_id):
            raise forbidden(permission)

    def scopes(self) -> tuple[str, ...]:
        """Names of the permission sets held, for showing."""
        return tuple(sorted({grant.permission_set for grant in self.grants}))

    def projects_with(self, permission: Permission) -> frozenset[int] | None:
        """The projects in which it is allowed; None: in all."""
        if self.may(permission):
            return None
        return frozenset(
            grant.project_id
            for grant in self.grants
            if grant.project_id is not None and self.may(permission, grant.project_id)
        )


def grants_of(rows: Iterable[tuple[str, int | None]]) -> tuple[Grant, ...]:
    """Make grants of rows of the table."""
    return tuple(Grant(permission_set=name, project_id=project) for name, project in rows)
