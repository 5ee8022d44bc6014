"""The envelope around answers of the v2, v3 and private interfaces, and around every refusal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from fastapi import Request, Response

from upriver.server.refusals import Refused

_encoder = msgspec.json.Encoder()
JSON = "application/json"


def as_json(
    value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer with a value as it is."""
    return Response(
        _encoder.encode(value),
        status_code=status,
        media_type=JSON,
        headers=None if headers is None else dict(headers),
    )


def enveloped(data: Any, *, extra: Any = None, status: int = 200) -> Response:
    """Answer with a value in the envelope."""
    body = {"status": _status(status, "Success", is_success=True), "data": data}
    if extra is not None:
        body["extra"] = extra
    return as_json(body, status=status)


def refused(_request: Request, error: Refused) -> Response:
    """Answer a refusal."""
    body = {"status": _status(error.status, error.message, is_success=False), "data": None}
    return as_json(body, status=error.status, headers=error.headers)


def _status(code: int, message: str, *, is_success: bool) -> dict[str, Any]:
    return {
        "code": code,
        "is_success": is_success,
        "user_message": message,
        "developer_message": "",
    }
