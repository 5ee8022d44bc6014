"""Names and labels of the semantic layer: valid, and each used once where it must be."""

from __future__ import annotations

import re
from collections.abc import Iterable

from upriver.graph.drafts import Draft, Scope
from upriver.graph.semantic.layer import Report, SemanticLayer
from upriver.problems import Key
from upriver.resources.semantic import GRANULARITIES

_NAME = re.compile(r"[a-z](?!_|.*__)[a-z0-9]|[a-z](?!.*__)[a-z0-9_]*[a-z0-9]")
_RESERVED = ("metric_time", "mf_internal_uuid")
_KEYWORDS = frozenset(
    {
        "and", "as", "create", "distinct", "for", "from", "full", "having", "in", "inner", "into",
        "is", "join", "left", "like", "natural", "not", "null", "on", "or", "right", "select",
        "union", "using", "where", "with",
    }
)  # fmt: skip
"""Words that no warehouse takes for a name."""
_ELEMENTS = (("measures", "measure"), ("entities", "entity"), ("dimensions", "dimension"))


def check_names(scope: Scope, layer: SemanticLayer) -> None:
    """Check all names and labels."""
    for drafts, words in (
        (layer.models, "semantic model"),
        (layer.metrics, "metric"),
        (layer.queries, "saved query"),
    ):
        _check_top(scope, drafts, words)
    _check_labels(scope, layer.metrics, "metric")
    _check_labels(scope, layer.models, "semantic model")
    kinds: dict[str, tuple[str, str]] = {}
    labels: dict[str, tuple[str, str]] = {}
    for model in layer.models:
        report = Report(scope, model)
        _check_elements(report, model, kinds)
        _check_element_labels(report, model)
        _check_entity_labels(report, model, labels)
    _check_granularities(scope, layer, kinds)


def check_name(report: Report, name: str, *keys: Key) -> None:
    """Check that a name is one that queries can be made with."""
    hint = None
    if not _NAME.fullmatch(name):
        hint = (
            "Use at least two lower-case letters, digits and single underscores, beginning with a "
            "letter and not ending with an underscore"
        )
    elif name in GRANULARITIES:
        hint = "It is the name of a granularity; choose another"
    elif name in _RESERVED:
        hint = "MetricFlow uses the name itself; choose another"
    if hint is not None:
        report("semantic-name-invalid", f"`{name}` cannot be a name here", *keys, hint=hint)


def _check_top(scope: Scope, drafts: Iterable[Draft], words: str) -> None:
    known: dict[str, Draft] = {}
    for draft in drafts:
        report = Report(scope, draft)
        check_name(report, draft.name, "name")
        first = known.setdefault(draft.name, draft)
        if first is not draft:
            report(
                "semantic-name-twice",
                f"`{first.unique_id}` and `{draft.unique_id}` have the same name",
                "name",
                hint=f"Rename the {words} in one of the packages",
            )


def _check_labels(scope: Scope, drafts: Iterable[Draft], words: str) -> None:
    known: dict[str, str] = {}
    for draft in drafts:
        label = draft.values["label"]
        if label is None:
            continue
        first = known.setdefault(label, draft.name)
        if first != draft.name:
            Report(scope, draft)(
                "semantic-label-twice",
                f"The {words}s `{first}` and `{draft.name}` have the same label `{label}`",
                "label",
            )


def _check_elements(report: Report, model: Draft, kinds: dict[str, tuple[str, str]]) -> None:
    """Check the names of a model's elements; `kinds` are those of all models so far."""
    own: dict[str, str] = {}
    for key, words in _ELEMENTS:
        for at, element in enumerate(model.values[key]):
            name = element["name"]
            check_name(report, name, key, at, "name")
            if name.lower() in _KEYWORDS:
                report(
                    "semantic-name-invalid",
                    f"`{name}` is a word of SQL, and cannot be the name of a {words}",
                    key,
                    at,
                    "name",
                )
            if name in own:
                report(
                    "semantic-name-twice",
                    f"`{model.name}` has a {words} and a {own[name]} `{name}`"
                    if own[name] != words
                    else f"`{model.name}` has two elements `{name}`",
                    key,
                    at,
                    "name",
                )
            own.setdefault(name, words)
            first, where = kinds.setdefault(name, (words, model.name))
            if first != words and where != model.name:
                report(
                    "semantic-name-twice",
                    f"`{name}` is a {words} of `{model.name}` and a {first} of `{where}`",
                    key,
                    at,
                    "name",
                    hint="Elements of one name must be of one kind in all semantic models",
                )


def _check_element_labels(report: Report, model: Draft) -> None:
    for key, words in _ELEMENTS:
        known: set[str] = set()
        for at, element in enumerate(model.values[key]):
            label = element["label"]
            if label is not None and label in known:
                report(
                    "semantic-label-twice",
                    f"`{model.name}` has more than one {words} with the label `{label}`",
                    key,
                    at,
                    "label",
                )
            known.add(label)


def _check_entity_labels(report: Report, model: Draft, labels: dict[str, tuple[str, str]]) -> None:
    for at, entity in enumerate(model.values["entities"]):
        label = entity["label"]
        if label is None:
            continue
        first, where = labels.setdefault(entity["name"], (label, model.name))
        if first != label:
            report(
                "semantic-label-differs",
                f"The entity `{entity['name']}` has the label `{label}` in `{model.name}`, and "
                f"`{first}` in `{where}`",
                "entities",
                at,
                "label",
            )


def _check_granularities(
    scope: Scope, layer: SemanticLayer, kinds: dict[str, tuple[str, str]]
) -> None:
    taken = {name: words for name, (words, _) in kinds.items()}
    taken.update((draft.name, "metric") for draft in layer.metrics)
    taken.update((draft.name, "semantic model") for draft in layer.models)
    seen: set[str] = set()
    for spine in layer.spines:
        report = Report(scope, spine.draft)
        for name in spine.custom:
            check_name(report, name)
            if name in taken or name in seen:
                words = taken.get(name, "granularity of a time spine")
                report(
                    "semantic-name-twice",
                    f"The granularity `{name}` of `{spine.draft.name}` has the name of a {words}",
                )
            seen.add(name)
