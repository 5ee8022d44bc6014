"""The selection methods by name, and how a value without a method is read (SEL-9, SEL-15..35)."""

from __future__ import annotations

from collections.abc import Mapping

METHOD_NAMES: tuple[str, ...] = (
    "access",
    "config",
    "exposure",
    "file",
    "fqn",
    "group",
    "metric",
    "package",
    "path",
    "resource_type",
    "result",
    "saved_query",
    "semantic_model",
    "source",
    "source_status",
    "state",
    "tag",
    "test_name",
    "test_type",
    "unit_test",
    "version",
)

DEFAULT_METHODS: Mapping[str, str] = {"path": "path", "file": "file", "name": "fqn"}
