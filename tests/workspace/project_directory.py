"""Write a small project to disk and open it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from upriver.problems import Problem
from upriver.workspace.inputs import Inputs
from upriver.workspace.workspace import Workspace, open_workspace

PROJECT = "name: shop\nprofile: shop\n"
PROFILES = "shop: {target: dev, outputs: {dev: {type: duckdb, path: shop.duckdb, threads: 4}}}\n"


def write(root: Path, files: Mapping[str, str]) -> Path:
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    return root


def write_project(root: Path, files: Mapping[str, str] | None = None) -> Path:
    return write(root, {"dbt_project.yml": PROJECT, "profiles.yml": PROFILES, **(files or {})})


def open_at(root: Path, **inputs: Any) -> tuple[Workspace | None, tuple[Problem, ...]]:
    return open_workspace(Inputs(**{"cwd": str(root), "home": str(root / "home"), **inputs}))


def opened(root: Path, **inputs: Any) -> Workspace:
    workspace, problems = open_at(root, **inputs)
    assert problems == ()
    assert workspace is not None
    return workspace


def codes(problems: tuple[Problem, ...]) -> list[str]:
    return [problem.code for problem in problems]
