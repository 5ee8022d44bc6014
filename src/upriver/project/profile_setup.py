"""Setting up a profile by asking for it (CLI-122, PROJ-61).

What is asked comes from the project's `profile_template.yml`, which a team keeps beside its
`dbt_project.yml`, or else from the kind of warehouse:

    fixed:                      copied into the output as it stands
      type: postgres
    prompts:                    asked for, in this order
      user:
        hint: your login
        default: me
        type: string            or int, float, bool
        hide_input: true
      _choose_how to log in:    a choice of further prompts
        password:
          pass: {hide_input: true}
        none:
          _fixed_method: none   copied when this is chosen

An answer `target` names the output. Without a terminal, defaults are taken.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from upriver.problems import Problem, ProblemsError, Span
from upriver.project.outcome import Ask, Question
from upriver.state.publish import write_atomically
from upriver.workspace.yaml import load_yaml

TEMPLATE_FILE = "profile_template.yml"
_FIXED = "_fixed_"
_CHOICE = "_choose_"
_TYPES: Mapping[str, type] = {"string": str, "int": int, "float": float, "bool": bool}
_WAREHOUSES: Mapping[str, Mapping[str, Any]] = {
    "duckdb": {
        "fixed": {"type": "duckdb"},
        "prompts": {
            "path": {"hint": "path of the database file", "default": "{name}.duckdb"},
            "schema": {"hint": "schema to build in", "default": "dev"},
            "threads": {"hint": "steps at the same time", "type": "int", "default": 4},
        },
    },
    "postgres": {
        "fixed": {
            "type": "postgres",
            "password": "{{ env_var('DBT_ENV_SECRET_POSTGRES_PASSWORD') }}",
        },
        "prompts": {
            "host": {"hint": "host name of the server", "default": "localhost"},
            "port": {"hint": "port of the server", "type": "int", "default": 5432},
            "user": {"hint": "user to log in as"},
            "dbname": {"hint": "database to build in"},
            "schema": {"hint": "schema to build in", "default": "dev"},
            "threads": {"hint": "steps at the same time", "type": "int", "default": 4},
        },
    },
}
"""Templates of our own. A password is better left out of the file."""


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """An output of a profile, as answered."""

    target: str
    values: Mapping[str, Any]


class Answering:
    """Asks for what a template wants, or takes its defaults."""

    def __init__(self, ask: Ask | None, place: str) -> None:
        self._ask = ask
        self._place = place
        """The template's file, for problems."""

    def output(self, template: Mapping[str, Any]) -> Output:
        """Return the output that a template and the answers make."""
        values = dict(template.get("fixed") or {})
        self._prompts(template.get("prompts") or {}, values)
        target = str(values.pop("target", "dev"))
        return Output(target=target, values=values)

    def choose(self, what: str, options: list[str]) -> str:
        """Return one of the options; the first one where nobody can be asked."""
        if self._ask is None or len(options) == 1:
            return options[0]
        listed = "\n".join(f"[{number}] {name}" for number, name in enumerate(options, start=1))
        text = f"{listed}\n{what} (enter a number)"
        while True:
            answer = self._ask(Question(text=text, default="1"))
            if answer in options:
                return answer
            if answer.isdigit() and 0 < int(answer) <= len(options):
                return options[int(answer) - 1]

    def _prompts(self, prompts: Any, values: dict[str, Any]) -> None:
        for key, said in self._mapping(prompts).items():
            if key.startswith(_FIXED):
                values[key.removeprefix(_FIXED)] = said
            elif key.startswith(_CHOICE):
                options = self._mapping(said)
                chosen = self.choose(f"Desired {key.removeprefix(_CHOICE)} option", [*options])
                self._prompts(options[chosen], values)
            else:
                values[key] = self._answer(key, said if isinstance(said, dict) else {})

    def _mapping(self, value: Any) -> Mapping[str, Any]:
        if isinstance(value, dict) and value:
            return {str(key): item for key, item in value.items()}
        raise ProblemsError((self._odd("a mapping is expected where it asks for something"),))

    def _answer(self, key: str, said: Mapping[str, Any]) -> Any:
        default, hint = said.get("default"), said.get("hint")
        wanted = _TYPES.get(str(said.get("type", "string")), str)
        if self._ask is None:
            if default is None:
                raise ProblemsError((self._unanswered(key),))
            return default
        question = Question(
            text=f"{key} ({hint})" if hint else key,
            default=None if default is None else str(default),
            is_hidden=bool(said.get("hide_input")),
        )
        while True:
            text = self._ask(question)
            if text or default is not None:
                value = default if not text else _typed(text, wanted)
                if value is not None:
                    return value

    def _odd(self, reason: str) -> Problem:
        return Problem(
            code="init-template",
            message=f"`{self._place}` cannot be used: {reason}",
            span=Span(file=self._place),
        )

    def _unanswered(self, key: str) -> Problem:
        return Problem(
            code="init-unanswered",
            message=f"`{self._place}` asks for `{key}`, and there is no terminal to ask at",
            hint="Run `upriver init` in a terminal, give the prompt a `default`, or write the"
            " profile by hand",
        )


def _typed(text: str, wanted: type) -> Any:
    if wanted is bool:
        return {"true": True, "yes": True, "y": True, "false": False, "no": False, "n": False}.get(
            text.lower()
        )
    try:
        return wanted(text)
    except ValueError:
        return None


def ask_for_output(folder: Path, name: str, ask: Ask | None) -> Output:
    """Return an output for a project: from its own template, or for a warehouse to choose."""
    file = folder / TEMPLATE_FILE
    if file.is_file():
        read = load_yaml(file.read_text(encoding="utf-8"), TEMPLATE_FILE)
        answering = Answering(ask, TEMPLATE_FILE)
        if read.problems:
            raise ProblemsError(read.problems)
        return answering.output(read.value if isinstance(read.value, dict) else {})
    answering = Answering(ask, "the profile")
    kind = answering.choose("Which warehouse would you like to use?", [*_WAREHOUSES])
    return answering.output(_named(_WAREHOUSES[kind], name))


def _named(template: Any, name: str) -> Any:
    if isinstance(template, dict):
        return {key: _named(value, name) for key, value in template.items()}
    return template.replace("{name}", name) if isinstance(template, str) else template


def has_profile(file: Path, name: str) -> bool:
    """Whether a profiles file has a profile of this name."""
    read = load_yaml(_text(file), str(file))
    if read.problems:
        raise ProblemsError(read.problems)
    return isinstance(read.value, dict) and name in read.value


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def add_profile(file: Path, name: str, output: Output) -> None:
    """Add a profile at the end of a file, which is otherwise left as it is."""
    text = _text(file)
    os.makedirs(file.parent, exist_ok=True)
    gap = "" if not text or text.endswith("\n") else "\n"
    write_atomically(str(file), f"{text}{gap}{profile_text(name, output)}".encode())


def profile_text(name: str, output: Output) -> str:
    """Write a profile with one output as YAML; values are quoted as JSON, which YAML reads."""
    lines = [f"{name}:", f"  target: {_shown(output.target)}", "  outputs:"]
    lines.append(f"    {_shown(output.target)}:")
    lines += [f"      {key}: {_shown(value)}" for key, value in output.values.items()]
    return "\n".join(lines) + "\n"


def _shown(value: Any) -> str:
    if isinstance(value, str) and value.replace("_", "a").isalnum() and value[0].isalpha():
        plain = value.lower() not in {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
        return value if plain else f'"{value}"'
    return msgspec.json.encode(value).decode()


def profile_exists(file: Path, name: str) -> Problem:
    """Say that what is there is never overwritten."""
    return Problem(
        code="init-profile-exists",
        message=f"The profile `{name}` is in `{file}` already; it is left as it is",
        hint="`upriver debug` checks it; remove it there to be asked again",
    )
