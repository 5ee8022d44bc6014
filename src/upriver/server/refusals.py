"""Refusing a request: one exception, which every front door turns into its own answer.

`Refused` is for what a caller can be told. Its message is for people; nothing internal is in it.
"""

from __future__ import annotations

UNAUTHORIZED = 401
FORBIDDEN = 403
NOT_FOUND = 404
CONFLICT = 409
TOO_LARGE = 413
UNPROCESSABLE = 422
TOO_MANY = 429


class Refused(Exception):  # noqa: N818 - a refusal rather than an error
    """A request that is not carried out, with the status and the words it is answered with."""

    def __init__(
        self, status: int, message: str, *, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers or {}


def not_found(what: str) -> Refused:
    """Say that something is absent or invisible: the two look alike (S-06)."""
    return Refused(NOT_FOUND, f"{what} was not found.")


def forbidden(permission: str) -> Refused:
    """Say which permission is missing."""
    return Refused(FORBIDDEN, f"This needs the permission `{permission}`.")
