"""Behaviour cases: Markdown files that hold a project, commands and what must come of them.

`tests/cases/README.md` describes the format. A case is carried out from top to bottom: blocks of
files are written, commands are run in this process, and expectations look at what the last command
left behind.
"""

from __future__ import annotations

import difflib
import io
import os
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from upriver.cli.invoke import InvokeResult, invoke
from upriver.plan.plan import Decision, Step
from upriver.resources.relation import RelationName

DATABASE = "wh"
SHARED_HEADING = "project"
UPDATE_VARIABLE = "UPRIVER_UPDATE_CASES"

_FENCE = re.compile(r"^(`{3,})(.*)$")
_HEADING = re.compile(r"^## +(.*?)\s*$")
_EXIT = re.compile(r"^exit (\d+)$")
_STAMP = re.compile(r"^\d\d:\d\d:\d\d  ?")
_ASSIGNMENT = re.compile(r"^([A-Z_][A-Z0-9_]*)=(.*)$", re.DOTALL)
_HASH = re.compile(r"\.[0-9a-f]{10}$")


class CaseError(AssertionError):
    """A case that does not hold, or cannot be read."""


class Block(msgspec.Struct, frozen=True):
    """One fenced block. `line` is the 1-based line of its opening fence."""

    info: str
    lines: tuple[str, ...]
    line: int

    @property
    def text(self) -> str:
        """The content as a file has it."""
        return "".join(f"{line}\n" for line in self.lines)


class Case(msgspec.Struct, frozen=True):
    """One heading and its blocks."""

    heading: str
    blocks: tuple[Block, ...]


class CaseFile(msgspec.Struct, frozen=True):
    """One Markdown file."""

    path: Path
    shared: tuple[Block, ...]
    cases: tuple[Case, ...]


def read_cases(path: Path) -> CaseFile:
    """Read one file."""
    cases: list[Case] = []
    shared: tuple[Block, ...] = ()
    for heading, blocks in _sections(path):
        if heading == SHARED_HEADING:
            shared = blocks
        elif any(case.heading == heading for case in cases):
            raise CaseError(f"{path.name}: two cases are called {heading!r}")
        else:
            cases.append(Case(heading, blocks))
    return CaseFile(path, shared, tuple(cases))


def _sections(path: Path) -> Iterator[tuple[str, tuple[Block, ...]]]:
    heading: str | None = None
    blocks: list[Block] = []
    fence: str | None = None
    opened, body = 0, []
    info = ""
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if fence is not None:
            if line.rstrip() == fence:
                blocks.append(Block(info, tuple(body), opened))
                fence = None
            else:
                body.append(line)
        elif match := _FENCE.match(line):
            fence, info, opened, body = match[1], match[2].strip(), number, []
        elif match := _HEADING.match(line):
            if heading is not None:
                yield heading, tuple(blocks)
            heading, blocks = match[1], []
    if fence is not None:
        raise CaseError(f"{path.name}:{opened}: the block is never closed")
    if heading is not None:
        yield heading, tuple(blocks)


class Runner:
    """Carries out blocks in one directory and remembers what the last command gave."""

    def __init__(self, root: Path, templates: dict[str, Any], label: str) -> None:
        self.root = root
        self.templates = templates
        self.label = label
        self.cwd = root
        self.result: InvokeResult | None = None
        self.output = ""
        self.listed: tuple[str, ...] = ()

    def play(self, blocks: tuple[Block, ...]) -> dict[int, tuple[str, ...]]:
        """Carry out the blocks; give the actual lines of expectations that do not hold."""
        differing: dict[int, tuple[str, ...]] = {}
        for block in blocks:
            kind, _, argument = block.info.partition(" ")
            if kind == "console":
                self._console(block)
            elif kind == "output":
                self._expect_output(block)
            elif kind in _EXPECTATIONS:
                actual = _EXPECTATIONS[kind](self, argument.strip(), block)
                if actual is not None:
                    differing[block.line] = actual
            else:
                self._write(block)
        return differing

    def fail(self, block: Block, message: str) -> CaseError:
        """Say where and why."""
        said = f"\n--- output of the last command\n{self.output}" if self.output else ""
        return CaseError(f"{self.label} (line {block.line}): {message}{said}")

    def _write(self, block: Block) -> None:
        if not block.info or " " in block.info:
            raise self.fail(block, f"`{block.info}` is neither a path nor a known kind of block")
        path = self.root / block.info
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text)

    def _console(self, block: Block) -> None:
        commands: list[tuple[str, int]] = []
        for line in block.lines:
            if line.startswith("$ "):
                commands.append((line[2:], 0))
            elif match := _EXIT.match(line):
                commands[-1] = (commands[-1][0], int(match[1]))
            elif line.strip():
                raise self.fail(block, f"not a command and not an exit code: {line!r}")
        for command, expected in commands:
            code = self._run(command, block)
            if code != expected:
                raise self.fail(block, f"`{command}` gave exit {code}, not {expected}")

    def _run(self, command: str, block: Block) -> int:
        if command.startswith("sql "):
            self.rows(command.removeprefix("sql "))
            return 0
        words = shlex.split(command)
        env = dict(self._environment())
        while words and (match := _ASSIGNMENT.match(words[0])):
            env[match[1]] = match[2]
            words.pop(0)
        match words:
            case ["upriver", *arguments]:
                return self._invoke(arguments, env)
            case ["cd", where]:
                self.cwd = self.root / where
                self.cwd.mkdir(parents=True, exist_ok=True)
            case ["rm", where]:
                target = self.root / where
                shutil.rmtree(target) if target.is_dir() else target.unlink()
            case ["cp", origin, where]:
                (self.root / where).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(self.root / origin, self.root / where)
            case ["mkdir", where]:
                (self.root / where).mkdir(parents=True)
            case ["sub", where, pattern, replacement]:
                path = self.root / where
                text, count = re.subn(pattern, replacement, path.read_text())
                if not count:
                    raise self.fail(block, f"`{pattern}` is not in {where}")
                path.write_text(text)
            case _:
                raise self.fail(block, f"no such command: {command!r}")
        return 0

    def _environment(self) -> Iterator[tuple[str, str]]:
        yield "CASE_DUCKDB", str(self.root / f"{DATABASE}.duckdb")
        yield "HOME", str(self.root)
        yield "DBT_SEND_ANONYMOUS_USAGE_STATS", "0"
        yield "DBT_PROFILES_DIR", str(self.root)

    def _invoke(self, arguments: list[str], env: dict[str, str]) -> int:
        stream = io.StringIO()
        self.result = invoke(
            arguments,
            env=env,
            cwd=str(self.cwd),
            stdout=stream,
            stderr=stream,
            templates=self.templates,
        )
        self.output = "\n".join(_STAMP.sub("", line) for line in stream.getvalue().splitlines())
        if "ls" in arguments or "list" in arguments:
            outcome = self.result.outcome
            self.listed = outcome.lines if outcome is not None else ()
        if self.result.exception is not None and self.result.outcome is not None:
            raise self.result.exception
        return self.result.exit_code

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the DuckDB file."""
        with duckdb.connect(str(self.root / f"{DATABASE}.duckdb")) as connection:
            return connection.execute(sql).fetchall()

    def _expect_output(self, block: Block) -> None:
        remaining = iter(self.output.splitlines())
        for wanted in block.lines:
            if not any(wanted.strip() in line for line in remaining):
                raise self.fail(block, f"this line is not in the output (in order): {wanted!r}")

    def selected(self, _argument: str, block: Block) -> tuple[str, ...] | None:
        """What the last `ls` printed, in any order."""
        return _differing(block, sorted(self.listed))

    def compiled(self, argument: str, block: Block) -> tuple[str, ...] | None:
        """Compiled SQL, white space normalised."""
        for result in self._report(block).results:
            if _answers_to(result.unique_id, argument) and result.compiled_code is not None:
                actual = result.compiled_code
                if actual.split() == " ".join(block.lines).split():
                    return None
                return tuple(line for line in actual.strip().splitlines() if line.strip())
        raise self.fail(block, f"no compiled code of {argument!r}")

    def reads(self, argument: str, block: Block) -> tuple[str, ...] | None:
        """What each reference of a step reads, by the plan."""
        steps = [step for step in self._steps(block) if _answers_to(step.unique_id, argument)]
        if not steps:
            raise self.fail(block, f"the plan has no step {argument!r}")
        return _differing(block, sorted({_told(d) for step in steps for d in step.inputs}))

    def results(self, _argument: str, block: Block) -> tuple[str, ...] | None:
        """Name and status of everything executed, in any order."""
        lines = [f"{_short(r.unique_id)} {r.status}" for r in self._report(block).results]
        return _differing(block, sorted(lines))

    def rows_of(self, argument: str, block: Block) -> tuple[str, ...] | None:
        """Rows of a query, columns separated by ` | `."""
        try:
            rows = self.rows(argument)
        except duckdb.Error as error:
            raise self.fail(block, f"the query failed: {error}") from error
        lines = [" | ".join("null" if v is None else str(v) for v in row) for row in rows]
        return None if lines == [line.rstrip() for line in block.lines] else tuple(lines)

    def problems(self, _argument: str, block: Block) -> tuple[str, ...] | None:
        """Code and place of every problem, in any order."""
        outcome = self.result.outcome if self.result else None
        if outcome is None:
            exception = self.result.exception if self.result else None
            return _differing(block, ["usage"] if exception is not None else [])
        found = [*outcome.problems]
        if outcome.report is not None:
            found += [r.problem for r in outcome.report.results if r.problem is not None]
        lines = set()
        for problem in found:
            place = ""
            if problem.span is not None:
                line = "" if problem.span.line is None else f":{problem.span.line}"
                place = f" {problem.span.file}{line}"
            lines.add(f"{problem.code}{place}".replace(f"{self.root}/", ""))
        return _differing(block, sorted(lines))

    def _report(self, block: Block) -> Any:
        outcome = self.result.outcome if self.result else None
        if outcome is None or outcome.report is None:
            raise self.fail(block, "the last command executed nothing")
        return outcome.report

    def _steps(self, block: Block) -> tuple[Step, ...]:
        outcome = self.result.outcome if self.result else None
        if outcome is None or outcome.plan is None:
            raise self.fail(block, "the last command planned nothing")
        plan = outcome.plan
        return (*plan.before, *plan.steps, *plan.after)


_EXPECTATIONS: dict[str, Callable[[Runner, str, Block], tuple[str, ...] | None]] = {
    "selected": Runner.selected,
    "compiled": Runner.compiled,
    "reads": Runner.reads,
    "results": Runner.results,
    "rows": Runner.rows_of,
    "problems": Runner.problems,
}


def _differing(block: Block, actual: list[str]) -> tuple[str, ...] | None:
    wanted = sorted(" ".join(line.split()) for line in block.lines if line.strip())
    return None if wanted == [" ".join(line.split()) for line in actual] else tuple(actual)


def _short(unique_id: str) -> str:
    """Name without kind and package; the hash of a generic test says nothing to a reader."""
    return ".".join(_HASH.sub("", unique_id).split(".")[2:])


def _answers_to(unique_id: str, name: str) -> bool:
    return name in {unique_id, _short(unique_id)}


def _told(decision: Decision) -> str:
    relation = "-" if decision.relation is None else _relation(decision.relation)
    return f"{_short(decision.target)} {decision.place} {relation} {decision.reason}"


def _relation(name: RelationName) -> str:
    parts = [name.schema, name.identifier]
    if name.database not in {None, DATABASE}:
        parts.insert(0, name.database)
    return ".".join(part for part in parts if part)


class Shared:
    """Shared projects, set up once each and copied for every case."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.templates: dict[str, Any] = {}
        self.roots: dict[Path, Path] = {}
        self.failures: dict[Path, str] = {}

    def root_for(self, file: CaseFile) -> Path:
        """Where the file's shared project stands, its commands carried out."""
        if file.path in self.failures:
            raise CaseError(self.failures[file.path])
        root = self.roots.get(file.path)
        if root is None:
            root = self.base / f"{file.path.parent.name}-{file.path.stem}"
            root.mkdir()
            label = f"{file.path.name}: project"
            try:
                self._play_shared(file, Runner(root, self.templates, label))
            except Exception as error:
                self.failures[file.path] = f"{label}: {error}"
                raise
            self.roots[file.path] = root
        return root

    def _play_shared(self, file: CaseFile, runner: Runner) -> None:
        for block in file.shared:
            if block.info.startswith("include "):
                other = read_cases(file.path.parent / block.info.removeprefix("include "))
                shutil.copytree(self.root_for(other), runner.root, dirs_exist_ok=True)
            else:
                runner.play((block,))


def run_case(file: CaseFile, case: Case, shared: Shared, root: Path) -> None:
    """Carry out one case; raise when it does not hold, or rewrite what it expects."""
    shutil.copytree(shared.root_for(file), root)
    runner = Runner(root, shared.templates, f"{file.path.name}: {case.heading}")
    differing = runner.play(case.blocks)
    if not differing:
        return
    if os.environ.get(UPDATE_VARIABLE) == "1":
        _rewrite(file.path, case, differing)
        return
    blocks = {block.line: block for block in case.blocks}
    said = [f"{file.path.name}: {case.heading}"]
    for line, actual in differing.items():
        block = blocks[line]
        said.append(f"line {line}, block `{block.info}`:")
        said += difflib.unified_diff(block.lines, actual, "expected", "actual", lineterm="", n=9)
    raise CaseError("\n".join(said))


def _rewrite(path: Path, case: Case, differing: dict[int, tuple[str, ...]]) -> None:
    """Replace expectations; positions are read again, since earlier cases may have moved them."""
    fresh = next(c for c in read_cases(path).cases if c.heading == case.heading)
    lines = path.read_text().splitlines()
    for old, new in reversed(list(zip(case.blocks, fresh.blocks, strict=True))):
        if old.line in differing:
            lines[new.line : new.line + len(new.lines)] = differing[old.line]
    path.write_text("\n".join(lines) + "\n")
