"""Console lines, worded as dbt's, since people and tools look for them (CLI-82..100)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec

from upriver.graph.graph import Entry, Graph
from upriver.resources.nodes import Node
from upriver.run.events import StepFinished, StepResult, StepStarted
from upriver.run.report import Report

_NOUNS: Mapping[str, tuple[str, str]] = {
    "model": ("model", "models"),
    "snapshot": ("snapshot", "snapshots"),
    "analysis": ("analysis", "analyses"),
    # As dbt counts them: only several are called data tests.
    "test": ("test", "data tests"),
    "seed": ("seed", "seeds"),
    "operation": ("operation", "operations"),
    "sql_operation": ("sql operation", "sql operations"),
    "source": ("source", "sources"),
    "exposure": ("exposure", "exposures"),
    "metric": ("metric", "metrics"),
    "macro": ("macro", "macros"),
    "group": ("group", "groups"),
    "semantic_model": ("semantic model", "semantic models"),
    "saved_query": ("saved query", "saved queries"),
    "unit_test": ("unit test", "unit tests"),
    "function": ("function", "functions"),
}
_BAD = frozenset({"error", "runtime error", "fail", "partial success"})
_DOING = {
    "run": "creating ",
    "function": "creating ",
    "seed": "loading ",
    "snapshot": "snapshotting ",
}
_DONE = {"run": "created ", "function": "created ", "seed": "loaded "}
_FRESHNESS_COLOURS = {"pass": "green", "warn": "yellow"}
AGES_DONE = "Done."
"""How `source freshness` ends."""
BUILDING_CATALOG = "Building catalog"
NOTHING_TO_DO = "Nothing to do. Try checking your model configs and model specification args"


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """Return `1 model`, `2 models`."""
    return f"{count} {noun if count == 1 else plural or f'{noun}s'}"


def found_line(counts: Mapping[str, int]) -> str:
    """Return the line that tells what the project holds."""
    parts = [counted(count, *_NOUNS[kind]) for kind, count in counts.items()]
    return f"Found {', '.join(parts)}"


def catalog_line(path: str) -> str:
    """Return `Catalog written to ...`."""
    return f"Catalog written to {path}"


def concurrency_line(threads: int, target: str) -> str:
    """Return `Concurrency: 4 threads (target='dev')`; dbt says `1 threads` too."""
    return f"Concurrency: {threads} threads (target='{target}')"


def described_entry(graph: Graph, unique_id: str) -> Entry | None:
    """Return an entry for a line about it: a model in batches counts as `microbatch`."""
    entry = graph.entries.get(unique_id)
    if entry is None or entry.materialized != "incremental":
        return entry
    node = graph.resources[unique_id]
    if not isinstance(node, Node) or node.config.get("incremental_strategy") != "microbatch":
        return entry
    return msgspec.structs.replace(entry, materialized="microbatch")


def padded(index: int, total: int, message: str, width: int) -> str:
    """Return `1 of 3 START ... ........`, cut or filled to the width."""
    text = f"{index} of {total} {message} "
    if len(text) > width:
        return f"{text[: max(width - 3, 0)]}..."
    return text.ljust(width, ".")


def shown_relation(entry: Entry) -> str:
    """Return `schema.alias`."""
    if entry.relation is None:
        return entry.name
    return f"{entry.relation.schema}.{entry.relation.identifier}"


def describe(entry: Entry, action: str) -> str:
    """Return what a start line says is being worked on."""
    match action:
        case "seed":
            return f"seed file {shown_relation(entry)}"
        case "snapshot":
            return f"snapshot {shown_relation(entry)}"
        case "test":
            return f"test {entry.name}"
        case "unit-test":
            return f"unit_test {unit_test_name(entry)}"
        case "hook":
            return f"hook: {hook_name(entry)}"
        case "run":
            return f"{_language(entry)} {entry.materialized} model {shown_relation(entry)}"
        case "function":
            return f"function {shown_relation(entry)}"
        case "freshness":
            return f"freshness of {entry.source_name}.{entry.name}"
        case "no-op":
            return f"{entry.kind.replace('_', ' ')} {entry.name}"
        case _:
            return f"{action} of {shown_relation(entry)}"


def _language(entry: Entry) -> str:
    return "python" if entry.original_file_path.endswith(".py") else "sql"


def unit_test_name(entry: Entry) -> str:
    """Return `model::test`."""
    return f"{entry.fqn[-2]}::{entry.name}"


def hook_name(entry: Entry) -> str:
    """Return `package.on-run-start.0`."""
    moment, _, index = entry.name.removeprefix(f"{entry.package}-").rpartition("-")
    return f"{entry.package}.{moment}.{index}"


def start_line(event: StepStarted, entry: Entry, width: int) -> str:
    """Return the line of a step that begins."""
    message = f"START {describe(entry, event.action)}"
    return f"{padded(event.index, event.total, message, width)} [RUN]"


def result_line(event: StepFinished, entry: Entry, width: int) -> tuple[str, str, str]:
    """Return the line of a step that ended in two parts, and the colour of the second.

    The parts are `1 of 3 OK created sql view model main.x ...... [` and `OK`, which a console
    colours; `closing` has the rest.
    """
    message, status, colour = _worded(event.result, entry)
    return f"{padded(event.index, event.total, message, width)} [", status, colour


def closing(result: StepResult) -> str:
    """Return what follows the status on a result line."""
    return "]" if result.status == "skipped" else f" in {result.execution_time:.2f}s]"


def result_text(event: StepFinished, entry: Entry, width: int) -> str:
    """Return the whole result line without colours."""
    head, status, _ = result_line(event, entry, width)
    return f"{head}{status}{closing(event.result)}"


def _worded(result: StepResult, entry: Entry) -> tuple[str, str, str]:
    """Return message, status and colour of a result."""
    what = describe(entry, result.action)
    if result.status == "skipped":
        return f"SKIP {_skipped(entry, result)}", "SKIP", "yellow"
    if result.action in ("test", "unit-test"):
        return _worded_test(result, what.partition(" ")[2])
    if result.action == "freshness":
        status = {"error": "ERROR STALE", "runtime error": "ERROR"}.get(result.status)
        text = status or result.status.upper()
        return f"{text} {what}", text, _FRESHNESS_COLOURS.get(result.status, "red")
    if result.status == "partial success":
        batches = len(result.succeeded_batches)
        text = f"PARTIAL SUCCESS ({batches}/{batches + len(result.failed_batches)})"
        return f"PARTIALLY created {what}", text, "yellow"
    if result.status in _BAD:
        return f"ERROR {_DOING.get(result.action, '')}{_bare(what, result)}", "ERROR", "red"
    if result.status == "no-op":
        if result.is_reused:
            return f"REUSED {what}", (result.message or "").removeprefix("reused: "), "green"
        return f"NO-OP {what}", "NO-OP", "yellow"
    return f"OK {_done(result, what)}", success_status(result), "green"


def success_status(result: StepResult) -> str:
    """Return what stands in the brackets of a step that succeeded: `OK`, `INSERT 3`."""
    if result.action == "function" or result.succeeded_batches:
        return "SUCCESS"
    if result.response is None:
        return "OK"
    return result.response.message or "OK"


def _done(result: StepResult, what: str) -> str:
    if result.action == "snapshot":
        return f"snapshotted {_bare(what, result)}"
    return f"{_DONE.get(result.action, '')}{what}"


def _bare(what: str, result: StepResult) -> str:
    return what.removeprefix("snapshot ") if result.action == "snapshot" else what


def _worded_test(result: StepResult, name: str) -> tuple[str, str, str]:
    match result.status:
        case "pass":
            return f"PASS {name}", "PASS", "green"
        case "warn":
            return f"WARN {result.failures} {name}", f"WARN {result.failures}", "yellow"
        case "fail":
            count = f"{result.failures} " if result.failures is not None else ""
            return f"FAIL {count}{name}", f"FAIL {count}".rstrip(), "red"
        case _:
            return f"ERROR {name}", "ERROR", "red"


def _skipped(entry: Entry, result: StepResult) -> str:
    if result.action == "hook":
        return describe(entry, "hook")
    if entry.kind in ("model", "seed", "snapshot"):
        return f"relation {shown_relation(entry)}"
    return f"{entry.kind} {entry.name}"


def finished_line(report: Report, graph: Graph) -> str:
    """Return `Finished running 2 table models, 5 data tests in ...`."""
    minutes, seconds = divmod(report.elapsed, 60)
    hours, minutes = divmod(int(minutes), 60)
    took = f"{hours} hours {minutes} minutes and {seconds:.2f} seconds ({report.elapsed:.2f}s)"
    return f"Finished running {finished_parts(report, graph)} in {took}."


def finished_parts(report: Report, graph: Graph) -> str:
    """Return `2 table models, 5 data tests`, ordered as dbt does."""
    counts: Counter[str] = Counter()
    for result in report.results:
        entry = graph.entries.get(result.unique_id)
        if entry is not None:
            counts[_finished_noun(entry)] += 1
    return ", ".join(
        counted(count, *_NOUNS.get(noun, (noun, f"{noun}s")))
        for noun, count in sorted(counts.items())
    )


def _finished_noun(entry: Entry) -> str:
    match entry.kind:
        case "model":
            return f"{entry.materialized} model"
        case "operation":
            return "project hook"
        case kind:
            return kind


def tally(report: Report) -> dict[str, int]:
    """Return the counts of the last line, by dbt's names for them."""
    statuses: Counter[str] = Counter(result.status for result in report.results)
    return {
        "pass": statuses["success"] + statuses["pass"],
        "warn": statuses["warn"],
        "error": sum(statuses[status] for status in _BAD),
        "skip": statuses["skipped"],
        "noop": statuses["no-op"],
        "total": len(report.results),
    }


def done_line(report: Report) -> str:
    """Return `Done. PASS=7 WARN=0 ERROR=0 SKIP=0 NO-OP=0 TOTAL=7`."""
    counts = tally(report)
    return "Done. " + " ".join(
        f"{name.upper().replace('NOOP', 'NO-OP')}={count}" for name, count in counts.items()
    )


def verdict(report: Report) -> tuple[int, int, int]:
    """Return the numbers of errors, partial successes and warnings."""
    statuses: Counter[str] = Counter(result.status for result in report.results)
    partial = statuses["partial success"]
    errors = sum(statuses[status] for status in _BAD) - partial
    return errors, partial, statuses["warn"]


def completed_line(report: Report) -> tuple[str, str]:
    """Return the verdict and its colour."""
    errors, partial, warnings = verdict(report)
    if report.is_interrupted:
        return "Interrupted: running statements were cancelled", "red"
    if errors or partial:
        successes = counted(partial, "partial success", "partial successes")
        counts = f"{counted(errors, 'error')}, {successes}, and {counted(warnings, 'warning')}"
        return f"Completed with {counts}:", "red"
    if warnings:
        return f"Completed with {counted(warnings, 'warning')}:", "yellow"
    return "Completed successfully", "green"


def failure_head(result: StepResult, entry: Entry) -> str:
    """Return the line that names what failed, or warned."""
    word = "Warning" if result.status == "warn" else "Failure"
    return f"{word} in {entry.kind} {entry.name} ({entry.original_file_path})"


def failure_text(result: StepResult) -> str:
    """Return what a failure says of itself; a source that is too old says its status."""
    if result.message is None and result.action == "freshness":
        return f"Status: {result.status}"
    return (result.message or "").strip("\n")


def compiled_at(result: StepResult) -> str | None:
    """Return the line that tells where the compiled code is."""
    return None if result.compiled_path is None else f"  compiled code at {result.compiled_path}"


def hint(result: StepResult) -> str | None:
    """Return the line that says what to do about a statement that was refused."""
    problem = result.problem
    # The hints of other problems are part of their message.
    if problem is None or problem.hint is None or problem.code != "warehouse-error":
        return None
    return f"  hint: {problem.hint}"


def stored_failures(result: StepResult) -> str | None:
    """Return the query that shows the rows a test has kept."""
    is_kept = result.action == "test" and result.relation_name is not None
    if not is_kept or result.status not in ("fail", "warn"):
        return None
    query = f"select * from {result.relation_name}"  # noqa: S608 - to be read, not sent
    rule = "-" * len(query)
    return f"  See test failures:\n  {rule}\n  {query}\n  {rule}"


def status_line(status: str, seconds: float) -> str:
    """Tell how a statement ended."""
    return f"SQL status: {status} in {seconds:.3f} seconds"
