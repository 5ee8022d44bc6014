"""Packages from web servers; what goes wrong is said of packages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from upriver.workspace.package_files.addresses import shown
from upriver.workspace.package_sources.setting import MEBIBYTE, Setting, SourceError
from upriver.workspace.web.client import Call, Client, Failure, Reply, Sink, send

_NETWORK_HINT = "Check the network, and `HTTPS_PROXY` where there is a proxy"


def get(url: str, setting: Setting, limit: int = 64 * MEBIBYTE) -> bytes:
    """Return what a URL answers; raises SourceError."""
    return _ask(url, setting, limit, None).body


def download(url: str, path: Path, setting: Setting) -> None:
    """Save what a URL answers to a file, which is not there if that fails; raises SourceError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("wb") as file:
            _ask(url, setting, setting.patience.largest_download, lambda: _rewound(file))
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _rewound(file: BinaryIO) -> Callable[[bytes], object]:
    file.seek(0)
    file.truncate()
    return file.write


def _ask(url: str, setting: Setting, limit: int, sink: Sink | None) -> Reply:
    patience = setting.patience
    client = Client(
        env=setting.env,
        attempts=patience.attempts,
        pause=patience.pause,
        timeout=patience.timeout,
        deadline=patience.deadline,
        limit=limit,
        check_stop=setting.check_stop,
    )
    answer = send(client, Call(url=url), sink)
    if isinstance(answer, Failure):
        raise _failed(url, answer, limit)
    if not answer.is_success:
        raise _refused(url, answer)
    return answer


def _failed(url: str, failure: Failure, limit: int) -> SourceError:
    match failure.kind:
        case "address":
            return SourceError(
                code="package-address-invalid",
                message=f"`{shown(url)}` is no address that begins with http:// or https://",
            )
        case "untrusted":
            return SourceError(
                code="package-source-unreachable",
                message=f"`{shown(url)}` cannot be trusted: {failure.reason}",
                hint="`REQUESTS_CA_BUNDLE` names a file with certificates to trust",
            )
        case "oversize":
            return SourceError(
                code="package-archive-refused",
                message=f"`{shown(url)}` is larger than {limit // MEBIBYTE} MiB",
                hint="A package holds text files only; check that the address is right",
            )
        case _:
            return _unreachable(url, failure.reason)


def _refused(url: str, reply: Reply) -> SourceError:
    said = f"answered {reply.status} {reply.reason}".strip()
    if reply.may_pass:
        return _unreachable(url, f"it {said}")
    hint = None
    if reply.status in (401, 403, 407):
        hint = "Give credentials in the address: `https://{{ env_var('DBT_ENV_SECRET_...') }}@...`"
    code = "package-not-found" if reply.is_absent else "package-source-unreachable"
    return SourceError(code=code, message=f"`{shown(url)}` {said}", hint=hint)


def _unreachable(url: str, reason: str) -> SourceError:
    return SourceError(
        code="package-source-unreachable",
        message=f"`{shown(url)}` cannot be reached: {shown(reason)}",
        hint=_NETWORK_HINT,
        is_unreachable=True,
    )
