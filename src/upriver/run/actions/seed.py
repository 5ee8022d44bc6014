"""Load a seed: a CSV file becomes a table through the `seed` materialization."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from upriver.jinja.results import Table
from upriver.problems import Problem, Span, WarehouseError
from upriver.resources.nodes import Node, Seed
from upriver.run.actions.building import build
from upriver.run.compile import Compiler, node_of
from upriver.run.csv_table import CsvTable, find_ragged, read_csv
from upriver.run.materialize import response_of
from upriver.run.messages import StepError
from upriver.run.task import Done, Task


def run_seed(task: Task) -> Done:
    """Load a seed's file; the file is read when the materialization asks for its table."""
    node = node_of(task.step, task.world)

    def load_agate_table() -> Any:
        return SeedTable(read_seed(task, node), seed_path(task, node))

    with task.timed("compile"):
        compiler = Compiler(task.step, task.world)
    name = str(node.config.get("materialized") or "seed")
    try:
        main = build(task, node, compiler, name, {"load_agate_table": load_agate_table}).main
    except WarehouseError as error:
        # A warehouse that reads the file itself says everything but the line.
        delimiter = str(node.config.get("delimiter") or ",")
        ragged = find_ragged(seed_text(task, node), delimiter)
        if ragged is None:
            raise
        span = Span(file=node.original_file_path)
        raise _failed(ragged.code, ragged.message, span, ragged.hint) from error
    response = response_of(main)
    return Done(message=response.message, response=response, relation_type="table")


def seed_path(task: Task, node: Node) -> Path:
    """Return where a seed's file is: below its package's root."""
    root = node.root_path if isinstance(node, Seed) and node.root_path else None
    return Path(root or task.setting.project_root).absolute() / node.original_file_path


def seed_text(task: Task, node: Node) -> str:
    """Read a seed's file; raises StepError."""
    path = seed_path(task, node)
    span = Span(file=node.original_file_path)
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise _failed("seed-unreadable", f"{error.strerror}: `{path}`", span) from error
    except UnicodeDecodeError as error:
        raise _failed(
            "seed-unreadable", f"`{path}` is not UTF-8 ({error.reason})", span
        ) from error


def read_seed(task: Task, node: Node) -> CsvTable:
    """Read and type a seed's file; raises StepError."""
    types = node.config.get("column_types") or {}
    table = read_csv(
        seed_text(task, node),
        delimiter=str(node.config.get("delimiter") or ","),
        text_columns=frozenset(types),
    )
    if isinstance(table, Problem):
        span = Span(file=node.original_file_path)
        raise _failed(table.code, table.message, span, table.hint)
    return table


class SeedTable(Table):
    """A seed's rows as templates see them, with the file they came from (JINJA-63)."""

    def __init__(self, read: CsvTable, path: Path) -> None:
        super().__init__([column.name for column in read.columns], read.rows)
        self.original_abspath = str(path)


def _failed(code: str, message: str, span: Span, hint: str | None = None) -> StepError:
    return StepError("Runtime Error", Problem(code=code, message=message, span=span, hint=hint))
