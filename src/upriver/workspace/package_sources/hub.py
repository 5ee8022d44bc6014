"""The registry of packages, which is dbt's, or another that answers alike (PROJ-55).

What it said of a package is kept, and used when it cannot be reached. Archives of versions never
change and are fetched once.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from upriver.problems import Problem
from upriver.resources.nearest import nearest_hint
from upriver.workspace.package_files.addresses import shown
from upriver.workspace.package_files.checks import is_package_name
from upriver.workspace.package_sources.http import download, get
from upriver.workspace.package_sources.setting import MEBIBYTE, Patience, Setting, SourceError
from upriver.workspace.semver import Version, parse_version

_BRIEF = Patience(attempts=1, timeout=5.0, deadline=10.0)
"""For asking whether there is something newer, which is not needed."""


class HubVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a package."""

    text: str
    version: Version
    tarball: str
    packages: tuple[Any, ...] = ()
    """Entries of packages it needs, as in `packages.yml`."""
    require_dbt_version: tuple[str, ...] = ()


class HubPackage(msgspec.Struct, frozen=True, kw_only=True):
    """What the registry says of one package."""

    package: str
    name: str
    """Of its project."""
    versions: tuple[HubVersion, ...]
    redirect: str | None = None
    """The package that takes its place."""


class Hub:
    """One registry, asked once per package."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.url = f"{setting.hub_url.rstrip('/')}/"
        digest = hashlib.sha256(self.url.encode()).hexdigest()[:16]
        self._folder = Path(setting.cache) / "hub" / digest
        self._known: dict[str, HubPackage] = {}
        self._down: SourceError | None = None
        self.remembered: list[str] = []
        """Packages of which the registry could not be asked."""

    def package(self, name: str) -> HubPackage:
        """Ask about a package; raises SourceError."""
        if name not in self._known:
            self._known[name] = self._ask(name, self.setting)
        return self._known[name]

    def newer(self, name: str) -> HubPackage | None:
        """Ask about a package briefly; None where no answer comes soon."""
        if name not in self._known and self._down is None:
            setting = msgspec.structs.replace(self.setting, patience=_BRIEF)
            try:
                self._known[name] = _package(name, self._fetched(name, setting))
            except SourceError as error:
                self._down = error if error.is_unreachable else None
        return self._known.get(name)

    def archive(self, name: str, version: str) -> Path:
        """Return the archive of a version, fetched if it was not before; raises SourceError."""
        place = self._folder / "archives" / quote(name, safe="") / f"{quote(version)}.tar.gz"
        if place.is_file():
            return place
        found = next((v for v in self.package(name).versions if v.text == version), None)
        if found is None:
            known = [v.text for v in self.package(name).versions]
            raise SourceError(
                code="package-version-not-found",
                message=f"The package `{name}` has no version `{version}`",
                hint=nearest_hint(version, known),
            )
        fetched = place.with_name(f".{place.name}.{os.getpid()}")
        download(found.tarball, fetched, self.setting)
        fetched.replace(place)
        return place

    def forget(self, name: str, version: str) -> None:
        """Drop an archive that turned out to be damaged."""
        place = self._folder / "archives" / quote(name, safe="") / f"{quote(version)}.tar.gz"
        place.unlink(missing_ok=True)

    def _ask(self, name: str, setting: Setting) -> HubPackage:
        if self._down is not None:
            return self._kept(name, self._down)
        try:
            return _package(name, self._fetched(name, setting))
        except SourceError as error:
            if error.is_unreachable:
                self._down = error
                return self._kept(name, error)
            if error.code == "package-not-found":
                raise self._unknown(name) from None
            raise

    def _fetched(self, name: str, setting: Setting) -> bytes:
        data = get(f"{self.url}api/v1/{quote(name)}.json", setting, limit=16 * MEBIBYTE)
        _package(name, data)
        place = self._place(name)
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh = place.with_name(f".{place.name}.{os.getpid()}")
        fresh.write_bytes(data)
        fresh.replace(place)
        return data

    def _place(self, name: str) -> Path:
        return self._folder / "packages" / f"{quote(name, safe='')}.json"

    def _kept(self, name: str, error: SourceError) -> HubPackage:
        place = self._place(name)
        if not place.is_file():
            raise SourceError(
                code="package-hub-unreachable",
                message=f"The package `{name}` is not in the cache, and the registry cannot be "
                f"asked: {error.message}",
                hint="Check the network; `DBT_PACKAGE_HUB_URL` names another registry",
                is_unreachable=True,
            )
        self.remembered.append(name)
        return _package(name, place.read_bytes())

    def _unknown(self, name: str) -> SourceError:
        hint = None
        try:
            listed = msgspec.json.decode(get(f"{self.url}api/v1/index.json", self.setting))
            hint = nearest_hint(name, [item for item in listed if isinstance(item, str)])
        except (SourceError, msgspec.DecodeError, TypeError):
            pass
        return SourceError(
            code="package-not-found",
            message=f"The registry {shown(self.url)} has no package `{name}`",
            hint=hint or "Look for its name on the registry's page",
        )


def offline_warning(hub: Hub) -> Problem | None:
    """Return what is said where the registry could not be asked and its last words were used."""
    if not hub.remembered:
        return None
    listed = ", ".join(f"`{name}`" for name in dict.fromkeys(hub.remembered))
    return Problem(
        code="package-hub-offline",
        severity="warning",
        message=f"The registry cannot be reached; what it said earlier about {listed} is used",
        hint="Newer versions are not seen; run `upriver deps --upgrade` when the network is back",
    )


def _package(name: str, data: bytes) -> HubPackage:
    try:
        body = msgspec.json.decode(data)
        versions = tuple(_versions(body["versions"]))
        project = str(body.get("name") or name.rpartition("/")[2])
        redirect = _redirect(body, name)
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError) as error:
        raise _not_understood(name, repr(error)) from None
    if not is_package_name(project):
        raise _not_understood(name, f"it is called `{project}`")
    return HubPackage(package=name, name=project, versions=versions, redirect=redirect)


def _not_understood(name: str, reason: str) -> SourceError:
    return SourceError(
        code="package-hub-invalid",
        message=f"What the registry says of `{name}` cannot be understood: {reason}",
        hint="Check that `DBT_PACKAGE_HUB_URL` is the address of a registry",
    )


def _versions(body: Mapping[str, Any]) -> list[HubVersion]:
    versions = []
    for text, found in body.items():
        version = parse_version(text)
        if version is None:
            continue
        required = found.get("require_dbt_version") or ()
        versions.append(
            HubVersion(
                text=text,
                version=version,
                tarball=str(found["downloads"]["tarball"]),
                packages=tuple(found.get("packages") or ()),
                require_dbt_version=(required,) if isinstance(required, str) else tuple(required),
            )
        )
    return versions


def _redirect(body: Mapping[str, Any], name: str) -> str | None:
    namespace, project = body.get("redirectnamespace"), body.get("redirectname")
    if not namespace and not project:
        return None
    own_namespace, _, own = name.partition("/")
    target = f"{namespace or own_namespace}/{project or own}"
    return None if target == name else target
