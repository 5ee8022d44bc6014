"""The version that is chosen suits everyone, and none that does is newer (PROJ-53)."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from tests.workspace.test_semver import VERSIONS

from upriver.workspace.inputs import DBT_VERSION
from upriver.workspace.package_files.specs import HubSpec
from upriver.workspace.package_sources.choose import Wish, choose, latest
from upriver.workspace.package_sources.hub import HubPackage, HubVersion
from upriver.workspace.package_sources.setting import Setting
from upriver.workspace.semver import Specifier, Version, allows, precedence

SETTING = Setting(root=str(Path.cwd()), env={}, cache="", dbt_version=DBT_VERSION)
SPECIFIERS = st.builds(
    Specifier, operator=st.sampled_from(("<", "<=", ">", ">=", "=")), version=VERSIONS
)


def _package(versions: list[Version]) -> HubPackage:
    found = tuple(HubVersion(text=str(v), version=v, tarball="") for v in versions)
    return HubPackage(package="acme/one", name="one", versions=found)


@given(st.lists(VERSIONS, max_size=8), st.lists(SPECIFIERS, max_size=3), st.booleans())
def test_chosen(versions: list[Version], specifiers: list[Specifier], prereleases: bool) -> None:  # noqa: FBT001
    wishes = [
        Wish(
            spec=HubSpec(
                package="acme/one", versions=(str(specifier),), install_prerelease=prereleases
            ),
            by="someone",
        )
        for specifier in specifiers
    ]
    chosen, problem = choose(_package(versions), wishes, SETTING, None)
    includes = (prereleases and bool(wishes)) or any(s.version.prerelease for s in specifiers)
    fitting = [
        version
        for version in versions
        if all(allows(specifier, version) for specifier in specifiers)
        and (includes or not version.prerelease)
    ]
    assert (chosen is None) == (not fitting) == (problem is not None)
    if chosen is not None:
        assert chosen.version in fitting
        assert precedence(chosen.version) == max(map(precedence, fitting))


@given(st.lists(VERSIONS, max_size=8))
def test_latest_is_stable_unless_asked(versions: list[Version]) -> None:
    best = latest(_package(versions), SETTING, with_prereleases=False)
    stable = [version for version in versions if not version.prerelease]
    assert (best is None) == (not stable)
    assert best is None or "-" not in best
