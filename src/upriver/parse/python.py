"""Python models: one function `model(dbt, session)`, read off its syntax tree (JINJA-179).

Refs, sources and configuration are literal arguments of `dbt.ref`, `dbt.source` and `dbt.config`
(JINJA-180). The configs that the code asks for are noted as configs themselves, which is how they
reach the code that runs (JINJA-181).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from upriver.digest import digest_text
from upriver.parse.place import stem
from upriver.problems import Problem, Span
from upriver.resources.calls import Facts, RefCall, SourceCall
from upriver.resources.definitions import ParsedFile, SqlDefinition, SqlKind
from upriver.resources.files import SourceFile

if TYPE_CHECKING:
    import ast

_JINJA = re.compile(
    r"\{\{-?\s*(?:ref|source|config|var|env_var|this|target)\b|\{%-?\s*(?:if|for|set)\b"
)
_ARGUMENTS = 2
_ASKED = ("config_keys_used", "config_keys_defaults", "meta_keys_used", "meta_keys_defaults")
"""Configs that say which keys the code asks for, and with which defaults."""


class _Place(msgspec.Struct, frozen=True):
    """Where a file's problems are."""

    file: SourceFile
    unique_id: str
    first_line: int

    def problem(self, line: int | None, message: str, code: str, hint: str | None) -> Problem:
        return Problem(
            code=code,
            message=message,
            span=Span(
                file=self.file.path, line=None if line is None else line + self.first_line - 1
            ),
            hint=hint,
            unique_id=self.unique_id,
        )

    def unreadable(self, line: int | None, message: str) -> Problem:
        hint = (
            "Arguments of `dbt.ref`, `dbt.source`, `dbt.config` and `dbt.config.get` are"
            " written-out values"
        )
        return self.problem(line, message, "python-model-unreadable", hint)

    def shape(self, line: int | None, message: str) -> Problem:
        hint = "A Python model is one function `model(dbt, session)` that ends with `return`"
        return self.problem(line, message, "python-model-shape", hint)


def parse_python(file: SourceFile, text: str) -> ParsedFile:
    """Read a Python model."""
    name = stem(file.path)
    first_line = text[: len(text) - len(text.lstrip())].count("\n") + 1
    place = _Place(file, f"model.{file.package}.{name}", first_line)
    facts, problems = _read(text.strip(), place)
    return _parsed(file, text, "model", facts, tuple(problems), line=first_line)


def parse_python_function(file: SourceFile, text: str) -> ParsedFile:
    """Read a function that is written in Python; nothing in it is dbt's."""
    return _parsed(file, text, "function", Facts())


def _parsed(
    file: SourceFile,
    text: str,
    kind: SqlKind,
    facts: Facts,
    problems: tuple[Problem, ...] = (),
    *,
    line: int = 1,
) -> ParsedFile:
    """Return a file with its one definition."""
    code = text.strip()
    checksum = digest_text(code)
    definition = SqlDefinition(
        kind=kind,
        name=stem(file.path),
        package=file.package,
        path=file.relative,
        original_file_path=file.path,
        raw_code=code,
        checksum=checksum,
        language="python",
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


def _read(code: str, place: _Place) -> tuple[Facts, list[Problem]]:
    # The parser of Python is loaded only for projects with Python models.
    import ast

    try:
        tree = ast.parse(code)
    except SyntaxError as error:
        return Facts(), [place.unreadable(error.lineno, f"The file is not Python: {error.msg}")]
    problems = [*_shape_problems(tree, place), *_jinja_problems(code, place)]
    found = _Found(place, problems)
    for call, member in _calls(tree):
        try:
            args = [ast.literal_eval(value) for value in call.args]
            keywords = {item.arg: ast.literal_eval(item.value) for item in call.keywords}
        except ValueError:
            problems.append(
                place.unreadable(call.lineno, f"An argument of `dbt.{member}` is computed")
            )
            continue
        found.take(call.lineno, member, args, {k: v for k, v in keywords.items() if k})
    return found.facts(), problems


class _Found:
    """What the calls of one file amount to; private to reading it."""

    def __init__(self, place: _Place, problems: list[Problem]) -> None:
        self._place = place
        self._problems = problems
        self._refs: list[RefCall] = []
        self._sources: list[SourceCall] = []
        self._configs: list[dict[str, Any]] = []
        self._asked: dict[str, list[Any]] = {}

    def take(self, line: int, member: str, args: list[Any], keywords: dict[str, Any]) -> None:
        """Note one call."""
        match member:
            case "config":
                self._configs.append(keywords)
            case "config.get" | "config.meta_get":
                kind = "meta" if member.endswith("meta_get") else "config"
                default = args[1] if len(args) > 1 else keywords.get("default")
                if args:
                    self._asked.setdefault(f"{kind}_keys_used", []).append(args[0])
                    self._asked.setdefault(f"{kind}_keys_defaults", []).append(default)
            case _:
                self._take_reference(line, member, args, keywords)

    def _take_reference(
        self, line: int, member: str, args: list[Any], keywords: dict[str, Any]
    ) -> None:
        are_names = all(isinstance(value, str) for value in args)
        least = 2 if member == "source" else 1
        if not are_names or not least <= len(args) <= _ARGUMENTS:
            takes = "two names" if member == "source" else "one or two names"
            self._problems.append(self._place.unreadable(line, f"`dbt.{member}` takes {takes}"))
        elif member == "source":
            self._sources.append(SourceCall(source=args[0], table=args[1]))
        else:
            version = keywords.get("v", keywords.get("version"))
            package = args[0] if len(args) > 1 else None
            self._refs.append(RefCall(name=args[-1], package=package, version=version))

    def facts(self) -> Facts:
        """Return everything noted."""
        asked = [{key: self._asked.get(key, []) for key in _ASKED}] if self._asked else []
        return Facts(
            refs=tuple(self._refs),
            sources=tuple(self._sources),
            configs=(*self._configs, *asked),
        )


def _calls(tree: ast.Module) -> list[tuple[ast.Call, str]]:
    """Return the calls of `dbt.ref`, `dbt.config.get` and the like, in order of lines."""
    import ast  # loaded already; the name is needed here as well

    found = [
        (node, member)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and (member := _member(node.func)) is not None
    ]
    return sorted(found, key=lambda call: (call[0].lineno, call[0].col_offset))


def _member(function: ast.expr) -> str | None:
    """Return which of `dbt`'s members is called."""
    import ast  # loaded already; the name is needed here as well

    names: list[str] = []
    while isinstance(function, ast.Attribute):
        names.append(function.attr)
        function = function.value
    if not isinstance(function, ast.Name) or function.id != "dbt":
        return None
    member = ".".join(reversed(names))
    known = {"ref", "source", "config", "config.get", "config.meta_get"}
    return member if member in known else None


def _shape_problems(tree: ast.Module, place: _Place) -> list[Problem]:
    import ast  # loaded already; the name is needed here as well

    functions = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name == "model"
    ]
    if len(functions) != 1:
        line = max(function.lineno for function in functions) if functions else None
        return [place.shape(line, f"The file defines {len(functions)} functions named `model`")]
    (model,) = functions
    problems: list[Problem] = []
    names = [argument.arg for argument in model.args.args]
    if len(names) != _ARGUMENTS or names[0] != "dbt":
        problems.append(
            place.shape(
                model.lineno, f"`model` takes `({', '.join(names)})`, not `(dbt, session)`"
            )
        )
    last = model.body[-1]
    if not isinstance(last, ast.Return) or last.value is None:
        problems.append(place.shape(last.lineno, "`model` does not end with `return`"))
    elif isinstance(last.value, ast.Tuple):
        problems.append(place.shape(last.lineno, "`model` returns more than one value"))
    return problems


def _jinja_problems(code: str, place: _Place) -> list[Problem]:
    """Report what looks like a template, which a Python model is not."""
    found = _JINJA.search(code)
    if found is None:
        return []
    line = code.count("\n", 0, found.start()) + 1
    hint = "Use `dbt.ref`, `dbt.source` and `dbt.config.get`; pass a variable as a config"
    return [place.problem(line, "A Python model is no template", "python-model-template", hint)]
