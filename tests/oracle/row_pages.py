"""Pages of rows: what dbt does, one heading per row id, compared block by block.

A page of `rows/` is Markdown. Its headings name rows (`## JINJA-33 context`); under each stand
fenced blocks, whose info string says what they are:

    jinja         a model; what both programs compile it to is compared, or that both refuse it
    sql           the same, white space aside
    a path        a file of the project, for the page as a whole
    refused       a model that ends reading the project; both programs must refuse it
    operation     a macro's body, run by `run-operation`; how it ends is compared
    write PATH    a file written between the commands of a heading
    commands      what is done and what of it is compared, line by line (`row_scenes.py`)

All blocks of a page make one project, so that dbt-core starts once for it. The commands come after
everything else, in the order of the page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tests.oracle.playing import Script
from tests.oracle.row_scenes import Scene, with_lines, with_write

HERE = Path(__file__).parent / "rows"
_BLOCK = re.compile(
    r"^## (?P<head>[^\n]+)$|^```(?P<info>[^\n`]+)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL
)
_ROW = re.compile(r"[A-Z]+-\d+")
PROFILES = """\
p:
  target: dev
  outputs:
    dev: {type: duckdb, path: wh.duckdb, schema: dev, threads: 1}
"""
PROJECT = 'name: rows\nversion: "1.0"\nprofile: p\nflags: {send_anonymous_usage_stats: false}\n'


class Page(NamedTuple):
    """A page as a project."""

    name: str
    files: dict[str, str]
    models: dict[str, str]
    """Heading by the name of the model that a block became."""
    loose: frozenset[str]
    """Models compared with white space aside."""
    refused: dict[str, str]
    """Text by the name of the model that a block became."""
    operations: dict[str, str]
    """Heading by the name of the macro that a block became."""
    scenes: dict[str, Scene]
    """What headings do with commands, by name."""


def page_names() -> list[str]:
    """The pages there are."""
    return sorted(path.stem for path in HERE.glob("*.md"))


def read_page(name: str) -> Page:
    """Read a page; a block's model or macro is called after the first row of its heading."""
    files = {"dbt_project.yml": PROJECT, "profiles.yml": PROFILES}
    models: dict[str, str] = {}
    refused: dict[str, str] = {}
    loose: set[str] = set()
    operations: dict[str, str] = {}
    scenes: dict[str, Scene] = {}
    head = scene = ""
    for match in _BLOCK.finditer((HERE / f"{name}.md").read_text("utf-8")):
        if match["head"]:
            head, scene = match["head"], ""
            continue
        info, body = match["info"].strip(), match["body"]
        if info in ("jinja", "sql"):
            model = _free_name(head, models)
            loose |= {model} if info == "sql" else set()
            models[model] = head
            files[f"models/{model}.sql"] = body
        elif info == "refused":
            refused[_free_name(head, refused, "not_")] = body
        elif info == "operation":
            macro = _free_name(head, operations, "op_")
            operations[macro] = head
            files[f"macros/{macro}.sql"] = f"{{% macro {macro}() %}}\n{body}{{% endmacro %}}\n"
        elif info == "commands" or info.startswith("write "):
            scene = scene or _free_name(head, scenes)
            before = scenes.get(scene, Scene(scene, (), ()))
            path = info.removeprefix("write ")
            is_file = path != info
            scenes[scene] = with_write(before, path, body) if is_file else with_lines(before, body)
        else:
            files[info] = body
    return Page(name, files, models, frozenset(loose), refused, operations, scenes)


def _free_name(head: str, taken: Mapping[str, object], prefix: str = "") -> str:
    found = _ROW.search(head)
    assert found, f"no row in the heading `{head}`"
    stem = prefix + found[0].lower().replace("-", "_")
    number = 1 + sum(name.startswith(f"{stem}_") for name in taken)
    return f"{stem}_{number}"


def write_page(page: Page, root: Path) -> Path:
    """Write a page's project."""
    for path, text in page.files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    return root


def script_of(page: Page) -> Script:
    """What both programs do with a page."""
    script: Script = []
    if page.models:
        # dbt's `compile` ends at the first mistake. What is no SQL is refused by the warehouse, and
        # its compiled text is in the results all the same.
        script += [{"name": "seed", "run": ["seed"]}, {"name": "run", "run": ["run"]}]
    script += [{"name": name, "run": ["run-operation", name]} for name in page.operations]
    for name, text in page.refused.items():
        file = f"models/{name}.sql"
        script.append({"name": f"{name}: write", "write": {file: text}})
        script.append({"name": name, "run": ["parse"]})
        script.append({"name": f"{name}: remove", "write": {file: None}})
    for scene in page.scenes.values():
        script += scene.steps
    return script
