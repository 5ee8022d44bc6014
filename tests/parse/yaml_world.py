"""The least a property file may ask of the outside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from upriver.jinja.world import Found
from upriver.parse.properties import parse_properties
from upriver.resources.definitions import ParsedFile
from upriver.resources.files import SourceFile


class YamlWorld:
    project_name = "shop"

    def __init__(
        self,
        variables: Mapping[str, Any] | None = None,
        env: Mapping[str, str] | None = None,
        flags: Mapping[str, Any] | None = None,
    ) -> None:
        self.variables = variables or {}
        self.env = env or {}
        self.flags = flags or {}
        self.asked: list[str] = []

    def var(self, name: str, package: str) -> Found:
        self.asked.append(f"var {package} {name}")
        return Found(is_found=name in self.variables, value=self.variables.get(name))

    def env_var(self, name: str) -> str | None:
        self.asked.append(f"env {name}")
        return self.env.get(name)

    def target(self) -> Mapping[str, Any]:
        self.asked.append("target")
        return {"name": "dev", "schema": "main", "type": "duckdb"}

    def flag(self, name: str) -> Found:
        return Found(is_found=name in self.flags, value=self.flags.get(name))

    def remember(self, _key: str, make: Callable[[], Any]) -> Any:
        return make()


def parse_yaml(text: str, world: YamlWorld | None = None) -> ParsedFile:
    file = SourceFile(
        package="shop",
        kind="properties",
        path="models/schema.yml",
        search_path="models",
        absolute="/shop/models/schema.yml",
        size=len(text),
        mtime_ns=0,
        inode=0,
    )
    return parse_properties(file, text, world or YamlWorld())  # type: ignore[arg-type]


def codes(parsed: ParsedFile) -> list[str]:
    return [problem.code for problem in parsed.problems]


def places(parsed: ParsedFile) -> list[tuple[str | int, ...]]:
    return [problem.span.keys for problem in parsed.problems if problem.span is not None]
