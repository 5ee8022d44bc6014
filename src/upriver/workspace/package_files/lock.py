"""`package-lock.yml`: what was installed, exactly, and of which declarations (PROJ-54).

The file is dbt's, byte for byte: dbt and upriver install from each other's and leave it as it is.
The hash is of the declarations, rendered and as written, so that a range that changes and a
variable that changes both make a new lock.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from upriver.problems import Problem, Span
from upriver.workspace.package_files.addresses import plain_git, without_credentials
from upriver.workspace.package_files.checks import is_inside, is_package_name
from upriver.workspace.package_files.specs import (
    Entry,
    GitSpec,
    HubSpec,
    Lock,
    Pinned,
    PinnedGit,
    PinnedHub,
    PinnedLocal,
    PinnedTarball,
    PrivateSpec,
    TarballSpec,
)
from upriver.workspace.project_file import read_settings_text
from upriver.workspace.rendering import render_tree
from upriver.workspace.secrets import reveal
from upriver.workspace.yaml import load_yaml, with_text_keys

LOCK_FILE = "package-lock.yml"


def hash_of(entries: Iterable[Entry], env: Mapping[str, str]) -> str:
    """Return the hash of declarations."""
    texts = sorted(json.dumps(_hashed(entry, env), sort_keys=True) for entry in entries)
    return hashlib.sha1("\n".join(texts).encode(), usedforsecurity=False).hexdigest()


def _hashed(entry: Entry, env: Mapping[str, str]) -> dict[str, Any]:
    body = {**reveal(dict(entry.rendered), env), "unrendered": dict(entry.unrendered)}
    match entry.spec:
        case HubSpec():
            version = body.get("version")
            if isinstance(version, list):
                body["version"] = [str(item) for item in version]
            elif version is not None:
                body["version"] = str(version)
            return {"install_prerelease": False, **body}
        case GitSpec():
            return {"revision": None, "subdirectory": None, "warn-unpinned": None, **body}
        case PrivateSpec():
            empty = dict.fromkeys(("provider", "revision", "subdirectory", "warn-unpinned"))
            return {**empty, **body}
        case _:
            return body


def read_lock(
    root: Path, names: Mapping[str, Any], entries: Iterable[Entry] = ()
) -> tuple[Lock | None, tuple[Problem, ...]]:
    """Read the lock file; None where there is none that can be read.

    An address in the lock has no credentials; those of the declaration it came from are used.
    """
    text = read_settings_text(root / LOCK_FILE)
    if text is None:
        return None, ()
    document = load_yaml(text, LOCK_FILE)
    if document.problems:
        return None, document.problems
    if document.value is None:
        return None, ()
    if not isinstance(document.value, dict):
        return None, (_invalid((), "is no mapping"),)
    written = with_text_keys(document.value)
    body, problems = render_tree(written, names, file=LOCK_FILE)
    listed, as_written = body.get("packages") or [], written.get("packages") or []
    if problems:
        return None, tuple(problems)
    if not isinstance(listed, list):
        return None, (_invalid(("packages",), "holds no list of packages"),)
    addresses = _declared_addresses(entries)
    found = [_pinned(item, as_written[index], addresses) for index, item in enumerate(listed)]
    wrong = [
        _invalid(("packages", index), "has an entry that pins no package")
        for index, item in enumerate(found)
        if item is None
    ]
    given = body.get("sha1_hash")
    pinned = tuple(item for item in found if item is not None)
    return Lock(pinned=pinned, sha1_hash=None if given is None else str(given)), tuple(wrong)


def _declared_addresses(entries: Iterable[Entry]) -> dict[str, str]:
    addresses = {}
    for entry in entries:
        match entry.spec:
            case GitSpec():
                addresses[plain_git(entry.spec.git)] = entry.spec.git
            case TarballSpec():
                addresses[without_credentials(entry.spec.tarball)] = entry.spec.tarball
            case _:
                pass
    return addresses


def _pinned(item: Any, written: Any, addresses: Mapping[str, str]) -> Pinned | None:
    if not isinstance(item, dict):
        return None
    values = {key: str(value) for key, value in item.items() if value is not None}
    name = values.get("name", "")
    if name and not is_package_name(name):
        return None
    if not is_inside(values.get("subdirectory", ".")):
        return None
    match values:
        case {"package": package, "version": version}:
            return PinnedHub(package=package, version=version, name=name)
        case {"git": git, "revision": revision}:
            return PinnedGit(
                git=addresses.get(plain_git(git), git),
                unrendered=str(written["git"]),
                revision=revision,
                subdirectory=values.get("subdirectory"),
                name=name,
            )
        case {"local": local}:
            return PinnedLocal(local=local, name=name)
        case {"tarball": tarball}:
            return PinnedTarball(
                tarball=addresses.get(tarball, tarball),
                unrendered=str(written["tarball"]),
                name=name,
            )
        case _:
            return None


def lock_text(lock: Lock) -> str:
    """Return what the lock file says."""
    listed = [_locked(pinned) for pinned in lock.pinned]
    return to_yaml({"packages": listed, "sha1_hash": lock.sha1_hash})


def to_yaml(value: Any) -> str:
    """Return a document as dbt writes package files: lists are indented, keys sorted."""
    # PyYAML is loaded only where a file is written.
    import yaml

    class Indented(yaml.SafeDumper):
        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - PyYAML's signature
            super().increase_indent(flow, False)

    text: str = yaml.dump(value, Dumper=Indented)
    return text


def _locked(pinned: Pinned) -> dict[str, str]:
    match pinned:
        case PinnedHub():
            return {"name": pinned.name, "package": pinned.package, "version": pinned.version}
        case PinnedGit():
            git = without_credentials(pinned.unrendered)
            entry = {"git": git, "name": pinned.name, "revision": pinned.revision}
            if pinned.subdirectory is not None:
                entry["subdirectory"] = pinned.subdirectory
            return entry
        case PinnedLocal():
            return {"local": pinned.local, "name": pinned.name}
        case PinnedTarball():
            return {"name": pinned.name, "tarball": without_credentials(pinned.unrendered)}


def _invalid(keys: tuple[str | int, ...], said: str) -> Problem:
    return Problem(
        code="package-lock-invalid",
        message=f"`{LOCK_FILE}` {said}",
        span=Span(file=LOCK_FILE, keys=keys),
        hint="Run `upriver deps --upgrade` to make a new one",
    )
