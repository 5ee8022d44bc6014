"""What can be wrong with a project as a whole, or with one node in the light of all others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from upriver.graph.config import ADAPTER_KEYS, DEFAULTS, is_colour, wrong_types
from upriver.graph.contracts import (
    ENFORCING,
    bad_constraint_types,
    contract_mistakes,
    key_mistakes,
)
from upriver.graph.drafts import Draft, Scope
from upriver.graph.trees import unused_paths, written_keys
from upriver.problems import Span
from upriver.resources.nearest import misspelt, nearest_hint

_ACCESS = ("private", "protected", "public")
_BATCH_SIZES = ("hour", "day", "month", "year")
_BUILD_AFTER: Mapping[str, tuple[str, ...]] = {
    "period": ("minute", "hour", "day"),
    "updates_on": ("any", "all"),
}
_FUNCTION_WORDS: Mapping[str, tuple[str, ...]] = {
    "type": ("scalar", "aggregate", "table"),
    "volatility": ("deterministic", "stable", "non-deterministic"),
}
_REFABLE = ("model", "seed", "snapshot")
_MAY_HAVE_SPACES = frozenset(
    {"exposure", "source", "group", "unit_test", "metric", "semantic_model", "saved_query",
     "function"}
)  # fmt: skip
_OWN_SCHEMA_CHANGES = ("append_new_columns", "fail")


def distinct(scope: Scope, drafts: Iterable[Draft]) -> dict[str, Draft]:
    """Return drafts by unique_id; a second one of the same id is reported and left out."""
    known: dict[str, Draft] = {}
    for draft in drafts:
        first = known.setdefault(draft.unique_id, draft)
        if first is not draft:
            scope.report(
                "resource-twice",
                f"`{draft.unique_id}` is defined twice, in `{first.file}` and `{draft.file}`",
                draft.span,
                unique_id=draft.unique_id,
                hint="Rename or remove one of them"
                if draft.kind != "test"
                else "Give one of them a `name`, or remove it",
                related=(first.span,),
            )
    return known


def check_names(scope: Scope, drafts: Iterable[Draft]) -> None:
    """Check names that several nodes share, and names with spaces (PROJ-182..184)."""
    flags = scope.inputs.flags
    kinds: dict[tuple[str, str], Draft] = {}
    for draft in drafts:
        if " " in draft.name and draft.kind not in _MAY_HAVE_SPACES:
            scope.report(
                "name-with-spaces",
                f"The name of `{draft.unique_id}` contains a space",
                draft.span,
                unique_id=draft.unique_id,
                hint="Rename it with underscores",
                is_warning=not flags.require_resource_names_without_spaces,
                event="ResourceNamesWithSpacesDeprecation",
            )
        if draft.kind in _REFABLE:
            first = kinds.setdefault((draft.package, draft.name), draft)
            if first is not draft:
                _check_shared(scope, first, draft)


def _check_shared(scope: Scope, first: Draft, second: Draft) -> None:
    if first.kind != second.kind:
        scope.report(
            "name-of-two-kinds",
            f"`{first.unique_id}` and `{second.unique_id}` have the same name, so that a `ref` "
            "cannot tell them apart",
            second.span,
            unique_id=second.unique_id,
            hint="Rename one of them",
            related=(first.span,),
            is_warning=not scope.inputs.flags.require_unique_project_resource_names,
            event="DuplicateNameDistinctNodeTypesDeprecation",
        )
    elif (first.values.get("version") is None) != (second.values.get("version") is None):
        plain = first if first.values.get("version") is None else second
        scope.report(
            "model-with-and-without-versions",
            f"`{plain.name}` is a model with versions, and `{plain.file}` defines it without",
            plain.span,
            unique_id=plain.unique_id,
            hint="Rename the file, or make it one of the versions with `defined_in`",
            related=(second.span if plain is first else first.span,),
        )


def check_relations(scope: Scope, drafts: Iterable[Draft]) -> None:
    """Check that no two nodes are built under the same name (PROJ-181)."""
    relation = scope.names.relation
    known: dict[str, Draft] = {}
    for draft in drafts:
        if draft.kind not in _REFABLE:
            continue
        values = draft.values
        name = values["relation_name"] or relation(
            values["database"], values["schema"], values["alias"]
        )
        first = known.setdefault(name, draft)
        if first is not draft:
            scope.report(
                "relation-shared",
                f"`{first.unique_id}` and `{draft.unique_id}` would both be built as {name}",
                draft.span,
                unique_id=draft.unique_id,
                hint="Give one of them another `alias` or `schema`",
                related=(first.span,),
            )


def check_unused_paths(scope: Scope, drafts: Sequence[Draft]) -> None:
    """Warn of config trees that configure nothing (PROJ-67)."""

    def fqns(kind: str) -> set[tuple[str, ...]]:
        return {draft.values.get("fqn", ()) for draft in drafts if draft.kind == kind}

    for path in unused_paths(scope.inputs.packages, scope.inputs.root, fqns):
        scope.report(
            "config-path-unused",
            f"`{'.'.join(path)}` in `dbt_project.yml` applies to nothing",
            Span(file="dbt_project.yml", keys=path),
            hint="Remove it, or correct the path: it is the package's name, then directories",
            is_warning=True,
            event="UnusedResourceConfigPath",
        )


def check_tree_keys(scope: Scope) -> None:
    """Warn of keys in the root project's trees that hardly differ from one of dbt's."""
    for package in scope.inputs.packages:
        if package.name != scope.inputs.root:
            continue
        for kind, path, key in written_keys(package):
            near = _meant(kind, key)
            if near is not None:
                scope.report(
                    "config-key-unknown",
                    f"`{'.'.join(path)}` in `dbt_project.yml` is no config, and has no effect",
                    Span(file="dbt_project.yml", keys=path),
                    hint=f"Did you mean `{near}`? Values of your own belong into `+meta`",
                    is_warning=True,
                )


def _meant(kind: str, key: str) -> str | None:
    """Return the config that is meant by a key which is none; None for what may be meant so."""
    known = DEFAULTS.get(kind)
    if known is None or key in known or key in ADAPTER_KEYS:
        return None
    return misspelt(key, (*known, *ADAPTER_KEYS))


class NodeChecks:
    """Checks of one node; the same for a whole project and for one edited file."""

    def __init__(self, scope: Scope, groups: frozenset[str]) -> None:
        self._scope = scope
        self._groups = groups
        self._checked: set[int] = set()

    def check(self, draft: Draft) -> None:
        """Check a node's config and, for models and snapshots, what it must have."""
        config = draft.values.get("config")
        if config is None:
            return
        # Most nodes share their directory's config, which is checked once.
        if id(config) not in self._checked:
            self._checked.add(id(config))
            self._check_types(draft, config)
            self._check_keys(draft, config)
        group = draft.values.get("group")
        if group is not None and group not in self._groups:
            self._report(
                draft,
                "group-not-found",
                f"`{draft.unique_id}` is in the group `{group}`, which does not exist",
                nearest_hint(str(group), self._groups),
                "group",
            )
        check = _CHECKS.get(draft.kind)
        if check is not None:
            check(self, draft, config)

    def _report(
        self, draft: Draft, code: str, message: str, hint: str | None = None, key: str = ""
    ) -> None:
        span = draft.span_of(key)
        self._scope.report(code, message, span, unique_id=draft.unique_id, hint=hint)

    def _check_keys(self, draft: Draft, config: Mapping[str, Any]) -> None:
        """Warn of keys of nobody's that hardly differ from one of dbt's or an adapter's."""
        known = DEFAULTS.get(draft.kind)
        if known is None:
            return
        trees, fqn = self._scope.trees, draft.values.get("fqn") or ()
        for key in sorted(config.keys() - known.keys() - ADAPTER_KEYS):
            near = _meant(draft.kind, key)
            # What `dbt_project.yml` says is told once, at its place there.
            if near is not None and not trees.says(draft.kind, draft.package, fqn, key):
                self._scope.report(
                    "config-key-unknown",
                    f"`{draft.unique_id}` has the config `{key}`, which has no effect",
                    draft.span_of(key),
                    unique_id=draft.unique_id,
                    hint=f"Did you mean `{near}`? Values of your own belong into `meta`",
                    is_warning=True,
                )

    def _check_types(self, draft: Draft, config: Mapping[str, Any]) -> None:
        wrong = list(wrong_types(config))
        for key, words in wrong:
            self._report(
                draft,
                "config-value",
                f"`{key}` of `{draft.unique_id}` is `{config[key]!r}`, and must be {words}",
            )
        colour = (config.get("docs") or {}).get("node_color") if not wrong else None
        if colour is not None and not is_colour(colour):
            self._report(
                draft,
                "config-colour",
                f"`docs.node_color` of `{draft.unique_id}` is `{colour}`, which is no colour",
                "Use a name such as `teal`, or a number such as `#1a9988`",
            )
        severity = config.get("severity")
        if severity is not None and str(severity).lower() not in ("warn", "error"):
            self._report(
                draft,
                "config-value",
                f"`severity` of `{draft.unique_id}` is `{severity}`, and must be `warn` or "
                "`error`",
            )

    def check_model(self, draft: Draft, config: Mapping[str, Any]) -> None:
        """Check access, constraints, contract, microbatch and deprecation of a model."""
        access = config.get("access")
        if access not in _ACCESS:
            self._report(
                draft,
                "model-access",
                f"`{draft.unique_id}` has the access `{access}`",
                "It must be `private`, `protected` or `public`",
                "access",
            )
        elif access == "public" and config.get("materialized") == "ephemeral":
            self._report(
                draft,
                "model-access",
                f"`{draft.unique_id}` is public and ephemeral: others could not read it",
                "Materialize it as a view, or make it protected",
                "access",
            )
        if "columns" in draft.values or "constraints" in draft.values:
            self._check_constraints(draft)
        contract = config.get("contract")
        if isinstance(contract, dict) and contract.get("enforced"):
            self._check_contract(draft, config)
        if config.get("incremental_strategy") == "microbatch":
            self._check_microbatch(draft, config)
        if config.get("freshness"):
            self._check_freshness(draft, config["freshness"])
        date = draft.values.get("deprecation_date")
        today = self._scope.inputs.today
        if date is not None and today and date[: len(today)] <= today:
            self._scope.report(
                "model-deprecated",
                f"`{draft.unique_id}` is past its deprecation date of {date[:10]}",
                draft.span,
                unique_id=draft.unique_id,
                hint="Disable or remove it",
                is_warning=True,
                event="DeprecatedModel",
            )

    def _check_constraints(self, draft: Draft) -> None:
        columns = draft.values.get("columns", {})
        constraints = draft.values.get("constraints", ())
        if not constraints and not [one for one in columns.values() if one.constraints]:
            return
        for kind in bad_constraint_types(columns.values(), constraints):
            self._report(
                draft,
                "constraint-type-unknown",
                f"`{draft.unique_id}` has a constraint of type `{kind}`",
                "Types are `check`, `not_null`, `unique`, `primary_key`, `foreign_key`, `custom`",
            )
        for mistake in key_mistakes(columns, constraints):
            self._report(draft, "contract-invalid", f"In `{draft.unique_id}`, {mistake}")

    def _check_contract(self, draft: Draft, config: Mapping[str, Any]) -> None:
        columns = draft.values.get("columns", {})
        constraints = draft.values.get("constraints", ())
        for mistake in contract_mistakes(columns, draft.values["language"]):
            self._report(
                draft,
                "contract-invalid",
                f"`{draft.unique_id}` enforces a contract, but {mistake}",
                key="contract",
            )
        materialized, change = config.get("materialized"), config.get("on_schema_change")
        if materialized == "incremental" and change not in _OWN_SCHEMA_CHANGES:
            self._report(
                draft,
                "contract-invalid",
                f"`{draft.unique_id}` is incremental and enforces a contract, but its "
                f"`on_schema_change` is `{change}`",
                "Set `on_schema_change` to `append_new_columns` or `fail`",
                "contract",
            )
        every = [*constraints, *(one for c in columns.values() for one in c.constraints)]
        if materialized not in ENFORCING and any(one["warn_unsupported"] for one in every):
            self._scope.report(
                "constraints-ignored",
                f"`{draft.unique_id}` has constraints, which the materialization "
                f"`{materialized}` does not support",
                draft.span,
                unique_id=draft.unique_id,
                hint="Set `warn_unsupported: false` on them to say that this is known",
                is_warning=True,
                event="UnsupportedConstraintMaterialization",
            )

    def _check_freshness(self, draft: Draft, freshness: Any) -> None:
        """Check `build_after`, which needs a count and a period or neither (PROJ-107)."""
        after = freshness.get("build_after") if isinstance(freshness, Mapping) else None
        if not isinstance(after, Mapping):
            return
        for key, choices in _BUILD_AFTER.items():
            value = after.get(key)
            if value is not None and value not in choices:
                self._report_value(draft, f"freshness.build_after.{key}", value, choices)
        count = after.get("count")
        if count is not None and (isinstance(count, bool) or not isinstance(count, int)):
            self._report_value(draft, "freshness.build_after.count", count, ("a whole number",))
        if (count is None) != (after.get("period") is None):
            self._report(
                draft,
                "config-value",
                f"`freshness.build_after` of `{draft.unique_id}` has "
                f"{'a period and no count' if count is None else 'a count and no period'}",
                "Give both `count` and `period`",
            )

    def _report_value(self, draft: Draft, key: str, value: Any, choices: tuple[str, ...]) -> None:
        self._report(
            draft,
            "config-value",
            f"`{key}` of `{draft.unique_id}` is `{value}`, and must be {' or '.join(choices)}",
            nearest_hint(str(value), choices),
        )

    def check_function(self, draft: Draft, config: Mapping[str, Any]) -> None:
        """Check what kind of function it is (PROJ-135)."""
        for key, choices in _FUNCTION_WORDS.items():
            value = config.get(key)
            if value is not None and value not in choices:
                self._report_value(draft, key, value, choices)

    def _check_microbatch(self, draft: Draft, config: Mapping[str, Any]) -> None:
        if config.get("materialized") != "incremental":
            return
        if not isinstance(config.get("event_time"), str):
            self._report_microbatch(draft, "event_time", "the column that holds the time of a row")
        if config.get("begin") is None:
            self._report_microbatch(draft, "begin", "the first moment to build")
        size = config.get("batch_size")
        if size not in _BATCH_SIZES:
            self._report_microbatch(draft, "batch_size", f"one of {', '.join(_BATCH_SIZES)}")

    def _report_microbatch(self, draft: Draft, key: str, words: str) -> None:
        self._report(
            draft,
            "microbatch-incomplete",
            f"The microbatch model `{draft.unique_id}` needs `{key}`: {words}",
        )

    def _check_strategy(self, draft: Draft, strategy: Any) -> None:
        if not isinstance(strategy, str) or strategy in ("", "check", "timestamp"):
            return
        name = f"snapshot_{strategy.rpartition('.')[2]}_strategy"
        if not self._scope.macros.has(name):
            self._scope.report(
                "snapshot-strategy-unknown",
                f"The snapshot `{draft.unique_id}` has the strategy `{strategy}`, and there is no"
                f" macro `{name}`",
                draft.span_of("strategy"),
                unique_id=draft.unique_id,
                hint=nearest_hint(strategy, ("check", "timestamp")),
                is_warning=True,
            )

    def check_snapshot(self, draft: Draft, config: Mapping[str, Any]) -> None:
        """Check that a snapshot says how rows are told apart (PROJ-111, PROJ-112)."""
        strategy = config.get("strategy")
        needed = ["strategy", "unique_key"]
        if strategy == "check":
            needed.append("check_cols")
        elif strategy == "timestamp":
            needed.append("updated_at")
        for key in needed:
            if not config.get(key):
                self._report(
                    draft,
                    "snapshot-incomplete",
                    f"The snapshot `{draft.unique_id}` has no `{key}`",
                    f"Add `{key}` to its config",
                )
        self._check_strategy(draft, strategy)
        if config.get("materialized") not in (None, "snapshot"):
            self._report(
                draft,
                "snapshot-incomplete",
                f"The snapshot `{draft.unique_id}` is materialized as `{config['materialized']}`",
                "Remove `materialized`: a snapshot is always a snapshot",
            )


_CHECKS: Mapping[str, Callable[[NodeChecks, Draft, Mapping[str, Any]], None]] = {
    "model": NodeChecks.check_model,
    "snapshot": NodeChecks.check_snapshot,
    "function": NodeChecks.check_function,
}
