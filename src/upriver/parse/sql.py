"""Models, analyses, singular tests and `.sql` snapshots: text to definitions.

The facts of a node (what it refs, its config) are read off the text where that is possible and
rendered where it is not (PROJ-147). A node whose template is broken is still defined, with no
facts: what refers to it should not be reported as well.
"""

from __future__ import annotations

import msgspec

from upriver.digest import digest_text
from upriver.jinja.blocks import find_blocks
from upriver.jinja.static_facts import WorldAsks, is_extractable, static_facts
from upriver.jinja.world import World
from upriver.parse.place import stem
from upriver.problems import Problem, Span
from upriver.resources.calls import Facts
from upriver.resources.definitions import ParsedFile, SqlDefinition, SqlKind
from upriver.resources.files import FileKind, SourceFile

KINDS: dict[FileKind, SqlKind] = {
    "model": "model", "analysis": "analysis", "singular_test": "test", "snapshot": "snapshot",
    "function": "function",
}  # fmt: skip

_SNAPSHOT = frozenset({"snapshot"})


def parse_sql(file: SourceFile, text: str, world: World) -> ParsedFile:
    """Read a file that is one node: a model, an analysis, a singular test or a function."""
    kind = KINDS[file.kind]
    code = text.strip()
    name = stem(file.path)
    line = text.count("\n", 0, len(text) - len(text.lstrip())) + 1
    facts, problems = _facts(file, code, world, kind, name, line)
    checksum = digest_text(code)
    definition = SqlDefinition(
        kind=kind,
        name=name,
        package=file.package,
        # dbt files analyses under this name whatever their directory is called.
        path=f"analysis/{file.relative}" if kind == "analysis" else file.relative,
        original_file_path=file.path,
        raw_code=code,
        checksum=checksum,
        facts=facts,
        line=line,
    )
    return ParsedFile(
        file_id=file.id,
        package=file.package,
        path=file.path,
        checksum=checksum,
        definitions=(definition,),
        problems=problems,
    )


def parse_snapshots(file: SourceFile, text: str, world: World) -> ParsedFile:
    """Read the snapshot blocks of a file (PROJ-144); other text is ignored."""
    blocks, found = find_blocks(text, _SNAPSHOT, file=file.path)
    problems: list[Problem] = list(found)
    checksum = digest_text(text.strip())
    definitions: dict[str, SqlDefinition] = {}
    for block in blocks:
        if block.name in definitions:
            problems.append(_duplicate(file, block.name, block.line, definitions[block.name].line))
            continue
        facts, broken = _facts(file, block.body, world, "snapshot", block.name, block.body_line)
        problems.extend(broken)
        definitions[block.name] = SqlDefinition(
            kind="snapshot",
            name=block.name,
            package=file.package,
            path=file.relative,
            original_file_path=file.path,
            raw_code=block.body,
            checksum=checksum,
            facts=facts,
            line=block.body_line,
        )
    return ParsedFile(
        file_id=file.id,
        package=file.package,
        path=file.path,
        checksum=checksum,
        definitions=tuple(definitions.values()),
        problems=tuple(problems),
    )


def _facts(
    file: SourceFile, code: str, world: World, kind: SqlKind, name: str, line: int
) -> tuple[Facts, tuple[Problem, ...]]:
    facts = static_facts(code, WorldAsks(world, file.package))
    if facts is not None:
        return (_as_extracted(facts, code) if kind == "model" else facts), ()
    # Jinja is loaded only when a template cannot be read without it.
    from upriver.jinja.capture import capture_facts
    from upriver.jinja.errors import CompilationError, Origin, problem_of

    unique_id = f"{kind}.{file.package}.{name}"
    origin = Origin(file=file.path, line=line, unique_id=unique_id, name=name)
    try:
        return capture_facts(code, world, file.package, unique_id, name, origin=origin), ()
    except CompilationError as error:
        return Facts(), (problem_of(error, unique_id=unique_id),)


def _as_extracted(facts: Facts, code: str) -> Facts:
    """Name each source once where dbt reads a model without rendering it: it keeps a set then."""
    sources = tuple(dict.fromkeys(facts.sources))
    if len(sources) == len(facts.sources) or not is_extractable(code):
        return facts
    return msgspec.structs.replace(facts, sources=sources)


def _duplicate(file: SourceFile, name: str, line: int, first: int) -> Problem:
    return Problem(
        code="duplicate-block",
        message=f"The snapshot `{name}` is defined twice in `{file.path}`",
        span=Span(file=file.path, line=line),
        related=(Span(file=file.path, line=first),),
        hint="Rename or remove one of them",
    )
