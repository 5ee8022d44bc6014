"""Macro files and generic test files: blocks to macros (PROJ-144, JINJA-142).

Syntax inside a macro is checked when the file is read, so that a broken macro is reported even if
nothing calls it; the macros that come with upriver are trusted, since there are hundreds of them.
"""

from __future__ import annotations

import re

from upriver.digest import digest_text
from upriver.jinja.blocks import Block, find_blocks
from upriver.jinja.calls import find_calls, signature_arguments
from upriver.jinja.static.macro_syntax import is_sound_macro
from upriver.jinja.world import World
from upriver.problems import Problem, Span
from upriver.resources.definitions import ParsedFile
from upriver.resources.files import SourceFile
from upriver.resources.macro import Macro, MacroKind

_KINDS = frozenset({"macro", "materialization", "test", "data_test"})
_ADAPTER = re.compile(r"""\badapter\s*=\s*(?:'(\w+)'|"(\w+)")""")
_LANGUAGES = re.compile(r"\bsupported_languages\s*=\s*\[([^\]]*)\]")
_WORD = re.compile(r"\w+")


def parse_macros(file: SourceFile, text: str, world: World) -> ParsedFile:
    """Read all macros, materializations and generic tests of a file."""
    blocks, found = find_blocks(text, _KINDS, file=file.path)
    problems: list[Problem] = list(found)
    macros: dict[str, Macro] = {}
    is_trusted = file.package in {"dbt", *_adapter_packages(world)}
    for block in blocks:
        macro = _macro(file, block)
        first = macros.get(macro.name)
        if first is not None:
            problems.append(_duplicate(file, macro, first))
            continue
        macros[macro.name] = macro
        broken = None if is_trusted else _broken(macro)
        if broken is not None:
            problems.append(broken)
    return ParsedFile(
        file_id=file.id,
        package=file.package,
        path=file.path,
        checksum=digest_text(text.strip()),
        macros=tuple(macros.values()),
        problems=tuple(problems),
    )


def _adapter_packages(world: World) -> tuple[str, ...]:
    """Return the names of the packages of built-in macros (PROJ-142)."""
    dialect = world.dialect
    return tuple(f"dbt_{type_name}" for type_name in (dialect.type, *dialect.parents))


def _macro(file: SourceFile, block: Block) -> Macro:
    kind: MacroKind = "macro"
    name, languages = block.name, None
    if block.kind == "materialization":
        kind = "materialization"
        adapter = _ADAPTER.search(block.header)
        name = f"materialization_{name}_{adapter[1] or adapter[2] if adapter else 'default'}"
        languages = _supported_languages(block.header)
    elif block.kind in {"test", "data_test"}:
        kind, name = "test", f"test_{name}"
    calls, dispatches = find_calls(block.text)
    return Macro(
        unique_id=f"macro.{file.package}.{name}",
        name=name,
        package=file.package,
        path=file.path,
        original_file_path=file.path,
        macro_sql=block.text,
        space=block.space,
        line=block.line,
        kind=kind,
        arguments=() if kind == "materialization" else signature_arguments(block.header),
        supported_languages=languages,
        calls=calls,
        dispatches=dispatches,
    )


def _supported_languages(header: str) -> tuple[str, ...]:
    match = _LANGUAGES.search(header)
    return tuple(_WORD.findall(match[1])) if match else ("sql",)


def _broken(macro: Macro) -> Problem | None:
    """Return the problem of a macro that Jinja cannot parse."""
    if is_sound_macro(macro.macro_sql):
        return None
    # Jinja is loaded only where a macro is new: parsed files are remembered.
    from upriver.jinja.environment import check_syntax, macro_origin
    from upriver.jinja.errors import CompilationError, problem_of

    try:
        check_syntax(macro.macro_sql, macro_origin(macro))
    except CompilationError as error:
        return problem_of(error, unique_id=macro.unique_id)
    return None


def _duplicate(file: SourceFile, macro: Macro, first: Macro) -> Problem:
    return Problem(
        code="duplicate-macro",
        message=f"The macro `{macro.name}` is defined twice in `{file.path}`",
        span=Span(file=file.path, line=macro.line),
        related=(Span(file=file.path, line=first.line),),
        hint="Rename or remove one of them",
        unique_id=macro.unique_id,
    )
