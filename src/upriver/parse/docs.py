"""Markdown files: `{% docs name %}` blocks."""

from __future__ import annotations

from upriver.digest import digest_text
from upriver.jinja.blocks import Block, find_blocks
from upriver.jinja.world import World
from upriver.problems import Problem, Span
from upriver.resources.definitions import ParsedFile
from upriver.resources.files import SourceFile
from upriver.resources.macro import Doc

_DOCS = frozenset({"docs"})


def parse_docs(file: SourceFile, text: str, world: World) -> ParsedFile:
    """Read all documentation blocks of a file; text outside is ignored, tags there as well."""
    blocks, found = find_blocks(text, _DOCS, file=file.path)
    problems: list[Problem] = [problem for problem in found if problem.severity == "error"]
    docs: dict[str, Doc] = {}
    lines: dict[str, int] = {}
    for block in blocks:
        if block.name in docs:
            problems.append(_duplicate(file, block, lines[block.name]))
            continue
        contents, broken = _contents(file, block, world)
        problems.extend(broken)
        lines[block.name] = block.line
        docs[block.name] = Doc(
            unique_id=f"doc.{file.package}.{block.name}",
            name=block.name,
            package=file.package,
            path=file.relative,
            original_file_path=file.path,
            block_contents=contents,
        )
    return ParsedFile(
        file_id=file.id,
        package=file.package,
        path=file.path,
        checksum=digest_text(text.strip()),
        docs=tuple(docs.values()),
        problems=tuple(problems),
    )


def _contents(file: SourceFile, block: Block, world: World) -> tuple[str, tuple[Problem, ...]]:
    """Render a block's text, which knows no names at all."""
    if "{" not in block.body:
        return block.body.strip(), ()
    # Jinja is loaded only for documentation that has tags of its own.
    from upriver.jinja.environment import render_template, text_template
    from upriver.jinja.errors import Origin, located, problem_of

    origin = Origin(file=file.path, line=block.body_line, name=block.name)
    try:
        template = text_template(block.body, world.remember, origin=origin)
        return render_template(template, {}).strip(), ()
    except Exception as error:  # noqa: BLE001 - whatever a template raises is the user's mistake
        return block.body.strip(), (problem_of(located(error, origin)),)


def _duplicate(file: SourceFile, block: Block, first: int) -> Problem:
    return Problem(
        code="duplicate-block",
        message=f"The docs block `{block.name}` is defined twice in `{file.path}`",
        span=Span(file=file.path, line=block.line),
        related=(Span(file=file.path, line=first),),
        hint="Rename or remove one of them",
    )
