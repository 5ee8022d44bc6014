"""What one `dbt_project.yml` says, typed and with defaults filled (PROJ-1..34)."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec


class Dispatch(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of `dispatch:` (PROJ-23)."""

    macro_namespace: str
    search_order: tuple[str, ...]


class QueryComment(msgspec.Struct, frozen=True, kw_only=True):
    """`query-comment` (PROJ-27, PROJ-246). The text is not rendered yet."""

    comment: str | None
    """None: dbt's default comment, unless `is_off`."""
    is_off: bool = False
    append: bool = False
    job_label: bool = False


class ProjectSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One project's settings; paths are relative to its root, with forward slashes."""

    name: str
    version: str | float | int | None = None
    profile: str | None = None
    model_paths: tuple[str, ...] = ("models",)
    seed_paths: tuple[str, ...] = ("seeds",)
    test_paths: tuple[str, ...] = ("tests",)
    analysis_paths: tuple[str, ...] = ("analyses",)
    macro_paths: tuple[str, ...] = ("macros",)
    snapshot_paths: tuple[str, ...] = ("snapshots",)
    function_paths: tuple[str, ...] = ("functions",)
    docs_paths: tuple[str, ...] = ("models", "seeds", "snapshots", "analyses", "macros", "tests")
    asset_paths: tuple[str, ...] = ()
    target_path: str = "target"
    log_path: str = "logs"
    packages_install_path: str = "dbt_packages"
    clean_targets: tuple[str, ...] = ("target",)
    quoting: dict[str, Any] = {}
    on_run_start: tuple[str, ...] = ()
    on_run_end: tuple[str, ...] = ()
    require_dbt_version: tuple[str, ...] = ()
    dispatch: tuple[Dispatch, ...] = ()
    configs: dict[str, dict[str, Any]] = {}
    """Config trees by their key in the file, rendered; `tests` is found under `data_tests`."""
    raw_configs: dict[str, dict[str, Any]] = {}
    """The same trees as written (PROJ-77)."""
    vars: dict[str, Any] = {}
    """Not rendered."""
    query_comment: QueryComment = QueryComment(comment=None)
    restrict_access: bool = False
    dbt_cloud: dict[str, Any] = {}
    flags: dict[str, Any] = {}

    @property
    def project_id(self) -> str:
        """The identifier in manifest metadata (PROJ-34)."""
        return hashlib.md5(self.name.encode(), usedforsecurity=False).hexdigest()

    @property
    def source_paths(self) -> tuple[str, ...]:
        """Every directory that may hold resources or property files, each once, in load order."""
        paths = (
            *self.model_paths, *self.seed_paths, *self.snapshot_paths, *self.analysis_paths,
            *self.macro_paths, *self.test_paths, *self.function_paths,
        )  # fmt: skip
        return tuple(dict.fromkeys(paths))
