"""Console lines, worded as dbt's, since people and tools look for them (CLI-82..100)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from upriver.graph.graph import Entry, Graph
from upriver.run.events import StepFinished, StepResult, StepStarted
from upriver.run.report import Report

_NOUNS: Mapping[str, tuple[str, str]] = {
    "model": ("model", "models"),
    "snapshot": ("snapshot", "snapshots"),
    "analysis": ("analysis", "analyses"),
    "test": ("data test", "data tests"),
    "seed": ("seed", "seeds"),
    "operation": ("project hook", "project hooks"),
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
_BAD = {
    "error": "ERROR",
    "runtime error": "ERROR",
    "fail": "FAIL",
    "partial success": "PARTIAL SUCCESS",
}


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """Return `1 model`, `2 models`."""
    return f"{count} {noun if count == 1 else plural or f'{noun}s'}"


def found_line(counts: Mapping[str, int]) -> str:
    """Return the line that tells what the project holds."""
    parts = [counted(count, *_NOUNS[kind]) for kind, count in counts.items()]
    return f"Found {', '.join(parts)}"


def padded(index: int, total: int, message: str, status: str, width: int) -> str:
    """Return `1 of 3 START ... ........ [RUN]`."""
    prefix = f"{index} of {total} {message} "
    return f"{prefix.ljust(width, '.')} [{status}]"


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
            return f"unit_test {entry.fqn[-2]}::{entry.name}"
        case "hook":
            return f"hook: {hook_name(entry)}"
        case "run":
            return f"sql {entry.materialized} model {shown_relation(entry)}"
        case "no-op":
            return f"{entry.kind} {entry.name}"
        case _:
            return f"{action} of {shown_relation(entry)}"


def hook_name(entry: Entry) -> str:
    """Return `package.on-run-start.0`."""
    moment, _, index = entry.name.removeprefix(f"{entry.package}-").rpartition("-")
    return f"{entry.package}.{moment}.{index}"


def start_line(event: StepStarted, entry: Entry, width: int) -> str:
    """Return the line of a step that begins."""
    message = f"START {describe(entry, event.action)}"
    return padded(event.index, event.total, message, "RUN", width)


def result_line(event: StepFinished, entry: Entry, width: int) -> tuple[str, str]:
    """Return the line of a step that ended, and its colour."""
    result = event.result
    message, status, colour = _worded(result, entry)
    seconds = "" if result.status == "skipped" else f" in {result.execution_time:.2f}s"
    return padded(event.index, event.total, message, f"{status}{seconds}", width), colour


def _worded(result: StepResult, entry: Entry) -> tuple[str, str, str]:
    what = describe(entry, result.action)
    if result.status == "skipped":
        return f"SKIP {_skipped(entry, result)}", "SKIP", "yellow"
    if result.action in ("test", "unit-test"):
        return _worded_test(result, what.partition(" ")[2])
    if result.status in _BAD:
        return f"ERROR {_doing(result.action)}{what}", "ERROR", "red"
    status = "OK" if result.response is None else result.response.message or "OK"
    if result.status == "no-op":
        return f"NO-OP {what}", "NO-OP", "yellow"
    return f"OK {_done(result.action)}{what}", status, "green"


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
    if result.action in ("test", "unit-test"):
        return f"test {entry.name}"
    return f"relation {shown_relation(entry)}"


def _doing(action: str) -> str:
    return {"run": "creating ", "seed": "loading ", "snapshot": "snapshotting "}.get(action, "")


def _done(action: str) -> str:
    words = {"run": "created ", "seed": "loaded ", "snapshot": "snapshotted "}
    return words.get(action, "")


def finished_line(report: Report, graph: Graph) -> str:
    """Return `Finished running 2 table models, 5 data tests in ...`."""
    counts: Counter[str] = Counter()
    for result in report.results:
        entry = graph.entries.get(result.unique_id)
        if entry is not None:
            counts[_finished_noun(entry)] += 1
    parts = ", ".join(
        counted(count, noun, "snapshots" if noun == "snapshot" else None)
        for noun, count in sorted(counts.items())
    )
    minutes, seconds = divmod(report.elapsed, 60)
    hours, minutes = divmod(int(minutes), 60)
    took = f"{hours} hours {minutes} minutes and {seconds:.2f} seconds ({report.elapsed:.2f}s)"
    return f"Finished running {parts} in {took}."


def _finished_noun(entry: Entry) -> str:
    match entry.kind:
        case "model":
            return f"{entry.materialized} model"
        case "test":
            return "data test"
        case "operation":
            return "project hook"
        case kind:
            return kind.replace("_", " ")


def done_line(report: Report) -> str:
    """Return `Done. PASS=7 WARN=0 ERROR=0 SKIP=0 NO-OP=0 TOTAL=7`."""
    statuses: Counter[str] = Counter(result.status for result in report.results)
    passed = statuses["success"] + statuses["pass"]
    failed = sum(statuses[status] for status in _BAD)
    return (
        f"Done. PASS={passed} WARN={statuses['warn']} ERROR={failed}"
        f" SKIP={statuses['skipped']} NO-OP={statuses['no-op']} TOTAL={len(report.results)}"
    )


def completed_line(report: Report) -> tuple[str, str]:
    """Return the verdict and its colour."""
    statuses = Counter(result.status for result in report.results)
    errors = statuses["error"] + statuses["fail"] + statuses["runtime error"]
    partial, warnings = statuses["partial success"], statuses["warn"]
    if report.is_interrupted:
        return "Interrupted: running statements were cancelled", "red"
    if errors or partial:
        return (
            f"Completed with {counted(errors, 'error')},"
            f" {counted(partial, 'partial success', 'partial successes')},"
            f" and {counted(warnings, 'warning')}:",
            "red",
        )
    if warnings:
        return f"Completed with {counted(warnings, 'warning')}:", "yellow"
    return "Completed successfully", "green"


def failure_block(result: StepResult, entry: Entry) -> tuple[str, ...]:
    """Return the lines that explain one failure or warning."""
    word = "Warning" if result.status == "warn" else "Failure"
    kind = "unit_test" if entry.kind == "unit_test" else entry.kind
    head = f"{word} in {kind} {entry.name} ({entry.original_file_path})"
    lines = [head, *(f"  {line}" for line in (result.message or "").splitlines())]
    if result.problem is not None and result.problem.hint:
        lines.append(f"  Hint: {result.problem.hint}")
    return tuple(lines)
