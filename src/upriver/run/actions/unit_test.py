"""Run a unit test: the model's query over given rows, compared with expected rows (PROJ-215)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from upriver.jinja.config import RunConfig
from upriver.jinja.context import build_context, call_in, call_macro, render
from upriver.jinja.errors import CompilationError
from upriver.jinja.subject import Overrides
from upriver.resources.calls import RefCall, SourceCall
from upriver.resources.nodes import Model, Node, Seed, UnitTest
from upriver.run.actions.seed import seed_text
from upriver.run.compile import CompiledStep, Cte, make_resolver, origin_of, with_ctes
from upriver.run.ctes import cte_name
from upriver.run.fixtures import Fixture, Rows, This, csv_rows, invalid, read_fixture, read_input
from upriver.run.materialize import find_materialization, response_of, write_to
from upriver.run.relations import (
    cte_relation,
    decided_relation,
    deferred_relation,
    unit_relation,
)
from upriver.run.resolve import InputResolver, LocalDecisions
from upriver.run.row_diff import diff_rows
from upriver.run.subjects import RunParts, node_subject, run_subject
from upriver.run.task import Done, Task

_MATERIALIZATION = "unit"
_SIDE = "actual_or_expected"


def run_unit_test(task: Task) -> Done:
    """Compile the model against its fixtures, run both sides as one query, and compare."""
    test = task.resource
    if not isinstance(test, UnitTest):
        raise TypeError(f"{task.step.unique_id} is not a unit test")
    model = _model(task, test)
    expected = read_fixture(test.expect, test, task.setting.fixtures)
    with task.timed("compile"):
        task.compiled = _compile(task, test, model)
        _write_fixtures(task, test, task.compiled)
    path = unit_path(test)
    task.write_compiled(test.package, path)
    with task.timed("execute"):
        main = _execute(task, test, model, expected, path)
    return _judge(main)


def _write_fixtures(task: Task, test: UnitTest, compiled: CompiledStep) -> None:
    """Leave each input's rows for people to read, under the name of what they stand for."""
    writer = task.setting.writer
    if writer is None:
        return
    for cte in compiled.ctes:
        entry = task.setting.graph.entries.get(cte.unique_id)
        name = cte.name.removeprefix(cte_name("")) if entry is None else entry.name
        writer.write("compiled", test.package, f"{test.original_file_path}/{name}.sql", cte.sql)


def unit_path(test: UnitTest) -> str:
    """Return where a unit test's files are written below its package."""
    folder = test.original_file_path.rpartition("/")[0]
    inner = f"{folder}/" if folder else ""
    return f"{test.original_file_path}/{inner}{test.name}.sql"


class _Inputs:
    """The resolver of a unit test: every reference is a fixture (PROJ-210)."""

    def __init__(self, task: Task, test: UnitTest, model: Model) -> None:
        self._task = task
        self._test = test
        self._lookup = _lookup(task, model)
        self._fixtures: dict[str, tuple[str, Mapping[str, Any]]] = {}
        self._used: dict[str, None] = {}
        self.this: Any = None
        for given in test.given:
            self._add(given, model)

    def _add(self, given: Mapping[str, Any], model: Model) -> None:
        match read_input(str(given.get("input", "")), self._test):
            case This():
                self._fixtures[model.unique_id] = (model.alias, given)
                self._used[model.unique_id] = None
                self.this = cte_relation(self._task.world, model.alias)
            case RefCall() as call:
                target = self._lookup.find_ref(call)
                self._fixtures[target] = (_input_name(self._task, target), given)
            case SourceCall() as call:
                target = self._lookup.find_source(call)
                self._fixtures[target] = (f"{call.source}__{call.table}", given)

    def ref(self, call: RefCall) -> Any:
        """Answer `ref(...)` with a fixture."""
        return self._use(self._lookup.find_ref(call), call.name)

    def source(self, call: SourceCall) -> Any:
        """Answer `source(...)` with a fixture."""
        return self._use(self._lookup.find_source(call), f"{call.source}.{call.table}")

    def metric(self, call: RefCall) -> Any:
        """Answer `metric(...)`."""
        return self._lookup.metric(call)

    def function(self, call: RefCall) -> Any:
        """Answer `function(...)`: functions are not replaced."""
        return self._lookup.function(call)

    def ctes(self) -> tuple[Cte, ...]:
        """Return the fixtures that were read, in the order in which they were."""
        return tuple(
            Cte(target, cte_name(self._fixtures[target][0]), self._sql(target))
            for target in self._used
        )

    def _use(self, target: str, shown: str) -> Any:
        found = self._fixtures.get(target)
        if found is None:
            raise invalid(
                self._test,
                f"the model reads `{shown}`, which has no `given` entry",
                f"Add an input for `{shown}`, with `rows: []` if it is to be empty",
            )
        self._used[target] = None
        return cte_relation(self._task.world, found[0])

    def _sql(self, target: str) -> str:
        given = self._fixtures[target][1]
        fixture = read_fixture(given, self._test, self._task.setting.fixtures)
        if fixture.sql is not None:
            return fixture.sql
        rows = self._seed_rows(target) if fixture.rows is None else fixture.rows
        return _fixture_sql(self._task, self._test, target, rows)

    def _seed_rows(self, target: str) -> Rows:
        node = self._task.setting.graph.resources[target]
        if not isinstance(node, Seed):
            raise invalid(self._test, f"the input `{node.name}` has neither rows nor a fixture")
        return csv_rows(seed_text(self._task, node), str(node.config.get("delimiter") or ","))


def _lookup(task: Task, model: Model) -> InputResolver:
    """Resolve the model's references to what the fixtures replace, planned or not."""
    entries = task.setting.graph.entries
    decisions = LocalDecisions(entries, model.depends_on, task.step.inputs)
    return make_resolver(task.world, model.package, model.name, decisions)


def _compile(task: Task, test: UnitTest, model: Model) -> CompiledStep:
    inputs = _Inputs(task, test, model)
    subject = node_subject(model, task.world, inputs, overrides=_overrides(test))
    subject = msgspec.structs.replace(subject, this=inputs.this)
    code = render(model.raw_code, build_context(task.world, subject), origin_of(model))
    return with_ctes(test.unique_id, code, inputs.ctes())


def _fixture_sql(task: Task, test: UnitTest, target: str, rows: Rows) -> str:
    """Have the macro write the rows as SQL, typed as the relation they stand for (PROJ-216)."""
    model = _model(task, test)
    resource = task.setting.graph.resources[target]
    entry = task.setting.graph.entries[target]
    if entry.materialized == "ephemeral":
        raise invalid(
            test,
            f"the input `{resource.name}` is ephemeral, so its columns are not known",
            "Write this input as `format: sql`",
        )
    subject = node_subject(model, task.world, _lookup(task, model))
    decision = LocalDecisions({target: entry}, (target,), task.step.inputs)[target]
    published = task.setting.published.get(target)
    deferred = None if published is None else deferred_relation(task.world, published)
    subject = msgspec.structs.replace(
        subject,
        this=decided_relation(task.world, decision),
        extra={**subject.extra, "defer_relation": deferred},
    )
    sql = call_macro("get_fixture_sql", task.world, subject, (rows, None))
    return f"\n-- rows given for {resource.name}\n{str(sql).strip()}"


def _execute(task: Task, test: UnitTest, model: Model, expected: Fixture, path: str) -> Any:
    config = {
        **model.config,
        "materialized": _MATERIALIZATION,
        "expected_rows": expected.rows or [],
        "expected_sql": expected.sql,
        "pre-hook": [],
        "post-hook": [],
    }
    compiled = task.compiled
    parts = RunParts(
        resolver=_lookup(task, model),
        code=None if compiled is None else compiled.code,
        path=path,
        config=config,
    )
    subject = msgspec.structs.replace(
        run_subject(task.world, model, parts, {"write": write_to(task, test.package, path)}),
        name=test.name,
        this=unit_relation(task.world, model, test),
        config=RunConfig(config),
    )
    macro = find_materialization(task, model, _MATERIALIZATION)
    context = build_context(task.world, subject)
    call_in(context, macro)
    main = context.results.load("main")
    if main is None or main["table"] is None:
        raise CompilationError(
            "The materialization `unit` gave no rows to compare",
            model,
            code="unit-test-unsupported",
        )
    return main


def _judge(main: Any) -> Done:
    table = main["table"]
    names = [str(name) for name in table.column_names]
    side = [name.lower() for name in names].index(_SIDE)
    rows: dict[str, list[tuple[Any, ...]]] = {"actual": [], "expected": []}
    for row in table.rows:
        cells = tuple(row[name] for name in names)
        rows[str(cells[side]).lower()].append(cells[:side] + cells[side + 1 :])
    shown = names[:side] + names[side + 1 :]
    difference = diff_rows(shown, rows["expected"], rows["actual"])
    response = response_of(main)
    if difference is None:
        return Done(status="pass", failures=0, response=response)
    return Done(
        status="fail",
        failures=1,
        message=f"\n\nactual differs from expected:\n\n{difference}\n",
        response=response,
    )


def _model(task: Task, test: UnitTest) -> Model:
    for unique_id in test.depends_on:
        resource = task.setting.graph.resources.get(unique_id)
        if isinstance(resource, Model):
            if resource.language != "sql":
                raise invalid(test, f"`{resource.name}` is not a SQL model")
            return resource
    raise invalid(test, f"there is no model `{test.model}`")


def _input_name(task: Task, target: str) -> str:
    node = task.setting.graph.resources[target]
    return node.alias if isinstance(node, Node) else node.name


def _overrides(test: UnitTest) -> Overrides:
    given = test.overrides or {}
    return Overrides(
        macros=given.get("macros") or {},
        vars=given.get("vars") or {},
        env_vars=given.get("env_vars") or {},
    )
