"""Arguments to a request, derived from the request structs: options are declared nowhere else.

Global options may stand before or after the command; the same one in both places is an error
(CLI-1). Only the parser of the command that was given is built.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import msgspec

from upriver import __version__
from upriver.project.option_groups import GlobalOptions, Selecting
from upriver.project.options import Option, options_of
from upriver.project.requests import REQUESTS, Request
from upriver.resources.nearest import nearest_hint
from upriver.workspace.inputs import DBT_VERSION

_MOST_LISTED = 6
"""Choices that an option's line in the help has room for."""
ALIASES: Mapping[str, str] = {"list": "ls", "source snapshot-freshness": "source freshness"}


_GROUP_ALIASES: Mapping[str, str] = {"env": "environment"}


class UsageError(Exception):
    """The arguments cannot be understood."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class HelpAsked(Exception):  # noqa: N818 - a request, not an error
    """Help was asked for; `text` is the page."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class _Parser(argparse.ArgumentParser):
    """Raises what argparse prints, in our words."""

    def words(self, given: Sequence[str]) -> dict[str, Any]:
        """Parse and return what was given by field; everything else is a UsageError."""
        try:
            found, left = self.parse_known_args(list(given))
        except argparse.ArgumentError as error:
            raise UsageError(self._complaint(error), self._help_hint()) from None
        if left:
            raise self._unexpected(left)
        return vars(found)

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, self._help_hint())

    def _help_hint(self) -> str:
        return f"`{self.prog} --help` shows what can be given"

    def _complaint(self, error: argparse.ArgumentError) -> str:
        flag = (error.argument_name or "").partition("/")[0]
        said = error.message
        if said.startswith("invalid choice: "):
            value = said.removeprefix("invalid choice: ").partition(" (")[0].strip("'")
            action = next((a for a in self._actions if flag in a.option_strings), None)
            choices = [] if action is None else list(action.choices or ())
            return f"`{flag} {value}` is none of: {', '.join(choices)}"
        if said.startswith(("expected one", "expected at least")):
            return f"`{flag}` needs a value"
        return f"`{flag}`: {said}"

    def _unexpected(self, left: Sequence[str]) -> UsageError:
        word = next((word for word in left if word.startswith("-")), None)
        if word is None:
            return UsageError(f"`{left[0]}` is one argument too many", self._help_hint())
        flag = word.partition("=")[0]
        hint = nearest_hint(flag, self._option_string_actions) or self._help_hint()
        return UsageError(f"There is no option `{flag}`", hint)

    def print_help(self, file: Any = None) -> None:  # noqa: ARG002 - argparse's signature
        raise HelpAsked(self.format_help())


class _Formatter(argparse.HelpFormatter):
    """Shows an option's value once, not behind every spelling."""

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if not action.option_strings or action.nargs == 0:
            return super()._format_action_invocation(action)
        value = self._format_args(action, (action.metavar or action.dest.upper()))  # type: ignore[arg-type]
        return f"{', '.join(action.option_strings)} {value}"


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """A command and its request."""

    command: str
    request: Request


def parse(argv: Sequence[str]) -> Parsed:
    """Return the request; raises UsageError, or HelpAsked."""
    front = _Parser(prog="upriver", add_help=False, allow_abbrev=False, exit_on_error=False)
    _add_options(front, options_of(GlobalOptions), is_shown=False)
    front.add_argument("-h", "--help", action="store_true", dest="is_help")
    front.add_argument("--version", "-V", "-v", action="store_true", dest="is_version")
    front.add_argument("command", nargs="?")
    front.add_argument("rest", nargs=argparse.REMAINDER)
    before = front.words(argv)
    name, rest = before.pop("command"), before.pop("rest")
    is_help = before.pop("is_help")
    if before.pop("is_version"):
        raise HelpAsked(version())
    if name is None:
        raise HelpAsked(overview())
    name = _GROUP_ALIASES.get(name, name)
    if _is_group(name) and not _is_command(name, rest):
        name, rest = _member(name, rest, is_help=is_help)
    command = ALIASES.get(name, name)
    if command not in REQUESTS:
        raise _unknown(name)
    return _parse_command(command, before, [*(["--help"] if is_help else []), *rest])


def _is_command(name: str, rest: Sequence[str]) -> bool:
    """Whether a group is meant as the command of its own that it also is: `login`."""
    return name in REQUESTS and not (rest and f"{name} {rest[0]}" in REQUESTS)


def _is_group(name: str) -> bool:
    return any(command.startswith(f"{name} ") for command in REQUESTS)


def _member(group: str, rest: Sequence[str], *, is_help: bool) -> tuple[str, Sequence[str]]:
    """Return the command of a group that is meant, `docs generate`, and what follows it."""
    if is_help or not rest or rest[0] in ("-h", "--help"):
        raise HelpAsked(overview(group))
    return f"{group} {rest[0]}", rest[1:]


def _unknown(name: str) -> UsageError:
    hint = nearest_hint(name, (*REQUESTS, *ALIASES)) or "`upriver --help` lists the commands"
    return UsageError(f"No such command `{name}`", hint)


def _summary(kind: type[Request]) -> str:
    """Return the first sentence of a request's docstring, without its references."""
    return (kind.__doc__ or "").strip().split("\n")[0].partition(" (")[0].rstrip(".")


def _positional(kind: type[Request]) -> str:
    option = next((option for option in options_of(kind) if not option.flags), None)
    if option is None:
        return ""
    return f" {option.metavar}" if option.field == "macro" else f" [{option.metavar}]"


def _parse_command(command: str, before: Mapping[str, Any], rest: Sequence[str]) -> Parsed:
    kind = REQUESTS[command]
    parser = _Parser(
        prog=f"upriver {command}",
        description=f"{_summary(kind)}.",
        usage=f"upriver {command} [OPTIONS]{_positional(kind)}",
        allow_abbrev=False,
        exit_on_error=False,
        formatter_class=_Formatter,
    )
    own = options_of(kind)
    _add_options(parser, own, is_shown=True)
    has_selection = "selecting" in kind.__struct_fields__
    taken = {flag for option in own for flag in option.flags}
    if has_selection:
        _add_options(
            parser.add_argument_group("selection"), options_of(Selecting), is_shown=True,
            taken=taken,
        )  # fmt: skip
    shared = options_of(GlobalOptions)
    _add_options(
        parser.add_argument_group("options of every command"), shared, is_shown=True, taken=taken
    )
    after = parser.words(rest)
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


def with_flags(parsed: Parsed, flags: Mapping[str, Any]) -> Parsed:
    """Return the request with options given as values, by the names of their fields."""
    request = parsed.request
    own = {option.field: option for option in options_of(type(request))}
    shared = {option.field: option for option in options_of(GlobalOptions)}
    selecting = {option.field: option for option in options_of(Selecting)}
    has_selection = "selecting" in request.__struct_fields__
    places = {**shared, **(selecting if has_selection else {}), **own}
    unknown = [name for name in flags if name not in places]
    if unknown:
        hint = nearest_hint(unknown[0], places)
        raise UsageError(f"`{parsed.command}` has no option `{unknown[0]}`", hint)
    values = {name: _value(places[name], value) for name, value in flags.items()}

    def group(current: Any, options: Mapping[str, Option]) -> Any:
        mine = {name: values[name] for name in values if name in options and name not in own}
        return msgspec.structs.replace(current, **mine)

    changes: dict[str, Any] = {name: values[name] for name in values if name in own}
    changes["options"] = group(request.options, shared)
    if has_selection:
        changes["selecting"] = group(request.selecting, selecting)  # type: ignore[attr-defined]
    request = msgspec.structs.replace(request, **changes)
    _check_exclusive(request)
    return msgspec.structs.replace(parsed, request=request)


def _value(option: Option, value: Any) -> Any:
    """Return a value as the option's field holds it."""
    if option.kind == "list":
        value = (value,) if isinstance(value, str) else tuple(value or ())
    elif option.is_repeatable and isinstance(value, list | tuple):
        value = tuple(map(str, value)) or None
    elif option.kind == "mapping" and isinstance(value, str):
        try:
            value = _mapping(value)
        except argparse.ArgumentTypeError as error:
            raise UsageError(f"`{option.field}`: {error}") from None
    given = value if option.kind == "list" else (value,)
    if option.choices and value is not None and any(one not in option.choices for one in given):
        listed = ", ".join(option.choices)
        raise UsageError(f"`{option.field}`: `{value}` is none of: {listed}")
    return value


def _group(kind: type[msgspec.Struct], values: Mapping[str, Any]) -> Any:
    return kind(**{name: values[name] for name in kind.__struct_fields__ if name in values})


def _check_exclusive(request: Request) -> None:
    """Refuse options that exclude each other (CLI-7)."""
    options = request.options
    if options.warn_error and options.warn_error_options is not None:
        raise UsageError("`--warn-error` and `--warn-error-options` exclude each other")
    selecting = getattr(request, "selecting", None)
    models = getattr(request, "models", ())
    if models and selecting is not None and (selecting.select or selecting.resource_types):
        raise UsageError("`--models` cannot be combined with `--select` or `--resource-type`")
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
        case _ if option.is_repeatable:
            keywords |= {"action": _Gather, "metavar": option.metavar}
        case _:
            keywords["metavar"] = option.metavar
    if option.choices:
        keywords["choices"] = option.choices
        if len(option.choices) > _MOST_LISTED:
            keywords["metavar"] = "KIND"
            keywords["help"] = f"{help_text}: {', '.join(option.choices)}"
        else:
            keywords["metavar"] = f"{{{','.join(option.choices)}}}"
        if help_text == argparse.SUPPRESS:
            keywords["help"] = help_text
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


class _Gather(argparse.Action):
    """Keep a text that is given once; make a tuple of several."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,  # noqa: ARG002
    ) -> None:
        """Add the text."""
        before = getattr(namespace, self.dest, None)
        given = (before,) if isinstance(before, str) else before or ()
        setattr(namespace, self.dest, (*given, values) if given else values)


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
        said = loaded.problems[0].message.rpartition("valid YAML: ")[2]
        message = f"`{text}` is not YAML: {said}"
        raise argparse.ArgumentTypeError(message)
    value = loaded.value
    if value is None:
        return {}
    if not isinstance(value, dict):
        message = f"expected a YAML mapping such as `{{key: value}}`, not `{text}`"
        raise argparse.ArgumentTypeError(message)
    return dict(value)


def version() -> str:
    """Return what `--version` prints; tools look for dbt's `installed:` line (CLI-8)."""
    # Listing adapters reads the metadata of what is installed.
    from upriver.adapters.registry import adapter_names

    adapters = (f"  - {name}: {__version__}" for name in adapter_names())
    core = ("Core:", f"  - installed: {DBT_VERSION} (behaviour; this is upriver)")
    return "\n".join((f"upriver {__version__}", "", *core, "", "Plugins:", *adapters))


def overview(group: str | None = None) -> str:
    """Return the page shown for `upriver` alone, or for a group of commands alone."""
    start = "" if group is None else f"{group} "
    lines = [
        f"Usage: upriver [OPTIONS] {start}COMMAND [OPTIONS]",
        "",
        "Runs dbt projects, reading production instead of rebuilding it.",
        "",
        "Commands:",
    ]
    for name, kind in REQUESTS.items():
        if name.startswith(start):
            lines.append(f"  {name.removeprefix(start):<16} {_summary(kind)}")
    lines += ["", f"`upriver {start}COMMAND --help` shows a command's options."]
    return "\n".join(lines)
