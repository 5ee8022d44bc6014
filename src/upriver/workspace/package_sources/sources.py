"""Getting at the files of a pinned package, wherever it comes from."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from upriver.workspace.package_files.addresses import shown
from upriver.workspace.package_files.specs import (
    GitSpec,
    Pinned,
    PinnedGit,
    PinnedHub,
    PinnedLocal,
    PinnedTarball,
)
from upriver.workspace.package_sources.archive import unpack
from upriver.workspace.package_sources.git import Repository
from upriver.workspace.package_sources.http import download
from upriver.workspace.package_sources.hub import Hub
from upriver.workspace.package_sources.setting import Setting, SourceError
from upriver.workspace.project_file import PROJECT_FILE
from upriver.workspace.secrets import reveal

_MADE_BY_RUNNING = shutil.ignore_patterns(".git", "target", "logs", "dbt_packages")


class Sources:
    """Fetches each package once, into a directory that goes away with it."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.hub = Hub(setting)
        self._repositories: dict[str, Repository] = {}
        self._unpacked: dict[tuple[str, ...], Path] = {}
        self._scratch: str | None = None
        self._count = 0

    def close(self) -> None:
        """Remove what was unpacked and not installed."""
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def commit_of(self, spec: GitSpec, revision: str | None) -> str:
        """Return the commit a git entry means; raises SourceError."""
        return self._repository(spec.git).resolve(revision)

    def files(self, pinned: Pinned) -> Path:
        """Return the directory that holds a package; raises SourceError."""
        key = _key(pinned)
        if key not in self._unpacked:
            self._unpacked[key] = self._fetched(pinned)
        return self._unpacked[key]

    def directory(self, local: str, base: Path | None = None) -> Path:
        """Return the directory of a local package; raises SourceError.

        dbt takes every path from the root project; `base`, who declares it, comes second.
        """
        root = Path(self.setting.root)
        for start in (root, *(() if base is None else (base,))):
            path = Path(os.path.normpath(start / Path(local).expanduser()))
            if (path / PROJECT_FILE).is_file():
                return path
        path = Path(os.path.normpath(root / Path(local).expanduser()))
        said = f"has no `{PROJECT_FILE}`" if path.is_dir() else "does not exist"
        raise SourceError(
            code="package-not-found",
            message=f"The directory of the local package `{local}` {said}",
            hint=f"Its path is taken from the project's directory: that is `{path}`",
        )

    def place(self, pinned: Pinned, target: Path) -> None:
        """Put a package's files in place: a link for a local one; raises SourceError."""
        files = self.files(pinned)
        if not isinstance(pinned, PinnedLocal):
            # The files may be needed twice, where two entries pin the same.
            shutil.copytree(files, target, symlinks=True)
            return
        try:
            target.symlink_to(files.resolve(), target_is_directory=True)
        except (OSError, NotImplementedError):
            # Not every file system has links.
            shutil.copytree(files, target, symlinks=True, ignore=_MADE_BY_RUNNING)

    def _fetched(self, pinned: Pinned) -> Path:
        match pinned:
            case PinnedHub():
                return self._from_hub(pinned)
            case PinnedGit():
                repository = self._repository(pinned.git)
                commit = repository.resolve(pinned.revision)
                return repository.check_out(commit, pinned.subdirectory, self._fresh())
            case PinnedTarball():
                return self._from_tarball(pinned)
            case PinnedLocal():
                return self.directory(pinned.local)

    def _from_hub(self, pinned: PinnedHub) -> Path:
        archive = self.hub.archive(pinned.package, pinned.version)
        label = f"{pinned.package} {pinned.version}"
        try:
            return unpack(archive, self._fresh(), label, self.setting)
        except SourceError:
            self.hub.forget(pinned.package, pinned.version)
            raise

    def _from_tarball(self, pinned: PinnedTarball) -> Path:
        address = str(reveal(pinned.tarball, self.setting.env))
        digest = hashlib.sha256(address.encode()).hexdigest()[:32]
        kept = Path(self.setting.cache) / "tarballs" / f"{digest}.tar.gz"
        fetched = kept.with_name(f".{kept.name}.{os.getpid()}")
        try:
            download(address, fetched, self.setting)
        except SourceError as error:
            # What an address leads to may change: the cache is for when it cannot be asked.
            if not error.is_unreachable or not kept.is_file():
                raise
            return unpack(kept, self._fresh(), pinned.name, self.setting)
        try:
            files = unpack(fetched, self._fresh(), pinned.name, self.setting)
        except SourceError:
            fetched.unlink(missing_ok=True)
            raise
        fetched.replace(kept)
        return files

    def _repository(self, address: str) -> Repository:
        if address not in self._repositories:
            self._repositories[address] = Repository(address, self.setting)
        return self._repositories[address]

    def _fresh(self) -> Path:
        if self._scratch is None:
            self._scratch = tempfile.mkdtemp(prefix="upriver-packages-")
        self._count += 1
        return Path(self._scratch) / str(self._count)


def _key(pinned: Pinned) -> tuple[str, ...]:
    match pinned:
        case PinnedHub():
            return ("hub", pinned.package, pinned.version)
        case PinnedGit():
            return ("git", pinned.git, pinned.revision, pinned.subdirectory or "")
        case PinnedLocal():
            return ("local", pinned.local)
        case PinnedTarball():
            return ("tarball", pinned.tarball)


def shown_name(pinned: Pinned) -> str:
    """Return what a package is called in `Installing ...` (CLI-81)."""
    match pinned:
        case PinnedHub():
            return pinned.package
        case PinnedGit():
            tail = f"/{pinned.subdirectory}" if pinned.subdirectory else ""
            return f"{shown(pinned.git)}{tail}"
        case PinnedLocal():
            return pinned.local
        case PinnedTarball():
            return pinned.name


def shown_version(pinned: Pinned) -> str:
    """Return what stands behind `Installed from` (CLI-81)."""
    match pinned:
        case PinnedHub():
            return f"version {pinned.version}"
        case PinnedGit():
            return f"revision {pinned.revision}"
        case PinnedLocal():
            return f"<local @ {pinned.local}>"
        case PinnedTarball():
            return f"tarball (url: {shown(pinned.tarball)})"
