"""State that lies elsewhere becomes a directory: fetched, revalidated, or the last copy (D22).

Each invocation asks once whether what is here is still current. Where the other side cannot be
reached, the last copy is used and its age told: nobody is blocked, and nobody reads an old state
without being told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from upriver.problems import Problem
from upriver.state.age import spell_age
from upriver.state.remote.address import ARTIFACT_SUFFIXES, Address
from upriver.state.remote.answer import Absent, Answer, Unchanged, Unreachable
from upriver.state.remote.archive import unpack
from upriver.state.remote.cache import Cache, Kept

_OTHERS = ("run_results.json", "sources.json")


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """A directory with the artifacts of an address."""

    directory: str
    problems: tuple[Problem, ...] = ()


def cache_folder(env: Mapping[str, str]) -> Path:
    """Return where fetched state is kept: `UPRIVER_CACHE_DIR`, else below the user's caches."""
    given = env.get("UPRIVER_CACHE_DIR")
    if given:
        return Path(given) / "state"
    base = env.get("XDG_CACHE_HOME")
    home = Path(env["HOME"]) if env.get("HOME") else Path.home()
    return (Path(base) if base else home / ".cache") / "upriver" / "state"


def fetch(address: Address, cache: Cache, env: Mapping[str, str], now: float) -> Fetched | Problem:
    """Return a directory that holds what the address gives now, or gave last."""
    known = cache.find(address.text)
    answer = _ask(address, _manifest_of(address.text), known, env)

    def others() -> dict[str, bytes]:
        if address.text.partition("?")[0].endswith(ARTIFACT_SUFFIXES):
            return {}
        return _others(address, env)

    return taken(address, (address.text, known), answer, cache, now, others)


def taken(
    address: Address,
    copy: tuple[str, Kept | None],
    answer: Answer,
    cache: Cache,
    now: float,
    others: Callable[[], Mapping[str, bytes]] = dict,
) -> Fetched | Problem:
    """Return a directory that holds what an answer gives, or what the last one gave.

    `copy` is the key that copies are kept under, and the last one; `others` gives what lies beside
    a manifest that came alone.
    """
    key, known = copy
    if isinstance(answer, Unchanged) and known is not None:
        return _directory(cache, cache.confirm(known, now))
    if isinstance(answer, Unreachable):
        return _offline(address, answer, cache, known, now)
    if isinstance(answer, Absent | Unchanged):
        return _absent(address)
    artifacts = unpack(answer.data, "manifest.json")
    if isinstance(artifacts, Problem):
        return msgspec.structs.replace(
            artifacts, message=f"{artifacts.message}: `{address.shown}`"
        )
    if len(artifacts) == 1:
        artifacts |= others()
    try:
        return _directory(cache, cache.keep(key, artifacts, answer.revision, now))
    except OSError as error:
        return _not_kept(error)


def _manifest_of(text: str) -> str:
    """Return where the manifest of an address is: an address of a folder holds it."""
    path, mark, query = text.partition("?")
    if path.endswith(ARTIFACT_SUFFIXES):
        return text
    return f"{path.rstrip('/')}/manifest.json{mark}{query}"


def _others(address: Address, env: Mapping[str, str]) -> dict[str, bytes]:
    """Return what lies beside a manifest; it may be absent."""
    manifest = _manifest_of(address.text)
    found: dict[str, bytes] = {}
    for name in _OTHERS:
        answer = _ask(address, manifest.replace("/manifest.json", f"/{name}"), None, env)
        if isinstance(answer, Absent | Unchanged | Unreachable):
            continue
        artifacts = unpack(answer.data, name)
        if isinstance(artifacts, dict):
            found |= artifacts
    return found


def _ask(address: Address, url: str, known: Kept | None, env: Mapping[str, str]) -> Answer:
    revision = None if known is None else known.revision
    # Either way of fetching costs some milliseconds to load.
    if address.kind == "object":
        from upriver.state.remote import objects

        return objects.get(url, revision)
    from upriver.state.remote import http

    return http.get(url, revision, env)


def _directory(cache: Cache, kept: Kept, *problems: Problem) -> Fetched:
    return Fetched(directory=str(cache.directory(kept)), problems=problems)


def _offline(
    address: Address, answer: Unreachable, cache: Cache, known: Kept | None, now: float
) -> Fetched | Problem:
    if known is None:
        return Problem(
            code="state-unreachable",
            message=f"The state at `{address.shown}` cannot be read: {answer.reason}",
            hint="Check the address, the network and the credentials; without `--defer` and"
            " `--state` no state is needed",
        )
    age = spell_age(now - known.fetched_at)
    return _directory(
        cache,
        known,
        Problem(
            code="state-offline",
            severity="warning",
            message=f"The state at `{address.shown}` cannot be reached, and the copy that was"
            f" current {age} ago is used: {answer.reason}",
        ),
    )


def _absent(address: Address) -> Problem:
    return Problem(
        code="state-not-found",
        message=f"There is no manifest at `{_shown_manifest(address)}`",
        hint="Name the folder that production's `manifest.json` is published to, or the file",
    )


def _shown_manifest(address: Address) -> str:
    return _manifest_of(address.shown)


def _not_kept(error: OSError) -> Problem:
    return Problem(
        code="state-not-kept",
        message=f"The fetched state cannot be kept in `{error.filename}`: {error.strerror}",
        hint="`UPRIVER_CACHE_DIR` names another directory",
    )
