"""Python models: defined, so that the rest of the project links, but not run (JINJA-179).

Refs, sources and configuration are read off the syntax tree (JINJA-180). Every Python model gives
a warning, since upriver does not execute them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from upriver.digest import digest_text
from upriver.parse.place import stem
from upriver.problems import Problem, Span
from upriver.resources.calls import Facts, RefCall, SourceCall
from upriver.resources.definitions import ParsedFile, SqlDefinition
from upriver.resources.files import SourceFile

if TYPE_CHECKING:
    import ast


def parse_python(file: SourceFile, text: str) -> ParsedFile:
    """Read a Python model."""
    code = text.strip()
    name = stem(file.path)
    facts, problems = _facts(file, code, f"model.{file.package}.{name}")
    checksum = digest_text(code)
    return ParsedFile(
        file_id=file.id,
        package=file.package,
        path=file.path,
        checksum=checksum,
        definitions=(
            SqlDefinition(
                kind="model",
                name=name,
                package=file.package,
                path=file.relative,
                original_file_path=file.path,
                raw_code=code,
                checksum=checksum,
                language="python",
                facts=facts,
            ),
        ),
        problems=(_unsupported(file, name), *problems),
    )


def parse_python_function(file: SourceFile, text: str) -> ParsedFile:
    """Read a function that is written in Python; nothing in it is dbt's."""
    code = text.strip()
    checksum = digest_text(code)
    return ParsedFile(
        file_id=file.id,
        package=file.package,
        path=file.path,
        checksum=checksum,
        definitions=(
            SqlDefinition(
                kind="function",
                name=stem(file.path),
                package=file.package,
                path=file.relative,
                original_file_path=file.path,
                raw_code=code,
                checksum=checksum,
                language="python",
                facts=Facts(),
            ),
        ),
    )


def _facts(file: SourceFile, code: str, unique_id: str) -> tuple[Facts, list[Problem]]:
    # The parser of Python is loaded only for projects with Python models.
    import ast

    try:
        tree = ast.parse(code)
    except SyntaxError as error:
        return Facts(), [_problem(file, error.lineno, str(error.msg), unique_id)]
    refs: list[RefCall] = []
    sources: list[SourceCall] = []
    configs: list[dict[str, Any]] = []
    problems: list[Problem] = []
    for call, member in _calls(tree):
        try:
            args = [ast.literal_eval(value) for value in call.args]
            keywords = {item.arg: ast.literal_eval(item.value) for item in call.keywords}
        except ValueError:
            message = f"An argument of `dbt.{member}` is computed"
            problems.append(_problem(file, call.lineno, message, unique_id))
            continue
        if member == "config":
            configs.append({key: value for key, value in keywords.items() if key})
        elif not all(isinstance(value, str) for value in args) or not 1 <= len(args) <= 2:  # noqa: PLR2004 - package and name
            message = f"`dbt.{member}` takes one or two names"
            problems.append(_problem(file, call.lineno, message, unique_id))
        elif member == "source":
            sources.append(SourceCall(source=args[0], table=args[-1]))
        else:
            version = keywords.get("v", keywords.get("version"))
            package = args[0] if len(args) > 1 else None
            refs.append(RefCall(name=args[-1], package=package, version=version))
    facts = Facts(refs=tuple(refs), sources=tuple(sources), configs=tuple(configs))
    return facts, problems


def _calls(tree: ast.Module) -> list[tuple[ast.Call, str]]:
    """Return the calls of `dbt.ref`, `dbt.source` and `dbt.config`, in order of lines."""
    import ast  # loaded already; the name is needed here as well

    found = [
        (node, node.func.attr)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "dbt"
        and node.func.attr in {"ref", "source", "config"}
    ]
    return sorted(found, key=lambda call: (call[0].lineno, call[0].col_offset))


def _problem(file: SourceFile, line: int | None, message: str, unique_id: str) -> Problem:
    return Problem(
        code="python-model-unreadable",
        message=message,
        severity="warning",
        span=Span(file=file.path, line=line),
        hint="Arguments of `dbt.ref`, `dbt.source` and `dbt.config` are written-out values",
        unique_id=unique_id,
    )


def _unsupported(file: SourceFile, name: str) -> Problem:
    return Problem(
        code="python-model-unsupported",
        message=f"The Python model `{name}` cannot be run by upriver",
        severity="warning",
        span=Span(file=file.path),
        hint="Leave it out of the selection, and read it from another environment by deferral",
        unique_id=f"model.{file.package}.{name}",
    )
