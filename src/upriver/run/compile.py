"""Compile one step: render its code with the relations the plan chose.

Every reference is a look-up in `Step.inputs`. Ephemeral parents are rendered here too, each with
its own part of the inputs, and put in front as CTEs (CLI-134).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from upriver.jinja.context import build_context, call_macro, render
from upriver.jinja.errors import CompilationError, Origin
from upriver.jinja.native import render_native
from upriver.jinja.plain import render_plain
from upriver.jinja.scope import Context
from upriver.jinja.subject import Overrides, Subject
from upriver.plan.plan import Decision, Step
from upriver.resources.nodes import Model, Node, Test
from upriver.run.batches import Batch
from upriver.run.ctes import cte_name, cte_text, inject_ctes
from upriver.run.events import Inlined
from upriver.run.narrowing import EVERYTHING, Narrowing, narrowing_of
from upriver.run.relations import cte_relation, decided_relation
from upriver.run.resolve import InputResolver, LocalDecisions
from upriver.run.subjects import node_subject
from upriver.run.world import RunWorld

_BARE_CALL = re.compile(r"\s*(?:ref|source|var|env_var|doc)\s*\(.+\)\s*", re.DOTALL)
_PYTHON_ENDING = "py_script_postfix"
TEST_ARGUMENTS = "_dbt_generic_test_kwargs"
"""The name under which a generic test's code finds its arguments (PROJ-204)."""


class Cte(msgspec.Struct, frozen=True):
    """An ephemeral parent, inlined."""

    unique_id: str
    name: str
    sql: str
    """The parent's own code, before anything is inlined into it."""


class CompiledStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step's code, ready to be sent or wrapped by a materialization."""

    unique_id: str
    code: str
    """With ephemeral parents inlined."""
    ctes: tuple[Cte, ...] = ()
    """In the order in which they stand, nested ones before those that read them."""
    inlined: tuple[Inlined, ...] = ()
    """The ephemeral models among them, as compiled by themselves; none without a writer."""

    @property
    def extra_ctes(self) -> tuple[tuple[str, str], ...]:
        """unique_id and text of each CTE, as manifests list them (ART-46)."""
        return tuple((cte.unique_id, cte_text(cte.name, cte.sql)) for cte in self.ctes)


def with_ctes(unique_id: str, code: str, ctes: Sequence[Cte]) -> CompiledStep:
    """Return code with queries inlined in front of it."""
    listed = [cte_text(cte.name, cte.sql) for cte in ctes]
    return CompiledStep(unique_id=unique_id, code=inject_ctes(code, listed), ctes=tuple(ctes))


def compile_step(step: Step, world: RunWorld, node: Node | None = None) -> CompiledStep:
    """Render the code of the step's node (or of `node`); raises CompilationError."""
    return Compiler(step, world).compile(node or node_of(step, world))


def compile_apart(step: Step, world: RunWorld, names: Mapping[str, Any]) -> tuple[Inlined, ...]:
    """Compile an ephemeral model that no step inlined, and what it inlines itself."""
    writer = world.setting.writer
    if writer is None:
        return ()
    node = node_of(step, world)
    made = Compiler(step, world, names).compile(node)
    path = writer.write_once("compiled", node.package, code_path(node), made.code)
    own = Inlined(
        unique_id=node.unique_id,
        code=made.code,
        compiled_path=path,
        extra_ctes=made.extra_ctes,
    )
    return (*made.inlined, own)


def node_of(step: Step, world: RunWorld) -> Node:
    """Return the node a step is about."""
    node = world.setting.graph.resources[step.unique_id]
    if not isinstance(node, Node):
        raise TypeError(f"{step.unique_id} has no code")
    if step.is_whole and node.config.get("full_refresh") is None:
        return msgspec.structs.replace(node, config={**node.config, "full_refresh": True})
    return node


def make_resolver(
    world: RunWorld,
    package: str,
    name: str,
    decisions: Mapping[str, Decision],
    seen: dict[str, None] | None = None,
    narrowing: Narrowing = EVERYTHING,
    on_read: Callable[[Decision], None] | None = None,
) -> InputResolver:
    """Return what answers references with relations; ephemeral ones are noted in `seen`."""
    resources = world.setting.graph.resources

    def make(decision: Decision) -> Any:
        if on_read is not None:
            on_read(decision)
        window = None
        if narrowing.window is not None:
            window = narrowing.filter_of(resources.get(decision.target))
        if decision.place != "inlined":
            allowed = _allowed(world, decision, name)
            return decided_relation(world, allowed, limit=narrowing.limit, window=window)
        if seen is not None:
            seen[decision.target] = None
        inlined = _identifier(world, decision.target)
        return cte_relation(world, inlined, limit=narrowing.limit, window=window)

    entries = world.setting.graph.entries
    return InputResolver(package, name, decisions, entries, make, root=world.project_name)


def _allowed(world: RunWorld, decision: Decision, reader: str) -> Decision:
    """Ask the rules about a source that no plan could see: only a macro names it."""
    denials = world.setting.denials
    if denials is None or decision.place not in ("here", "source"):
        return decision
    entry = world.setting.graph.entries[decision.target]
    rule = denials.of_source(decision.target) if entry.kind == "source" else None
    if rule is None or entry.relation is None:
        return decision
    masked = denials.masked(rule, entry.relation)
    if masked is None:
        raise CompilationError(
            f"`{reader}` reads {entry.relation_name}, which the rule `{rule.name}` denies",
            code="deferral-denied",
            hint="Let the rule name a masked or sampled relation with `use:`",
        )
    return msgspec.structs.replace(
        decision, place="masked", reason="masked", relation=masked[0], relation_name=masked[1]
    )


def any_reference(
    world: RunWorld,
    decided: tuple[Decision, ...] = (),
    on_read: Callable[[Decision], None] | None = None,
) -> InputResolver:
    """Return a resolver for what is not a node: it may read every resource of the project.

    `on_read` is told of each reference before its relation is given away.
    """
    entries = world.setting.graph.entries
    decisions = LocalDecisions(entries, entries, decided)
    return make_resolver(world, world.project_name, "operation", decisions, on_read=on_read)


class Compiler:
    """Renders a step's node and, once each, the ephemeral models it reads."""

    def __init__(
        self,
        step: Step,
        world: RunWorld,
        names: Mapping[str, Any] | None = None,
        narrowing: Narrowing | None = None,
        overrides: Overrides = Overrides(),  # noqa: B008 (frozen)
        batch: Batch | None = None,
    ) -> None:
        """`names` are further names for the step's own templates."""
        self._world = world
        self._names = names or {}
        self._narrowing = narrowing or narrowing_of(world.setting.settings)
        self._overrides = overrides
        self._batch = batch
        self._decisions = {decision.target: decision for decision in step.inputs}
        self._ctes: dict[str, tuple[Cte, tuple[str, ...]]] = {}
        """By unique_id: the CTE and the ephemeral models it reads itself."""
        self._inlined: list[Inlined] = []

    def compile(self, node: Node) -> CompiledStep:
        """Render the node with its ephemeral parents inlined."""
        code, inlined = self._render(node)
        compiled = self._finish(node, code, inlined)
        if not self._inlined:
            return compiled
        return msgspec.structs.replace(compiled, inlined=tuple(self._inlined))

    def own_code(self, node: Node) -> str:
        """Render the node's code as it stands: ephemeral parents are names that nothing defines."""
        return self._render(node)[0]

    def resolver(self, node: Node, seen: dict[str, None] | None = None) -> InputResolver:
        """Return what answers the node's references; ephemeral ones are noted in `seen`."""
        decisions = {
            target: self._decisions[target]
            for target in node.depends_on
            if target in self._decisions
        }
        return make_resolver(
            self._world, node.package, node.name, decisions, seen, self._narrowing
        )

    def _render(self, node: Node) -> tuple[str, tuple[str, ...]]:
        seen: dict[str, None] = {}
        resolver = self.resolver(node, seen)
        subject = node_subject(
            node,
            self._world,
            resolver,
            names=self._names,
            overrides=self._overrides,
            batch=self._batch,
        )
        if node.language == "python":
            return self._python_code(node, subject), ()
        if isinstance(node, Test) and node.test_name is not None:
            code = _render_generic_test(node, subject, self._world)
        else:
            code = _rendered(node, build_context(self._world, subject))
        return code, tuple(seen)

    def _python_code(self, node: Node, subject: Subject) -> str:
        """Append to a Python model what its `dbt` object needs (JINJA-181); a function has none."""
        if not isinstance(node, Model):
            return node.raw_code
        model = None if subject.model is None else subject.model()
        added = call_macro(_PYTHON_ENDING, self._world, subject, (model,))
        return f"{node.raw_code}\n{added}"

    def _finish(self, node: Node, code: str, inlined: tuple[str, ...]) -> CompiledStep:
        ctes = self._in_order(inlined)
        if not ctes:
            return CompiledStep(unique_id=node.unique_id, code=code)
        return with_ctes(node.unique_id, code, ctes)

    def _in_order(self, inlined: tuple[str, ...]) -> list[Cte]:
        order: dict[str, Cte] = {}
        for unique_id in inlined:
            self._add(unique_id, order)
        return list(order.values())

    def _add(self, unique_id: str, order: dict[str, Cte]) -> None:
        if unique_id in order:
            return
        cte, nested = self._cte(unique_id)
        for below in nested:
            self._add(below, order)
        order[unique_id] = cte

    def _cte(self, unique_id: str) -> tuple[Cte, tuple[str, ...]]:
        found = self._ctes.get(unique_id)
        if found is None:
            node = self._world.setting.graph.resources[unique_id]
            if not isinstance(node, Model):
                raise TypeError(f"{unique_id} cannot be inlined")
            code, nested = self._render(node)
            name = cte_name(node.alias)
            found = self._ctes[unique_id] = Cte(unique_id, name, code), nested
            self._write(node, code, nested)
        return found

    def _write(self, node: Node, code: str, nested: tuple[str, ...]) -> None:
        """Leave an ephemeral model's compiled file, which no step of its own would write."""
        writer = self._world.setting.writer
        if writer is None:
            return
        made = self._finish(node, code, nested)
        path = writer.write_once("compiled", node.package, code_path(node), made.code)
        self._inlined.append(
            Inlined(
                unique_id=node.unique_id,
                code=made.code,
                compiled_path=path,
                extra_ctes=made.extra_ctes,
            )
        )


def origin_of(node: Node) -> Origin:
    """Return the place of a node's code, for errors."""
    file = node.original_file_path.removeprefix("./")
    is_yaml = file.endswith((".yml", ".yaml"))
    return Origin(
        file=file,
        line=None if is_yaml else node.line,
        unique_id=node.unique_id,
        name=node.name,
    )


def code_path(node: Node) -> str:
    """Return where a node's code is written below its package (CLI-131).

    Resources that share a file (generic tests, hooks, YAML snapshots) get one file each below it.
    """
    if node.path.rpartition("/")[2] == node.original_file_path.rpartition("/")[2]:
        return node.original_file_path
    return f"{node.original_file_path}/{node.path}"


def _identifier(world: RunWorld, unique_id: str) -> str:
    node = world.setting.graph.resources[unique_id]
    return node.alias if isinstance(node, Node) else node.name


def _render_generic_test(node: Test, subject: Subject, world: RunWorld) -> str:
    """Render a test's call with its arguments, which are templates themselves (PROJ-204)."""
    context = build_context(world, subject)
    arguments = {
        name: _argument(value, context.names, world) for name, value in node.test_kwargs.items()
    }
    context.names[TEST_ARGUMENTS] = arguments
    return _rendered(node, context)


def _rendered(node: Node, context: Context) -> str:
    """Render the node's code, without the template engine where it is plain."""
    origin = origin_of(node)
    plain = render_plain(node.raw_code, context, origin)
    return plain if plain is not None else render(node.raw_code, context, origin)


def _argument(value: Any, names: Mapping[str, Any], world: RunWorld) -> Any:
    match value:
        case str():
            # A call stands for its value without braces too (PROJ-202).
            text = f"{{{{ {value} }}}}" if _BARE_CALL.fullmatch(value) else value
            return render_native(text, names, remember=world.remember)
        case list():
            return [_argument(item, names, world) for item in value]
        case dict():
            return {key: _argument(item, names, world) for key, item in value.items()}
        case _:
            return value
