"""Unit tests: one per version of their model, with the rows of their fixtures (PROJ-208..222)."""

from __future__ import annotations

import csv
import datetime
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from upriver.digest import digest_text
from upriver.graph.drafts import Draft, Scope, resolve_config
from upriver.problems import Span
from upriver.resources.calls import RefCall
from upriver.resources.definitions import FixtureDefinition, YamlDefinition
from upriver.resources.nearest import nearest_hint
from upriver.resources.nodes import UnitTest

_FORMATS = {"dict": "Dict", "csv": "CSV", "sql": "SQL"}


class Fixtures:
    """Files of rows by package and name (PROJ-221)."""

    def __init__(self, definitions: Iterable[FixtureDefinition]) -> None:
        self._by_name = {(one.package, one.name): one for one in definitions}

    def find(self, package: str, name: str) -> FixtureDefinition | None:
        """Return a fixture of the package."""
        return self._by_name.get((package, name))

    def hint(self, package: str, name: str) -> str | None:
        """Return the nearest name."""
        return nearest_hint(name, [known for place, known in self._by_name if place == package])


def draft_unit_tests(
    scope: Scope, definition: YamlDefinition, fixtures: Fixtures, models: Sequence[Draft]
) -> list[Draft]:
    """Draft a unit test; `models` are the versions of its model, or the model alone."""
    span = Span(file=scope.place(definition.package, definition.path), keys=definition.keys)
    chosen = _chosen(scope, definition, models, span)
    if not chosen:
        return []
    body = _filled(scope, definition, fixtures, span)
    return [_draft(scope, definition, body, model, span) for model in chosen]


def _chosen(
    scope: Scope, definition: YamlDefinition, models: Sequence[Draft], span: Span
) -> list[Draft]:
    name, model = definition.name, definition.body["model"]
    if not models:
        scope.report(
            "unit-test-model-not-found",
            f"The unit test `{name}` tests `{model}`, and package `{definition.package}` has no "
            "such model",
            span,
        )
        return []
    versions = definition.body.get("versions") or {}
    include, exclude = versions.get("include"), versions.get("exclude")
    if not include and not exclude:
        return list(models)
    if models[0].values["version"] is None:
        scope.report(
            "unit-test-versions",
            f"The unit test `{name}` chooses versions of `{model}`, which has none",
            span,
            hint="Remove `versions`",
        )
        return []
    known = [one.values["version"] for one in models]
    for version in (*(include or ()), *(exclude or ())):
        if version not in known:
            listed = ", ".join(f"`{one}`" for one in known)
            scope.report(
                "unit-test-versions",
                f"The unit test `{name}` names version `{version}` of `{model}`, which it does "
                "not have",
                span,
                hint=f"Its versions are {listed}",
            )
            return []
    return [
        one
        for one in models
        if (not include or one.values["version"] in include)
        and one.values["version"] not in (exclude or ())
    ]


def _filled(
    scope: Scope, definition: YamlDefinition, fixtures: Fixtures, span: Span
) -> dict[str, Any]:
    """Return the parts of a unit test with rows read and every key given."""
    body = definition.body
    given: list[dict[str, Any]] = []
    read: list[Any] = []
    for item in body.get("given") or ():
        part = {"input": item.get("input"), **_rows(scope, definition, item, fixtures, span)}
        given.append(part)
        if part["fixture"] is not None:
            read.append(part["rows"])
    expect = _rows(scope, definition, body["expect"], fixtures, span)
    overrides = body.get("overrides")
    if overrides is not None:
        overrides = {key: overrides.get(key) or {} for key in ("macros", "vars", "env_vars")}
    versions = body.get("versions")
    if versions is not None:
        versions = {key: versions.get(key) for key in ("include", "exclude")}
    return {
        "given": tuple(given),
        "expect": expect,
        "overrides": overrides,
        "versions": versions,
        "checksum": _checksum(body["model"], versions, given, expect, overrides, read),
    }


def _rows(
    scope: Scope,
    definition: YamlDefinition,
    written: Mapping[str, Any],
    fixtures: Fixtures,
    span: Span,
) -> dict[str, Any]:
    kind = written.get("format") or "dict"
    rows = written.get("rows")
    name = written.get("fixture")
    if rows is None and name is not None:
        file = fixtures.find(definition.package, str(name))
        if file is None:
            scope.report(
                "unit-test-fixture-not-found",
                f"The unit test `{definition.name}` reads the fixture `{name}`, and there is no "
                "such file",
                span,
                hint=fixtures.hint(definition.package, str(name)),
            )
        else:
            rows = file.text
    if kind == "csv" and isinstance(rows, str):
        rows = csv_rows(rows)
    if isinstance(rows, list):
        rows = full_row_first([{key: _as_said(row[key]) for key in row} for row in rows])
    return {"rows": rows, "format": kind, "fixture": name}


def csv_rows(text: str) -> list[dict[str, Any]]:
    """Read CSV text; cells are text, empty ones null (PROJ-212)."""
    reader = csv.DictReader(io.StringIO(text.strip("\ufeff\r\n "), newline=""))
    return [
        {key.strip(): (cell.strip() or None) if cell is not None else None
         for key, cell in row.items() if key is not None}
        for row in reader
    ]  # fmt: skip


def _as_said(cell: Any) -> Any:
    """Return a cell with the dates that YAML made of text as text again, as dbt has them."""
    return cell.isoformat() if isinstance(cell, datetime.date) else cell


def full_row_first(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Swap the first row with the first that has no null: types are read off the first row."""
    if not rows or None not in rows[0].values():
        return rows
    for index, row in enumerate(rows):
        if None not in row.values():
            return [row, *rows[1:index], rows[0], *rows[index + 1 :]]
    return rows


def _draft(
    scope: Scope, definition: YamlDefinition, body: dict[str, Any], model: Draft, span: Span
) -> Draft:
    package, path, name = definition.package, definition.path, definition.name
    tested = definition.body["model"]
    fqn = (package, *scope.directories(package, path), tested, name)
    said: Mapping[str, Any] = definition.body.get("config") or {}
    resolved = resolve_config(
        scope, "unit_test", package, fqn, yaml=said, raw_yaml=said, in_file={}, raw_in_file={}
    )
    version = model.values["version"]
    suffix = "" if version is None else f"_v{version}"
    unique_id = f"unit_test.{package}.{tested}.{name}{suffix}"
    config = resolved.config
    if not model.is_enabled:
        config = {**config, "enabled": False}
    is_enabled = config["enabled"] is not False
    description, _ = scope.descriptions.render(
        str(definition.body.get("description") or ""), package, span, unique_id
    )
    return Draft(
        type=UnitTest,
        kind="unit_test",
        unique_id=unique_id,
        name=name,
        package=package,
        is_enabled=is_enabled,
        values={
            "unique_id": unique_id,
            "name": name,
            "package": package,
            "path": scope.below_search_path(package, path),
            "original_file_path": path,
            "fqn": fqn,
            "model": tested,
            "description": description,
            "version": version,
            "config": config,
            "tags": resolved.tags,
            "schema": model.values["schema"] if is_enabled else None,
            **body,
        },
        refs=(RefCall(name=tested, package=package, version=version),),
        file=span.file,
        keys=definition.keys,
    )


def _checksum(
    model: str,
    versions: Mapping[str, Any] | None,
    given: Sequence[Mapping[str, Any]],
    expect: Mapping[str, Any],
    overrides: Mapping[str, Any] | None,
    read: Sequence[Any],
) -> str:
    """Return dbt's checksum: a digest of the parts' reprs (PROJ-222)."""
    inputs = ", ".join(
        f"UnitTestInputFixture(input={item['input']!r}, {_shown_rows(item)})" for item in given
    )
    parts = [
        model,
        "None" if versions is None else f"UnitTestNodeVersions({_shown(versions)})",
        f"[{inputs}]",
        f"UnitTestOutputFixture({_shown_rows(expect)})",
        "None" if overrides is None else f"UnitTestOverrides({_shown(overrides)})",
        *(str(rows) for rows in read),
    ]
    return digest_text("-".join(parts))


def _shown_rows(part: Mapping[str, Any]) -> str:
    kind = part["format"]
    shown = f"<UnitTestFormat.{_FORMATS.get(kind, kind)}: {kind!r}>"
    return f"rows={part['rows'] or []!r}, format={shown}, fixture={part['fixture']!r}"


def _shown(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={value!r}" for key, value in values.items())
