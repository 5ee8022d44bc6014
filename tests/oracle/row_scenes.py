"""What a heading of a page of rows does with commands, and what of it must be equal.

Every line of a block `commands` begins with a sign:

    $ build -s a         both programs must succeed
    ! build -s a         both must fail, with the same exit code
    - PATH ..            remove
    > FROM TO            copy
    @ STATEMENT          on the DuckDB file `wh.duckdb`
    = FILE               a text file; of one of JSON all of it
    = FILE KEYS          what stands there in a JSON file: `nodes/*/checksum`; `*` is every key or
                         item, `?` at the end the names of the keys, `#` their number
    ~ FILE PATTERN       what a regular expression finds in a text file
    ~~ FILE PATTERN      the same in any order
    ? ARGUMENTS          the ids that `ls` lists, of the project as it was parsed last
    tree GLOB            the files there are
    set FILE KEYS JSON   a value of a JSON file, given before the comparisons that follow
    manifest             every key of every resource of `target/manifest.json`
    tables               relations of `wh.duckdb` and their rows

Before a command may stand `in:DIR` (where it is run), `fresh` (in a process of its own) and
`NAME=VALUE` (variables). What is compared has to be there: nothing is equal to nothing only where
dbt says null or writes no file (`tree`). Results are compared by node, not by their order.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.oracle.comparing import differences, sql
from tests.oracle.features import SNAPSHOT_TIMES
from tests.oracle.playing import Played

WAREHOUSE = "wh.duckdb"
TREES = "trees.duckdb"
_VARIABLE = re.compile(r"[A-Z_0-9]+=")


class Check(NamedTuple):
    """One comparison."""

    step: str
    sign: str
    detail: tuple[str, ...] = ()


class Scene(NamedTuple):
    """Commands under one heading."""

    name: str
    steps: tuple[dict[str, Any], ...]
    checks: tuple[Check, ...]


def with_write(scene: Scene, path: str, text: str) -> Scene:
    """Write a file next."""
    step = {"name": _step_name(scene), "write": {path: text}}
    return scene._replace(steps=(*scene.steps, step))


def with_lines(scene: Scene, text: str) -> Scene:
    """Do next what the lines of a block say."""
    for line in text.splitlines():
        if line.strip():
            scene = _with_line(scene, *line.split(" ", 1))
    return scene


def _with_line(scene: Scene, sign: str, rest: str = "") -> Scene:
    name = _step_name(scene)
    words = shlex.split(rest) if sign in ("-", ">") else []
    check: Check | None = None
    steps: list[dict[str, Any]] = []
    match sign:
        case "$" | "!":
            steps = [{"name": name, **_command(rest)}]
            check = Check(name, sign, (rest,))
        case "-":
            steps = [{"name": name, "remove": words}]
        case ">":
            steps = [{"name": name, "copy": words}]
        case "@":
            steps = [{"name": name, "sql": [WAREHOUSE, rest]}]
        case "?":
            steps = [{"name": name, "list": {"ls": shlex.split(rest)}}]
            check = Check(name, sign, (rest,))
        case "=" | "~" | "~~":
            file, _, detail = rest.partition(" ")
            steps = [{"name": name, "take": [file, name]}]
            check = Check(name, sign, (file, detail))
        case "set":
            file, keys, value = rest.split(" ", 2)
            steps = [{"name": name, "set": [file, [[keys.split("/"), json.loads(value)]]]}]
        case "manifest":
            steps = [{"name": name, "take": ["target/manifest.json", name]}]
            check = Check(name, sign)
        case "tables":
            steps = [{"name": name, "dump": [WAREHOUSE]}]
            check = Check(name, sign)
        case "tree":
            # The player has no step for it; DuckDB lists files.
            listed = f"create or replace table found as select file from glob('{rest}')"
            steps = [
                {"name": f"{name} listed", "sql": [TREES, listed]},
                {"name": name, "dump": [TREES]},
            ]
            check = Check(name, sign, (rest,))
        case _:
            raise ValueError(sign)
    checks = (*scene.checks, check) if check else scene.checks
    return scene._replace(steps=(*scene.steps, *steps), checks=checks)


def _step_name(scene: Scene) -> str:
    return f"{scene.name} {len(scene.steps)}"


def _command(text: str) -> dict[str, Any]:
    words = shlex.split(text)
    found: dict[str, Any] = {"env": {}}
    while words:
        first = words[0]
        if first == "fresh":
            found["fresh"] = True
        elif first.startswith("in:"):
            found["cwd"] = first.removeprefix("in:")
        elif _VARIABLE.match(first):
            key, _, value = first.partition("=")
            found["env"][key] = value
        else:
            break
        words.pop(0)
    return {**found, "run": words}


def wrong_in(scene: Scene, theirs: Played, ours: Played) -> list[str]:
    """Say what differs."""
    return [line for check in scene.checks for line in _wrong(check, theirs, ours)]


def _wrong(check: Check, theirs: Played, ours: Played) -> Iterator[str]:
    said = f"{check.sign} {' '.join(check.detail)}".strip()
    if check.sign in ("$", "!"):
        a, b = theirs.results[check.step], ours.results[check.step]
        codes = a["exit_code"], b["exit_code"]
        if codes[0] != codes[1] or (codes[0] == 0) != (check.sign == "$"):
            yield f"{said}: dbt {codes[0]} {a['error'][-800:]}, upriver {codes[1]} {b['error']}"
        return
    if check.sign == "manifest":
        read = (json.loads((played.folder / check.step).read_bytes()) for played in (theirs, ours))
        yield from differences(*read)
        return
    a, b = (_value(check, played) for played in (theirs, ours))
    if check.sign not in ("tree", "tables") and a in (None, [], {}, ""):
        yield f"{said}: dbt has nothing there"
    if a != b:
        yield f"{said}:\n  dbt     {_short(a)}\n  upriver {_short(b)}"


def _short(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)[:3000]


def _value(check: Check, played: Played) -> Any:
    if check.sign in ("tree", "tables"):
        dumped = played.results[check.step]
        if check.sign == "tree":
            return [row[0] for table in dumped.values() for row in table["rows"]]
        return {name: _timeless(table) for name, table in dumped.items()}
    if check.sign == "?":
        return played.results[check.step]["ls"]
    file, detail = check.detail
    text = (Path(played.folder) / check.step).read_text("utf-8")
    if check.sign in ("~", "~~"):
        found = [one if isinstance(one, str) else [*one] for one in re.findall(detail, text)]
        return sorted(found) if check.sign == "~~" else found
    if file.endswith((".json", ".msgpack")):
        return dict(_at(json.loads(text), detail.split("/") if detail else []))
    return [line.rstrip() for line in text.strip().splitlines()]


def _timeless(table: dict[str, Any]) -> dict[str, Any]:
    """Leave out the times that snapshots write, save whether there is one."""
    times = [index for index, column in enumerate(table["columns"]) if column[0] in SNAPSHOT_TIMES]
    rows = [
        ["set" if n in times and cell != "None" else cell for n, cell in enumerate(row)]
        for row in table["rows"]
    ]
    return {**table, "rows": sorted(rows)}


def _items(value: Any) -> list[tuple[str, Any]]:
    """Items by key; of results, which either program may come to in another order, by node."""
    if isinstance(value, dict):
        return [*value.items()]
    if value and isinstance(value[0], dict) and "unique_id" in value[0]:
        return sorted((item["unique_id"], item) for item in value)
    return [(str(index), item) for index, item in enumerate(value)]


def _at(value: Any, keys: list[str], where: str = "") -> Iterator[tuple[str, Any]]:
    """Everything that stands at a place of a JSON value."""
    if not keys:
        yield where, sql(value) if where.endswith("/compiled_code") else value
        return
    first, *rest = keys
    if first == "?":
        yield f"{where}/?", sorted(value)
    elif first == "#":
        yield f"{where}/#", len(value)
    elif first == "*":
        for key, item in _items(value):
            yield from _at(item, rest, f"{where}/{key}")
    else:
        for key, item in _items(value):
            if key == first:
                yield from _at(item, rest, f"{where}/{key}")
