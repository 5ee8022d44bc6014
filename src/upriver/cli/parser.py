"""Arguments to a request, derived from the request structs: options are declared nowhere else.

Global options may stand before or after the command; the same one in both places is an error
(CLI-1). Only the parser of the command that was given is built.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import msgspec

from upriver.project.options import Option, options_of
from upriver.project.requests import REQUESTS, GlobalOptions, Request, Selecting
from upriver.resources.nearest import nearest_hint

ALIASES: Mapping[str, str] = {"list": "ls"}
LATER: Mapping[str, str] = {
    "deps": "Installing packages",
    "docs": "Documentation",
    "source": "Source freshness",
}
"""Commands of dbt's that this version does not have."""


class UsageError(Exception):
    """The arguments cannot be understood; `usage` is the line to show."""

    def __init__(self, message: str, usage: str = "", hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.usage = usage
        self.hint = hint


class HelpAsked(Exception):  # noqa: N818 - a request, not an error
    """Help was asked for; `text` is the page."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(message, self.format_usage().strip())

    def print_help(self, file: Any = None) -> None:  # noqa: ARG002 - argparse's signature
        raise HelpAsked(self.format_help())


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """A command and its request."""

    command: str
    request: Request


def parse(argv: Sequence[str]) -> Parsed:
    """Return the request; raises UsageError, or HelpAsked."""
    front = _Parser(prog="upriver", add_help=False, allow_abbrev=False)
    _add_options(front, options_of(GlobalOptions), is_shown=False)
    front.add_argument("-h", "--help", action="store_true", dest="is_help")
    front.add_argument("command", nargs="?")
    front.add_argument("rest", nargs=argparse.REMAINDER)
    before = vars(front.parse_args(list(argv)))
    name, rest = before.pop("command"), before.pop("rest")
    is_help = before.pop("is_help")
    if name is None or (is_help and name is None):
        raise HelpAsked(overview())
    command = ALIASES.get(name, name)
    if command not in REQUESTS:
        raise _unknown(name)
    return _parse_command(command, before, [*(["--help"] if is_help else []), *rest])


def _unknown(name: str) -> UsageError:
    if name in LATER:
        return UsageError(f"{LATER[name]} (`{name}`) is not part of this version of upriver")
    return UsageError(f"No such command `{name}`", hint=nearest_hint(name, REQUESTS))


def _parse_command(command: str, before: Mapping[str, Any], rest: Sequence[str]) -> Parsed:
    kind = REQUESTS[command]
    parser = _Parser(
        prog=f"upriver {command}",
        description=(kind.__doc__ or "").strip(),
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    own = options_of(kind)
    _add_options(parser, own, is_shown=True)
    has_selection = "selecting" in kind.__struct_fields__
    if has_selection:
        _add_options(parser.add_argument_group("selection"), options_of(Selecting), is_shown=True)
    taken = {flag for option in own for flag in option.flags}
    shared = options_of(GlobalOptions)
    _add_options(
        parser.add_argument_group("options of every command"), shared, is_shown=True, taken=taken
    )
    after = vars(parser.parse_args(list(rest)))
    twice = sorted(set(before) & set(after))
    if twice:
        flag = next(option.flags[0] for option in shared if option.field == twice[0])
        raise UsageError(f"`{flag}` is given both before and after `{command}`")
    return Parsed(command=command, request=_request(kind, {**before, **after}, has_selection))


def _request(kind: type[Request], values: dict[str, Any], has_selection: bool) -> Request:  # noqa: FBT001
    groups: dict[str, Any] = {"options": _group(GlobalOptions, values)}
    if has_selection:
        groups["selecting"] = _group(Selecting, values)
    own = {option.field for option in options_of(kind)}
    groups |= {name: values[name] for name in own if name in values}
    request = kind(**groups)
    _check_exclusive(request)
    return request


def _group(kind: type[msgspec.Struct], values: Mapping[str, Any]) -> Any:
    return kind(**{name: values[name] for name in kind.__struct_fields__ if name in values})


def _check_exclusive(request: Request) -> None:
    """Refuse options that exclude each other (CLI-7)."""
    options = request.options
    if options.warn_error and options.warn_error_options is not None:
        raise UsageError("`--warn-error` and `--warn-error-options` exclude each other")
    selecting = getattr(request, "selecting", None)
    inline = getattr(request, "inline", None)
    if inline is not None and selecting is not None and (selecting.select or selecting.selector):
        raise UsageError("`--inline` cannot be combined with `--select` or `--selector`")


def _add_options(
    parser: Any, options: Sequence[Option], *, is_shown: bool, taken: set[str] | None = None
) -> None:
    for option in options:
        flags = [flag for flag in option.flags if taken is None or flag not in taken]
        help_text = option.help if is_shown and not option.is_hidden else argparse.SUPPRESS
        if not option.flags:
            parser.add_argument(
                option.field, metavar=option.metavar, help=help_text,
                nargs=None if option.field == "macro" else "?", default=argparse.SUPPRESS,
            )  # fmt: skip
            continue
        parser.add_argument(*flags, **_keywords(option, help_text))


def _keywords(option: Option, help_text: str) -> dict[str, Any]:
    keywords: dict[str, Any] = {
        "dest": option.field,
        "default": argparse.SUPPRESS,
        "help": help_text,
    }
    match option.kind:
        case "bool" if option.is_negatable:
            keywords["action"] = argparse.BooleanOptionalAction
        case "bool":
            keywords |= {"action": "store_const", "const": True}
        case "int":
            keywords |= {"type": _whole_number, "metavar": option.metavar or "N"}
        case "list":
            keywords |= {"nargs": "+", "action": _Extend, "metavar": option.metavar}
        case "mapping":
            keywords |= {"type": _mapping, "metavar": option.metavar}
        case _:
            keywords["metavar"] = option.metavar
    if option.choices:
        keywords["choices"] = option.choices
        keywords.pop("metavar", None)
    return keywords


class _Extend(argparse.Action):
    """Collect the words of a repeated option into one tuple (CLI-5, SEL-7)."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,  # noqa: ARG002
    ) -> None:
        """Add the words."""
        setattr(namespace, self.dest, (*getattr(namespace, self.dest, ()), *values))


def _whole_number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        message = f"`{text}` is not a whole number"
        raise argparse.ArgumentTypeError(message) from None


def _mapping(text: str) -> dict[str, Any]:
    # YAML is loaded only when an option holds some.
    from upriver.workspace.yaml import load_yaml

    loaded = load_yaml(text)
    if loaded.problems:
        message = f"`{text}` is not YAML: {loaded.problems[0].message}"
        raise argparse.ArgumentTypeError(message)
    value = loaded.value
    if value is None:
        return {}
    if not isinstance(value, dict):
        message = f"expected a YAML mapping such as `{{key: value}}`, not `{text}`"
        raise argparse.ArgumentTypeError(message)
    return dict(value)


def overview() -> str:
    """Return the page shown for `upriver` alone."""
    lines = [
        "Usage: upriver [OPTIONS] COMMAND [OPTIONS]",
        "",
        "Runs dbt projects, reading production instead of rebuilding it.",
        "",
        "Commands:",
    ]
    for name, kind in REQUESTS.items():
        summary = (kind.__doc__ or "").strip().split("\n")[0].partition(" (")[0].rstrip(".")
        lines.append(f"  {name:<15} {summary}")
    lines += ["", "`upriver COMMAND --help` shows a command's options."]
    return "\n".join(lines)
