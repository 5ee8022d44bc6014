"""From the calls of a draft to the unique_ids it depends on, and what is wrong with them.

Sources come first, then refs, each once, as in dbt's manifest. A test whose reference is missing
or disabled is disabled with it (PROJ-267); for everything else that is an error. Access is checked
here too (PROJ-226, PROJ-227): the tables of guarded and deprecated models are small, so the usual
case costs two look-ups.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from upriver.graph.drafts import Draft, Scope
from upriver.graph.refs import Answer, Guard, Named, Names, RefIndex, Resolver, add_node
from upriver.problems import Span
from upriver.resources.calls import RefCall, SourceCall
from upriver.resources.nearest import nearest_hint

_REFABLE = frozenset({"model", "seed", "snapshot"})


def names_of(scope: Scope, drafts: Iterable[Draft], disabled: Iterable[Draft]) -> Names:
    """Gather every name that can be referred to."""
    index = RefIndex()
    names = Names(index=index, guarded={}, deprecated={}, root=scope.inputs.root)
    for draft in drafts:
        if draft.kind in _REFABLE:
            _add(index.nodes, draft)
        elif draft.kind == "source":
            key = f"{draft.values['source_name']}.{draft.name}"
            index.sources.setdefault(key, {}).setdefault(draft.package, draft.unique_id)
        elif draft.kind == "metric":
            index.metrics.setdefault(draft.name, {}).setdefault(draft.package, draft.unique_id)
        elif draft.kind == "function":
            index.functions.setdefault(draft.name, {}).setdefault(draft.package, draft.unique_id)
        if draft.kind == "model":
            _guard(scope, names, draft)
    for draft in disabled:
        if draft.kind in _REFABLE:
            _add(index.disabled, draft)
        elif draft.kind == "source":
            key = f"{draft.values['source_name']}.{draft.name}"
            index.disabled_sources.setdefault(key, {}).setdefault(draft.package, draft.unique_id)
        elif draft.kind in ("metric", "function"):
            off = index.disabled_metrics if draft.kind == "metric" else index.disabled_functions
            off.setdefault(draft.name, {}).setdefault(draft.package, draft.unique_id)
    return names


def _add(table: dict[str, dict[str, Named]], draft: Draft) -> None:
    version = draft.values.get("version")
    latest = draft.values.get("latest_version")
    add_node(
        table,
        name=draft.name,
        package=draft.package,
        unique_id=draft.unique_id,
        version=version,
        is_latest=version is not None and str(version) == str(latest),
    )


def _guard(scope: Scope, names: Names, draft: Draft) -> None:
    access = draft.values["access"]
    is_restricted = scope.packages[draft.package].is_access_restricted
    if access == "private" or (access == "protected" and is_restricted):
        names.guarded[draft.unique_id] = Guard(access, draft.values["group"], draft.package)
    date = draft.values.get("deprecation_date")
    if date is not None:
        names.deprecated[draft.unique_id] = date


class References:
    """Resolves the references of drafts and reports what is wrong with them."""

    def __init__(self, scope: Scope, names: Names) -> None:
        self._scope = scope
        self._names = names
        flags = scope.inputs.flags
        self._is_own_first = flags.require_ref_searches_node_package_before_root
        self._resolver = Resolver(
            names.index, names.root, is_node_package_first=self._is_own_first
        )

    def resolve(self, draft: Draft) -> tuple[tuple[str, ...], bool]:
        """Return what a draft depends on, and whether something of that is not there."""
        found: dict[str, None] = {}
        is_lost = False
        resolver = self._resolver
        for source in dict.fromkeys(draft.sources):
            answer = resolver.source(source, draft.package)
            if answer.unique_id is not None and answer.status == "found":
                found[answer.unique_id] = None
            else:
                self._report_source(draft, source, answer)
                is_lost = True
        for call in dict.fromkeys(draft.refs):
            answer = resolver.ref(call, draft.package)
            if answer.unique_id is not None and answer.status == "found":
                found[answer.unique_id] = None
                self._check_use(draft, call, answer.unique_id)
            else:
                self._report_ref(draft, call, answer)
                is_lost = True
        if draft.metrics or draft.functions:
            is_lost = not self._resolve_named(draft, found) or is_lost
        return tuple(found), is_lost

    def _resolve_named(self, draft: Draft, found: dict[str, None]) -> bool:
        """Add the metrics and functions a draft uses; false if one is missing."""
        resolver, index = self._resolver, self._resolver.index
        is_whole = True
        for kind, calls, look_up, names in (
            ("metric", draft.metrics, resolver.metric, index.metrics),
            ("function", draft.functions, resolver.function, index.functions),
        ):
            for call in calls:
                answer = look_up(call, draft.package)
                if answer.unique_id is not None and answer.status == "found":
                    found[answer.unique_id] = None
                else:
                    is_whole = False
                    self._report_named(draft, kind, call, answer, names)
        return is_whole

    def _report_named(
        self, draft: Draft, kind: str, call: RefCall, answer: Answer, names: Iterable[str]
    ) -> None:
        package = f"'{call.package}', " if call.package is not None else ""
        shown = f"{kind}({package}'{call.name}')"
        span = self._span(draft, call.name)
        if answer.status == "disabled":
            self._report_disabled(draft, shown, answer, span, is_source=True)
            return
        is_test = draft.kind == "test"
        self._scope.report(
            "metric-not-found" if kind == "metric" else "function-not-found",
            f"`{draft.unique_id}` uses `{shown}`, which does not exist",
            span,
            unique_id=draft.unique_id,
            hint=nearest_hint(call.name, names),
            is_warning=is_test,
            event="NodeNotFoundOrDisabled" if is_test else None,
        )

    def _check_use(self, draft: Draft, call: RefCall, target: str) -> None:
        names = self._names
        if draft.package != names.root and call.package is None and not self._is_own_first:
            self._check_direction(draft, call, target)
        guard = names.guarded.get(target)
        if guard is not None and draft.kind != "unit_test":
            self._check_access(draft, call, target, guard)
        if target in names.deprecated and draft.kind == "model":
            self._check_deprecation(draft, call, target)

    def _check_direction(self, draft: Draft, call: RefCall, target: str) -> None:
        if target.split(".", 2)[1] != self._names.root:
            return
        self._scope.report(
            "package-refers-to-root",
            f"`{draft.unique_id}` of package `{draft.package}` refers to `{call.name}`, which is "
            "found in the root project",
            self._span(draft, call.name),
            unique_id=draft.unique_id,
            hint="Set the flag `require_ref_searches_node_package_before_root`",
            is_warning=True,
            event="PackageNodeDependsOnRootProjectNode",
        )

    def _check_access(self, draft: Draft, call: RefCall, target: str, guard: Guard) -> None:
        if guard.access == "private":
            group = draft.values.get("group")
            if group is not None and group == guard.group:
                return
            owner = f"group `{guard.group}`" if guard.group else "a group it does not name"
            message = f"`{draft.unique_id}` refers to `{target}`, which is private to {owner}"
        else:
            if draft.package == guard.package:
                return
            message = (
                f"`{draft.unique_id}` refers to `{target}`, which is protected, and package "
                f"`{guard.package}` restricts access"
            )
        self._scope.report(
            "ref-not-allowed",
            message,
            self._span(draft, call.name),
            unique_id=draft.unique_id,
            hint=f"Give `{call.name}` the access `public`"
            + (", or put both into one group" if guard.access == "private" else ""),
        )

    def _check_deprecation(self, draft: Draft, call: RefCall, target: str) -> None:
        date = self._names.deprecated[target]
        today = self._scope.inputs.today
        if not today:
            return
        is_past = date[: len(today)] <= today
        self._scope.report(
            "ref-deprecated",
            f"`{draft.unique_id}` refers to `{target}`, which "
            + (f"was deprecated on {date[:10]}" if is_past else f"will be on {date[:10]}"),
            self._span(draft, call.name),
            unique_id=draft.unique_id,
            is_warning=True,
            event="DeprecatedReference" if is_past else "UpcomingReferenceDeprecation",
        )

    def _report_ref(self, draft: Draft, call: RefCall, answer: Answer) -> None:
        shown = shown_ref(call)
        span = self._span(draft, call.name)
        if answer.status == "ambiguous":
            listed = ", ".join(f"`{one}`" for one in answer.candidates)
            self._scope.report(
                "ref-ambiguous",
                f"`{draft.unique_id}` refers to `{shown}`, which may be any of {listed}",
                span,
                unique_id=draft.unique_id,
                hint=f"Name the package: `ref('{answer.candidates[0].split('.', 2)[1]}', "
                f"'{call.name}')`",
            )
        elif answer.status == "disabled":
            self._report_disabled(draft, shown, answer, span, is_source=False)
        else:
            is_test = draft.kind == "test"
            self._scope.report(
                "ref-not-found",
                f"`{draft.unique_id}` refers to `{shown}`, which does not exist",
                span,
                unique_id=draft.unique_id,
                hint=self._resolver.hint(call),
                is_warning=is_test,
                event="NodeNotFoundOrDisabled" if is_test else None,
            )

    def _report_source(self, draft: Draft, call: SourceCall, answer: Answer) -> None:
        shown = f"source('{call.source}', '{call.table}')"
        span = self._span(draft, call.table)
        if answer.status == "disabled":
            self._report_disabled(draft, shown, answer, span, is_source=True)
            return
        is_test = draft.kind == "test"
        self._scope.report(
            "source-not-found",
            f"`{draft.unique_id}` reads `{shown}`, which is declared "
            + ("in several packages" if answer.status == "ambiguous" else "nowhere"),
            span,
            unique_id=draft.unique_id,
            hint=self._resolver.source_hint(call),
            is_warning=is_test,
            event="NodeNotFoundOrDisabled" if is_test else None,
        )

    def _report_disabled(
        self, draft: Draft, shown: str, answer: Answer, span: Span, *, is_source: bool
    ) -> None:
        # dbt says nothing of a test that is disabled along with the node it tests.
        if draft.kind == "test" and not is_source:
            return
        is_test = draft.kind == "test"
        self._scope.report(
            "reference-disabled",
            f"`{draft.unique_id}` refers to `{shown}`, and `{answer.unique_id}` is disabled",
            span,
            unique_id=draft.unique_id,
            hint="Enable it, or disable what refers to it",
            is_warning=is_test,
            event="InvalidDisabledTargetInTestNode" if is_test else None,
        )

    def _span(self, draft: Draft, word: str) -> Span:
        return place_of_call(draft, word)


def place_of_call(draft: Draft, *names: str) -> Span:
    """Return the line of the first call that has one of the names, where the draft has code."""
    code = draft.values.get("raw_code")
    if not code or draft.keys or draft.file.endswith((".yml", ".yaml")):
        return draft.span
    words = "|".join(map(re.escape, names))
    match = re.search(rf"\b(?:ref|source|metric|function)\s*\([^)]*['\"](?:{words})['\"]", code)
    if match is None:
        return draft.span
    line = draft.values.get("line", 1) + code.count("\n", 0, match.start())
    return Span(file=draft.file, line=line)


def shown_ref(call: RefCall) -> str:
    """Return a call as one would write it."""
    package = f"'{call.package}', " if call.package is not None else ""
    version = f", v={call.version}" if call.version is not None else ""
    return f"ref({package}'{call.name}'{version})"
