"""Compared data as one HTML page that stands alone.

Nothing is loaded and nothing is run: a content security policy allows the page's own style and
no more. Every name and value becomes text; pictures are SVG whose sizes are numbers made here.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from upriver.project.comparing.compared import EXPLAINED, Compared, shown
from upriver.project.comparing.table import (
    changed_columns,
    key_text,
    number,
    row_text,
    rows_text,
    schema_text,
    trouble_texts,
)
from upriver.run.compare.differing import ColumnCount, Differing, RowExample

_WIDTH = 640
_LABEL = 180
_LINE = 22
_STYLE = """
:root { color-scheme: light dark; --same: #9aa5b1; --changed: #d9a514; --added: #2e9e5b;
  --removed: #d4493e; --line: #8884; --quiet: #777; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto;
  padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin: 2.5rem 0 .25rem; }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; }
code, td.value { font-family: ui-monospace, monospace; font-size: .85em; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .2rem .6rem .2rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
.quiet { color: var(--quiet); } .warning { border-left: 3px solid var(--changed);
  padding-left: .6rem; }
svg { max-width: 100%; height: auto; display: block; } svg text { fill: currentColor;
  font-size: 13px; }
.same { fill: var(--same); } .changed { fill: var(--changed); } .added { fill: var(--added); }
.removed { fill: var(--removed); }
.legend span::before { content: ""; display: inline-block; width: .8em; height: .8em;
  margin: 0 .3em 0 1em; }
.legend .s::before { background: var(--same); } .legend .c::before { background: var(--changed); }
.legend .a::before { background: var(--added); } .legend .r::before { background: var(--removed); }
"""


def page(compared: Sequence[Compared]) -> str:
    """Return the page."""
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    different = [one for one in compared if one.is_different]
    title = f"{len(different):,} of {number(len(compared), 'relation')} differ"
    body = [
        f"<h1>{escape(title)}</h1>",
        _LEGEND,
        _overview([one for one in compared if one.differing is not None]),
        *(part for one in different for part in _section(one)),
        *_others([one for one in compared if not one.is_different]),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style></head>\n"
        f"<body>\n{chr(10).join(filter(None, body))}\n</body></html>"
    )


_LEGEND = (
    '<p class="legend quiet">Rows:<span class="s">same</span><span class="c">changed</span>'
    '<span class="a">added</span><span class="r">removed</span></p>'
)


def _overview(compared: Sequence[Compared]) -> str:
    """Draw one bar per relation, divided by what became of its rows."""
    if not compared:
        return ""
    bars: list[str] = []
    for at, one in enumerate(compared):
        found = one.differing
        assert found is not None  # noqa: S101 - the caller has chosen
        rows = found.rows
        parts = (("same", rows.same), ("changed", rows.changed), ("added", rows.added),
                 ("removed", rows.removed))  # fmt: skip
        bars += _stacked(at, one.name, parts)
    return _svg(len(compared), "What became of the rows of each relation", bars)


def _stacked(at: int, label: str, parts: Iterable[tuple[str, int]]) -> Iterator[str]:
    counts = [(word, count) for word, count in parts if count > 0]
    total = sum(count for _, count in counts)
    yield _label(at, label)
    x = float(_LABEL)
    for word, count in counts:
        # A part that is there is seen, however small it is.
        width = max(2.0, (_WIDTH - _LABEL) * count / total)
        yield _bar(x, at, width, word, f"{number(count, 'row')} {word}")
        x += width


def _label(at: int, text: str) -> str:
    short = text if len(text) <= _LABEL // 8 else f"{text[: _LABEL // 8 - 3]}..."
    return f'<text x="0" y="{at * _LINE + 15}">{escape(short)}</text>'


def _bar(x: float, at: int, width: float, word: str, title: str) -> str:
    return (
        f'<rect class="{word}" x="{x:.1f}" y="{at * _LINE + 3}" width="{width:.1f}"'
        f' height="{_LINE - 6}"><title>{escape(title)}</title></rect>'
    )


def _svg(lines: int, title: str, parts: Iterable[str]) -> str:
    return (
        f'<svg role="img" viewBox="0 0 {_WIDTH + 60} {lines * _LINE}"'
        f' width="{_WIDTH + 60}" height="{lines * _LINE}">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )


def _section(one: Compared) -> Iterator[str]:
    yield f"<h2>{escape(one.name)}</h2>"
    found = one.differing
    if found is None:
        yield f"<p>{escape(EXPLAINED[one.status].capitalize())}.</p>"
        return
    yield (
        f'<p class="quiet"><code>{escape(one.baseline_relation or "")}</code> to'
        f" <code>{escape(one.relation or '')}</code>; {escape(rows_text(found))} rows;"
        f" key: {escape(key_text(one))}{escape(_buckets(found))}</p>"
    )
    yield from (f'<p class="warning">{escape(text)}</p>' for text in trouble_texts(found))
    if found.schema:
        yield "<h3>Columns of the relation</h3>"
        items = "".join(f"<li><code>{escape(schema_text(c))}</code></li>" for c in found.schema)
        yield f"<ul>{items}</ul>"
    changed = changed_columns(found)
    if changed:
        yield "<h3>Changed values by column</h3>"
        yield _columns(changed)
        yield _cells(found, changed)
    yield _rows("Added rows", found, (*found.added, *found.added_whole))
    yield _rows("Removed rows", found, (*found.removed, *found.removed_whole))


def _buckets(found: Differing) -> str:
    if found.buckets == 1:
        return ""
    return f"; {found.differing_buckets:,} of {found.buckets:,} buckets differ"


def _columns(changed: Sequence[ColumnCount]) -> str:
    most = max(column.changed for column in changed)
    parts: list[str] = []
    for at, column in enumerate(changed):
        width = max(2.0, (_WIDTH - _LABEL) * column.changed / most)
        title = f"{number(column.changed, 'row')} changed"
        parts += [
            _label(at, column.name),
            _bar(_LABEL, at, width, "changed", title),
            f'<text x="{_LABEL + width + 6:.1f}" y="{at * _LINE + 15}">{column.changed:,}</text>',
        ]
    return _svg(len(changed), "Changed values by column", parts)


def _cells(found: Differing, changed: Iterable[ColumnCount]) -> str:
    rows = [
        (column.name, row_text(found.key, cell.key), shown(cell.before), shown(cell.after))
        for column in changed
        for cell in column.examples
    ]
    return _table(("column", "row", "before", "after"), rows)


def _rows(title: str, found: Differing, rows: Sequence[RowExample]) -> str:
    if not rows:
        return ""
    cells = [
        (*map(shown, row.values), *((f"{row.count} times",) if row.count > 1 else ()))
        for row in rows
    ]
    return f"<h3>{title}, examples</h3>{_table(found.compared, cells)}"


def _table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    lines = ("".join(f'<td class="value">{escape(cell)}</td>' for cell in row) for row in rows)
    body = "".join(f"<tr>{cells}</tr>" for cells in lines)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if body else ""


def _others(compared: Sequence[Compared]) -> Iterator[str]:
    if not compared:
        return
    yield "<h2>Without a difference</h2>"
    rows = [
        (one.name, number(one.differing.rows.here, "row") if one.differing
         else EXPLAINED[one.status])
        for one in compared
    ]  # fmt: skip
    yield _table(("relation", ""), rows)
