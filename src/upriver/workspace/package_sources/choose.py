"""Choosing one version of a package of the registry, and saying why there is none (PROJ-53)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from upriver.problems import Problem, Span
from upriver.workspace.package_files.specs import HubSpec
from upriver.workspace.package_sources.hub import HubPackage, HubVersion
from upriver.workspace.package_sources.setting import Setting
from upriver.workspace.project_keys.version import supports
from upriver.workspace.semver import Specifier, allows, newest, parse_specifier, precedence

_MOST_LISTED = 12


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What someone asks for."""

    spec: HubSpec
    by: str


def choose(
    package: HubPackage, wishes: Sequence[Wish], setting: Setting, span: Span | None
) -> tuple[HubVersion | None, Problem | None]:
    """Return the newest version that everyone can live with, or the problem."""
    specifiers = [s for wish in wishes for s in _specifiers(wish.spec)]
    compatible = [v for v in package.versions if _is_compatible(v, setting)]
    allowed = [v for v in compatible if _includes(wishes, specifiers) or not v.version.prerelease]
    fitting = [v for v in allowed if all(allows(s, v.version) for s in specifiers)]
    best = newest(found.version for found in fitting)
    if best is not None:
        return next(found for found in fitting if found.version == best), None
    unsupported = [v for v in package.versions if v not in compatible and _fits(v, specifiers)]
    if unsupported:
        return None, _unsupported(package, unsupported, wishes, setting, span)
    prereleases = [v for v in compatible if v not in allowed and _fits(v, specifiers)]
    return None, _nothing_fits(package, allowed, prereleases, wishes, span)


def latest(package: HubPackage, setting: Setting, *, with_prereleases: bool) -> str | None:
    """Return the newest version there is."""
    fitting = [v for v in package.versions if _is_compatible(v, setting)]
    stable = [v for v in fitting if with_prereleases or not v.version.prerelease]
    best = newest(found.version for found in stable)
    return next((v.text for v in stable if v.version == best), None)


def redirect_warning(package: HubPackage, span: Span | None) -> Problem | None:
    """Return what is said of a package that another has taken the place of."""
    if package.redirect is None:
        return None
    return Problem(
        code="package-redirected",
        severity="warning",
        message=f"The package `{package.package}` is deprecated in favor of `{package.redirect}`",
        span=span,
        hint=f"Ask for `{package.redirect}` instead",
        event="PackageRedirectDeprecation",
    )


def _specifiers(spec: HubSpec) -> list[Specifier]:
    parsed = (parse_specifier(text) for text in spec.versions)
    return [specifier for specifier in parsed if specifier is not None]


def _includes(wishes: Sequence[Wish], specifiers: Sequence[Specifier]) -> bool:
    """Whether pre-releases are to be had: someone says so, or names one."""
    return any(wish.spec.install_prerelease for wish in wishes) or any(
        specifier.version.prerelease for specifier in specifiers
    )


def _is_compatible(found: HubVersion, setting: Setting) -> bool:
    return not setting.checks_version or supports(found.require_dbt_version, setting.dbt_version)


def _fits(found: HubVersion, specifiers: Sequence[Specifier]) -> bool:
    return all(allows(specifier, found.version) for specifier in specifiers)


def _who(wishes: Sequence[Wish]) -> str:
    return "; ".join(f"{wish.by} asks for `{', '.join(wish.spec.versions)}`" for wish in wishes)


def _listed(versions: Sequence[HubVersion]) -> str:
    ordered = sorted(versions, key=lambda found: precedence(found.version), reverse=True)
    texts = [found.text for found in ordered[:_MOST_LISTED]]
    return ", ".join(texts) + (", ..." if len(ordered) > _MOST_LISTED else "")


def _unsupported(
    package: HubPackage,
    found: Sequence[HubVersion],
    wishes: Sequence[Wish],
    setting: Setting,
    span: Span | None,
) -> Problem:
    required = ", ".join(found[-1].require_dbt_version)
    return Problem(
        code="package-version-unsupported",
        message=f"No version of `{package.package}` that fits works with dbt "
        f"{setting.dbt_version}, as which upriver behaves: {found[-1].text} requires {required}; "
        f"{_who(wishes)}",
        span=span,
        hint="Ask for another version, or give `--no-version-check`",
    )


def _nothing_fits(
    package: HubPackage,
    allowed: Sequence[HubVersion],
    prereleases: Sequence[HubVersion],
    wishes: Sequence[Wish],
    span: Span | None,
) -> Problem:
    distinct = {wish.spec.versions for wish in wishes}
    is_conflict = len(distinct) > 1 and all(
        any(_fits(found, _specifiers(wish.spec)) for found in allowed) for wish in wishes
    )
    hint = f"There is {_listed(allowed)}" if allowed else "It has no released version"
    if prereleases:
        hint = f"{_listed(prereleases)} would fit: allow it with `install_prerelease: true`"
    if is_conflict:
        return Problem(
            code="package-versions-conflict",
            message=f"No version of `{package.package}` suits everyone: {_who(wishes)}",
            span=span,
            hint=hint,
        )
    return Problem(
        code="package-version-not-found",
        message=f"No version of `{package.package}` fits: {_who(wishes)}",
        span=span,
        hint=hint,
    )
