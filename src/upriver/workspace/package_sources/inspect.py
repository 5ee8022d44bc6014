"""What the project file of a fetched package says, before it is installed."""

from __future__ import annotations

from pathlib import Path

from upriver.problems import Problem, Span
from upriver.workspace.package_files.checks import is_package_name
from upriver.workspace.project_file import PROJECT_FILE, read_raw_project
from upriver.workspace.project_keys.values import Complaint, read_dbt_versions
from upriver.workspace.project_keys.version import supports


def project_name(path: Path, label: str, span: Span | None) -> str | Problem:
    """Return the name of the project in a package's directory."""
    if not (path / PROJECT_FILE).is_file():
        return Problem(
            code="package-without-project-file",
            message=f"The package `{label}` has no `{PROJECT_FILE}`",
            span=span,
            hint="Check its address; a project below the root needs a `subdirectory`",
        )
    raw, problems = read_raw_project(str(path), f"{label}/{PROJECT_FILE}")
    if raw is None:
        return problems[0]
    name = raw.body.get("name")
    if isinstance(name, str) and is_package_name(name):
        return name
    return Problem(
        code="package-without-name",
        message=f"The project of the package `{label}` has no usable `name`",
        span=span,
        hint=f"Its `{PROJECT_FILE}` must begin with `name: <name>`",
    )


def unsupported_version(path: Path, label: str, version: str) -> Problem | None:
    """Return a warning where the package says it does not work with this version of dbt."""
    raw, _ = read_raw_project(str(path), PROJECT_FILE)
    required = None if raw is None else raw.body.get("require-dbt-version")
    wanted = None if required is None else read_dbt_versions(required)
    if wanted is None or isinstance(wanted, Complaint) or supports(wanted, version):
        return None
    return Problem(
        code="dbt-version-unsupported",
        severity="warning",
        message=f"The package `{label}` requires dbt {', '.join(wanted)}, and upriver behaves as "
        f"dbt {version}",
        hint="Ask for another version of it; commands that load the project will refuse it unless "
        "`--no-version-check` is given",
    )
