"""`upriver plan` as a table: which relation every reference reads, and why."""

from __future__ import annotations

from collections.abc import Callable

from upriver.graph.graph import Graph
from upriver.plan.explain import ReferenceRow, rows, summarise, summary_line
from upriver.plan.plan import Plan

_PLACES = {
    "built-here": ("built here", "32"),
    "exists-here": ("exists here", "33"),
    "here": ("target", "0"),
    "baseline": ("deferred", "36"),
    "source": ("source", "2"),
    "inlined": ("inlined", "2"),
    "missing": ("missing", "31"),
    "unbuilt": ("not built", "31"),
    "masked": ("masked", "36"),
    "denied": ("denied", "31"),
}
Paint = Callable[[str, str], str]


def plan_lines(plan: Plan, graph: Graph, *, has_colours: bool) -> tuple[str, ...]:
    """Return the table: one block per step, one line per reference."""

    def paint(text: str, code: str) -> str:
        return f"\033[{code}m{text}\033[0m" if has_colours and code != "0" else text

    found = rows(plan, graph)
    summary = summarise(plan, graph)
    lines = [_title(plan, paint)]
    if plan.baseline and plan.policy:
        lines.append(f"State: {plan.baseline}, policy {plan.policy}")
    lines.append("")
    lines += _table(found, plan, paint)
    lines += [
        "",
        summary_line(summary, plan.policy, plan.command) or _undeferred(summary.references),
    ]
    if summary.not_built:
        noun = "ancestor is" if summary.not_built == 1 else "ancestors are"
        lines.append(f"{summary.not_built} {noun} not built by this plan")
    lines += _legend(found, paint)
    return tuple(lines)


def _legend(found: tuple[ReferenceRow, ...], paint: Paint) -> list[str]:
    """Explain each reason that occurs, once."""
    reasons = {row.reason or "": row.why for row in found if row.why}
    # That deferral is off is said by the line above.
    reasons.pop("deferral-off", None)
    width = max(map(len, reasons), default=0)
    lines = [paint(f"  {reason:<{width}}  {why}", "2") for reason, why in sorted(reasons.items())]
    return ["", *lines] if lines else []


def _undeferred(references: int) -> str:
    noun = "reference is" if references == 1 else "references are"
    return f"Deferral is off: {references} {noun} read from the target"


def _title(plan: Plan, paint: Paint) -> str:
    count = len(plan.steps)
    return paint(f"Plan of `{plan.command}`: {count} step{'' if count == 1 else 's'}", "1")


def _place(row: ReferenceRow, plan: Plan) -> str:
    """Say where a reference reads; of several states, which one has it."""
    word = _PLACES[row.place or ""][0]
    return f"{word}: {row.baseline}" if plan.layers and row.place == "baseline" else word


def _table(found: tuple[ReferenceRow, ...], plan: Plan, paint: Paint) -> list[str]:
    cells = [
        (
            row.target_name or "",
            _place(row, plan) if row.place else "",
            row.relation_name or "",
            row.reason or "",
        )
        for row in found
    ]
    widths = [max((len(cell[at]) for cell in cells), default=0) for at in range(3)]
    lines: list[str] = []
    previous = None
    number = 0
    for row, (target, place, relation, reason) in zip(found, cells, strict=True):
        if row.step != previous:
            previous = row.step
            number += 1
            note = "" if row.note is None else paint(f"  ({row.note})", "2")
            lines.append(f"{number:>3}. {paint(row.action, '1')} {paint(row.name, '1')}{note}")
        if row.place is None:
            lines.append(paint("       reads nothing", "2"))
            continue
        colour = _PLACES[row.place][1]
        lines.append(
            f"       {target:<{widths[0]}}  {paint(f'{place:<{widths[1]}}', colour)}"
            f"  {relation:<{widths[2]}}  {paint(reason, '2')}".rstrip()
        )
    return lines
