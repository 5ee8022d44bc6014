"""Macros and documentation blocks: resources that are complete as soon as their file is read."""

from typing import Any, Literal

import msgspec

MacroKind = Literal["macro", "materialization", "test"]


class MacroArgument(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """An argument, as the signature or property YAML names it."""

    name: str
    type: str | None = None
    description: str = ""


class Macro(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One macro, test or materialization block of a macro file."""

    unique_id: str
    """`macro.<package>.<name>`, where name is `test_x` or `materialization_x_<adapter>` for those
    kinds (JINJA-142)."""
    name: str
    package: str
    path: str
    original_file_path: str
    macro_sql: str
    """The whole block, tags included, exactly as written."""
    space: tuple[str, str] = ("", "")
    """White space around the block that its own `{%-` and `-%}` take away."""
    line: int = 1
    """Line of the block's first character in its file."""
    kind: MacroKind = "macro"
    arguments: tuple[MacroArgument, ...] = ()
    supported_languages: tuple[str, ...] | None = None
    calls: tuple[str, ...] = ()
    """Names of macros called, as written (`name` or `package.name`), for `depends_on.macros`."""
    dispatches: tuple[tuple[str, str | None], ...] = ()
    """(macro name, namespace) of each `adapter.dispatch` with literal arguments."""
    description: str = ""
    docs: dict[str, Any] = {}
    meta: dict[str, Any] = {}
    config: dict[str, Any] = {}
    patch_path: str | None = None
    depends_on: tuple[str, ...] = ()
    """unique_ids of macros; filled by `graph`, which makes a new value."""
    documented_arguments: tuple[MacroArgument, ...] = ()
    """What property YAML says of the arguments; manifests show these."""

    @property
    def published_sql(self) -> str:
        """The block with the white space around it that manifests show too."""
        before, after = self.space
        return f"{before}{self.macro_sql}{after}"


class Doc(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One `{% docs name %}` block."""

    unique_id: str
    name: str
    package: str
    path: str
    original_file_path: str
    block_contents: str
