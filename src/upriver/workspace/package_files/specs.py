"""What the entries of package files say (PROJ-48..54). Secrets in them are placeholders still."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from upriver.problems import Span


class HubSpec(msgspec.Struct, frozen=True, kw_only=True):
    """`package: namespace/name` of the registry."""

    package: str
    versions: tuple[str, ...]
    install_prerelease: bool = False


class GitSpec(msgspec.Struct, frozen=True, kw_only=True):
    """`git: address`."""

    git: str
    revision: str | None = None
    """A branch, a tag or a commit; None: the default branch."""
    subdirectory: str | None = None
    warn_unpinned: bool = True


class LocalSpec(msgspec.Struct, frozen=True, kw_only=True):
    """`local: path`, relative to the root project."""

    local: str


class TarballSpec(msgspec.Struct, frozen=True, kw_only=True):
    """`tarball: address`."""

    tarball: str
    name: str


class PrivateSpec(msgspec.Struct, frozen=True, kw_only=True):
    """`private: organisation/repository`, which a hosted runner alone can resolve."""

    private: str


Spec = HubSpec | GitSpec | LocalSpec | TarballSpec | PrivateSpec


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of `packages:`."""

    spec: Spec
    rendered: Mapping[str, Any]
    """The entry as a mapping, rendered."""
    unrendered: Mapping[str, Any]
    """The entry as written."""
    span: Span | None = None
    """None: the entry is not in a file of the project."""


class Declarations(msgspec.Struct, frozen=True, kw_only=True):
    """What one project declares."""

    entries: tuple[Entry, ...] = ()
    projects: tuple[str, ...] = ()
    """Names under `projects:`, which name other projects and are not installed."""
    file: str = "packages.yml"
    """The file that declares packages."""


class PinnedHub(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a package of the registry."""

    package: str
    version: str
    name: str


class PinnedGit(msgspec.Struct, frozen=True, kw_only=True):
    """One commit of a repository."""

    git: str
    unrendered: str
    """The address as written, for the lock file."""
    revision: str
    subdirectory: str | None = None
    name: str


class PinnedLocal(msgspec.Struct, frozen=True, kw_only=True):
    """A directory."""

    local: str
    name: str


class PinnedTarball(msgspec.Struct, frozen=True, kw_only=True):
    """An archive."""

    tarball: str
    unrendered: str
    """The address as written, for the lock file."""
    name: str


Pinned = PinnedHub | PinnedGit | PinnedLocal | PinnedTarball
"""What is installed, exactly."""


class Lock(msgspec.Struct, frozen=True, kw_only=True):
    """`package-lock.yml`."""

    pinned: tuple[Pinned, ...]
    sha1_hash: str | None


def label_of(spec: Spec) -> str:
    """Return what an entry names."""
    match spec:
        case HubSpec():
            return spec.package
        case GitSpec():
            return spec.git
        case LocalSpec():
            return spec.local
        case TarballSpec():
            return spec.name
        case PrivateSpec():
            return spec.private
