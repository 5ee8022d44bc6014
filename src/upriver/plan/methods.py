"""The selection methods: which resources one criterion names, before graph operators.

Each method is a function from the material and a criterion to ids; `METHODS` is the only place
that knows them all. Comparison with published artifacts comes in as `StateAnswers`, so that no
method reads a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import msgspec

from upriver.graph.graph import Entry, Graph
from upriver.plan.matching import FqnPattern, glob_pattern, wildcard_match
from upriver.plan.method_names import METHOD_NAMES
from upriver.plan.spec import Criterion
from upriver.problems import Problem
from upriver.resources.nearest import nearest_hint


class StateAnswers(Protocol):
    """What a comparison with a baseline can say of one resource (deferral.md section 12)."""

    def is_new(self, unique_id: str) -> bool:
        """No counterpart in the baseline."""
        ...

    def is_modified(self, unique_id: str, part: str | None = None) -> bool:
        """Dbt's `state:modified`, or one part of it: `body`, `configs`, ..."""
        ...


class Material(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the methods may look at."""

    graph: Graph
    comparison: StateAnswers | None = None
    results: Mapping[str, str] | None = None
    """unique_id to status of the state's run results."""
    fresher_sources: frozenset[str] | None = None
    state_path: str | None = None
    """What `--state` names, for hints."""
    reached: Callable[[tuple[str, ...] | None], frozenset[str]] | None = None
    """What the modified models' changed columns reach, or columns of these names in them."""


class BadValue(Exception):  # noqa: N818 - private to this room, turned into a problem at its door
    """A criterion's value is not one the method knows."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


Ids = Iterator[str]
Method = Callable[[Material, Criterion], Ids]


def _bad(criterion: Criterion, message: str, hint: str | None = None) -> BadValue:
    return BadValue(
        Problem(
            code="selector-value",
            message=f"{message} in selector `{criterion.raw}`",
            hint=hint,
        )
    )


def _choice(criterion: Criterion, choices: tuple[str, ...]) -> str:
    value = str(criterion.value)
    if value not in choices:
        raise _bad(
            criterion,
            f'Got an invalid selector "{value}", expected one of {", ".join(choices)}',
            nearest_hint(value, choices),
        )
    return value


def _entries(material: Material) -> Iterator[Entry]:
    yield from material.graph.entries.values()


_NO_FQN = frozenset({"source", "group"})


def _fqn(material: Material, criterion: Criterion) -> Ids:
    value = str(criterion.value)
    if value == "*":
        yield from (e.unique_id for e in _entries(material) if e.kind not in _NO_FQN)
        return
    matches = FqnPattern(value).matches
    for entry in _entries(material):
        is_versioned = entry.version is not None and entry.kind == "model"
        if entry.kind not in _NO_FQN and matches(entry.fqn, is_versioned=is_versioned):
            yield entry.unique_id


def _tag(material: Material, criterion: Criterion) -> Ids:
    pattern = str(criterion.value)
    for entry in _entries(material):
        if any(wildcard_match(tag, pattern) for tag in entry.tags):
            yield entry.unique_id


_WITHOUT_GROUP_METHOD = frozenset({"semantic_model", "saved_query", "function"})
"""They may be in a group, and are not found by it, as observed."""


def _group(material: Material, criterion: Criterion) -> Ids:
    pattern = str(criterion.value)
    for entry in _entries(material):
        is_grouped = entry.group is not None and entry.kind not in _WITHOUT_GROUP_METHOD
        if is_grouped and wildcard_match(entry.group, pattern):
            yield entry.unique_id


def _access(material: Material, criterion: Criterion) -> Ids:
    value = str(criterion.value)
    return (e.unique_id for e in _entries(material) if e.kind == "model" and e.access == value)


def _source(material: Material, criterion: Criterion) -> Ids:
    parts = str(criterion.value).split(".")
    patterns = {1: ("*", parts[0], "*"), 2: ("*", *parts), 3: tuple(parts)}.get(len(parts))
    if patterns is None:
        raise _bad(
            criterion,
            "A source is named `source`, `source.table` or `package.source.table`,"
            f" not `{criterion.value}`",
        )
    for entry in _entries(material):
        if entry.kind != "source":
            continue
        names = (entry.package, entry.source_name, entry.name)
        if all(map(wildcard_match, names, patterns)):
            yield entry.unique_id


def _path(material: Material, criterion: Criterion) -> Ids:
    pattern = glob_pattern(str(criterion.value))
    ours: frozenset[str] | None = None
    for entry in _entries(material):
        path = pattern.match(entry.original_file_path)
        patch = pattern.match((entry.patch_path or "").partition("://")[2])
        # Directories of property files do not count (SEL-20).
        patch = None if patch is None or patch["below"] is not None else patch
        if path is None and patch is None:
            continue
        if entry.package != material.graph.facts.project_name:
            # Paths of packages start at the package, and dbt looks for them in the project.
            ours = _own_paths(material) if ours is None else ours
            found = [match for match in (path, patch) if match is not None]
            if not any(match.string.removesuffix(match["below"] or "") in ours for match in found):
                continue
        yield entry.unique_id


def _own_paths(material: Material) -> frozenset[str]:
    """Return files and directories of the root project that hold something."""
    root = material.graph.facts.project_name
    files = {entry.original_file_path for entry in _entries(material) if entry.package == root}
    files |= {
        (entry.patch_path or "").partition("://")[2]
        for entry in _entries(material)
        if (entry.patch_path or "").startswith(f"{root}://")
    }
    files |= {m.original_file_path for m in material.graph.macros.values() if m.package == root}
    parts = (file.split("/") for file in files)
    return frozenset("/".join(of[:end]) for of in parts for end in range(1, len(of) + 1))


def _file(material: Material, criterion: Criterion) -> Ids:
    pattern = str(criterion.value)
    for entry in _entries(material):
        name = entry.original_file_path.rpartition("/")[2]
        if wildcard_match(name, pattern) or wildcard_match(name.rpartition(".")[0], pattern):
            yield entry.unique_id


def _package(material: Material, criterion: Criterion) -> Ids:
    value = str(criterion.value)
    pattern = material.graph.facts.project_name if value == "this" else value
    return (e.unique_id for e in _entries(material) if wildcard_match(e.package, pattern))


_WITHOUT_CONFIG_METHOD = frozenset(
    {"exposure", "unit_test", "metric", "semantic_model", "saved_query", "function"}
)
"""Their configs are not matched, as observed."""


def _config(material: Material, criterion: Criterion) -> Ids:
    for entry in _entries(material):
        if entry.kind in _WITHOUT_CONFIG_METHOD:
            continue
        config = getattr(material.graph.resources[entry.unique_id], "config", None)
        if config is not None and _config_match(config, criterion.arguments, criterion.value):
            yield entry.unique_id


def _config_match(config: Mapping[str, Any], keys: tuple[str, ...], wanted: Any) -> bool:
    found: Any = config
    for key in keys:
        if not isinstance(found, Mapping) or key not in found:
            return False
        found = found[key]
    if isinstance(found, (list, tuple)):
        return wanted in found
    if isinstance(found, Mapping):
        return wanted in found
    if keys == ("severity",):
        return str(found).lower() == str(wanted).lower()
    if isinstance(found, bool) and isinstance(wanted, str):
        return wanted.lower() == str(found).lower()
    return bool(found == wanted) or (isinstance(wanted, str) and str(found) == wanted)


def _test_name(material: Material, criterion: Criterion) -> Ids:
    pattern = str(criterion.value)
    for entry in _entries(material):
        name = entry.name if entry.kind == "unit_test" else entry.test_name
        if wildcard_match(name, pattern):
            yield entry.unique_id


def _test_type(material: Material, criterion: Criterion) -> Ids:
    value = _choice(criterion, ("generic", "schema", "singular", "data", "unit"))
    for entry in _entries(material):
        if entry.kind == "unit_test":
            is_match = value == "unit"
        elif entry.kind == "test":
            is_generic = entry.test_name is not None
            is_match = value == "data" or is_generic == (value in ("generic", "schema"))
            is_match = is_match and value != "unit"
        else:
            is_match = False
        if is_match:
            yield entry.unique_id


def _resource_type(material: Material, criterion: Criterion) -> Ids:
    kinds = (
        "model", "seed", "snapshot", "analysis", "test", "operation", "sql_operation", "source",
        "exposure", "unit_test", "metric", "semantic_model", "saved_query", "function", "group",
        "macro", "doc", "rpc", "fixture",
    )  # fmt: skip
    value = _choice(criterion, kinds)
    return (e.unique_id for e in _entries(material) if e.kind == value)


def _named(kind: str) -> Method:
    def method(material: Material, criterion: Criterion) -> Ids:
        parts = str(criterion.value).split(".")
        if len(parts) > 2:  # noqa: PLR2004 - `package.name` has two parts
            raise _bad(criterion, f"Expected `name` or `package.name`, not `{criterion.value}`")
        package, name = ("*", parts[0]) if len(parts) == 1 else parts
        for entry in _entries(material):
            if (
                entry.kind == kind
                and wildcard_match(entry.name, name)
                and wildcard_match(entry.package, package)
            ):
                yield entry.unique_id

    return method


def _version(material: Material, criterion: Criterion) -> Ids:
    value = _choice(criterion, ("latest", "prerelease", "old", "none"))
    for entry in _entries(material):
        if entry.kind == "model" and _version_class(entry) == value:
            yield entry.unique_id


def _version_class(entry: Entry) -> str:
    if entry.version is None:
        return "none"
    if entry.version == entry.latest_version:
        return "latest"
    return "prerelease" if _is_later(entry.version, entry.latest_version) else "old"


def _is_later(version: Any, latest: Any) -> bool:
    try:
        return float(version) > float(latest)
    except (TypeError, ValueError):
        return str(version) > str(latest)


_STATE_PARTS = ("body", "configs", "persisted_descriptions", "relation", "macros", "contract",
                "semantic")  # fmt: skip
_STATE_VALUES = (
    "new",
    "old",
    "modified",
    "unmodified",
    "deleted",
    *(f"modified.{p}" for p in _STATE_PARTS),
    "modified.columns",
)


_COLUMNS = "modified.columns"


def _columns(criterion: Criterion) -> tuple[str, ...] | None:
    """Return the names behind `modified.columns:`, None without any."""
    names = str(criterion.value).removeprefix(_COLUMNS).removeprefix(":")
    found = tuple(name.strip().lower() for name in names.split(",") if name.strip())
    return found or None


def _state(material: Material, criterion: Criterion) -> Ids:
    is_by_column = str(criterion.value).partition(":")[0] == _COLUMNS
    value = _COLUMNS if is_by_column else _choice(criterion, _STATE_VALUES)
    comparison = material.comparison
    if comparison is None:
        raise BadValue(
            Problem(
                code="state-missing",
                message="Got a state selector method, but no comparison manifest",
                hint=_state_hint(material, "manifest.json"),
            )
        )
    if is_by_column and material.reached is not None:
        yield from material.reached(_columns(criterion))
        return
    if value == "deleted":
        # What is gone is in no graph; `ls` and `diff` list it, and nothing can be done with it.
        return
    part = value.partition(".")[2]
    for entry in _entries(material):
        if entry.kind in ("operation", "group"):
            continue
        if _state_match(comparison, entry.unique_id, value, part):
            yield entry.unique_id


def _state_match(comparison: StateAnswers, unique_id: str, value: str, part: str) -> bool:
    if part:
        return comparison.is_modified(unique_id, part)
    if value in ("new", "old"):
        return comparison.is_new(unique_id) == (value == "new")
    return comparison.is_modified(unique_id) == (value == "modified")


def _state_hint(material: Material, file: str) -> str:
    if material.state_path is None:
        return f"Pass `--state` with a directory that holds the `{file}` to compare with"
    return f"There is no `{file}` in `{material.state_path}`; it is relative to the project"


def _result(material: Material, criterion: Criterion) -> Ids:
    if material.results is None:
        raise BadValue(
            Problem(
                code="state-missing",
                message="No comparison run_results",
                hint=_state_hint(material, "run_results.json"),
            )
        )
    wanted = str(criterion.value)
    entries = material.graph.entries
    return (i for i, status in material.results.items() if status == wanted and i in entries)


def _source_status(material: Material, criterion: Criterion) -> Ids:
    if material.fresher_sources is None:
        raise BadValue(
            Problem(
                code="state-missing",
                message="No previous/current state comparison freshness results in sources.json",
                hint="`source_status:` needs `sources.json` both in the target directory and under"
                " `--state`",
            )
        )
    if criterion.value != "fresher":
        return
    for unique_id in material.graph.entries:
        if unique_id in material.fresher_sources:
            yield unique_id


METHODS: Mapping[str, Method] = {
    "access": _access,
    "config": _config,
    "exposure": _named("exposure"),
    "file": _file,
    "fqn": _fqn,
    "group": _group,
    "metric": _named("metric"),
    "package": _package,
    "path": _path,
    "resource_type": _resource_type,
    "result": _result,
    "saved_query": _named("saved_query"),
    "semantic_model": _named("semantic_model"),
    "source": _source,
    "source_status": _source_status,
    "state": _state,
    "tag": _tag,
    "test_name": _test_name,
    "test_type": _test_type,
    "unit_test": _named("unit_test"),
    "version": _version,
}

assert tuple(sorted(METHODS)) == METHOD_NAMES  # noqa: S101 - two tables that must agree
