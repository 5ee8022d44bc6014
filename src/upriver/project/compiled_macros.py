"""Built-in macros, parsed and compiled, kept where Python keeps compiled modules.

Reading them takes as long as reading fifty models, and building a table calls some fifty of them,
which take longer to compile than a hundred models to run. They are the same in every project, so
what one command made of them serves all later ones: it lies in the `__pycache__` beside the macros,
under the same conditions as Python's own files. What cannot be read or written there costs time and
nothing else.
"""

from __future__ import annotations

import contextlib
import importlib.util
import marshal
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from types import CodeType
from typing import Any, TypeVar

import msgspec

import upriver.adapters.macro_files
from upriver import __version__
from upriver.resources.macro import Macro

_KEY = "jinja-code:"
"""How the process-wide store of templates calls the code of a text."""
Kept = TypeVar("Kept", "_Codes", "_Parsed")


class _Codes(msgspec.Struct, frozen=True, array_like=True):
    stamp: tuple[str, ...]
    codes: dict[str, bytes]
    """Marshalled code by the text of its macro."""


class _Parsed(msgspec.Struct, frozen=True, array_like=True):
    stamp: tuple[str, ...]
    macros: tuple[Macro, ...]


def read_parsed(adapter_type: str, stamp: tuple[str, ...], place: Path | None = None) -> Any:
    """Return the macros of an adapter as they were parsed by the same code; None if unknown."""
    kept = _read(place or _place(f"{adapter_type}.parsed"), _Parsed)
    return None if kept is None or kept.stamp != stamp else kept.macros


def keep_parsed(
    adapter_type: str,
    stamp: tuple[str, ...],
    macros: tuple[Macro, ...],
    place: Path | None = None,
) -> None:
    """Keep the parsed macros of an adapter; `stamp` says what they depend on."""
    _write(place or _place(f"{adapter_type}.parsed"), _Parsed(stamp, macros))


class CompiledMacros:
    """The code of built-in macros, on its way from one process to the next."""

    def __init__(self, templates: dict[str, Any], place: Path | None = None) -> None:
        """`templates` is the process-wide store of compiled templates."""
        self._templates = templates
        self._place = place or _place("compiled")
        self._codes: dict[str, bytes] = {}

    def load(self) -> None:
        """Put into the store what was compiled before."""
        kept = _read(self._place, _Codes)
        if kept is None or kept.stamp != _stamp():
            return
        self._codes = kept.codes
        for text, data in kept.codes.items():
            if _KEY + text not in self._templates:
                self._templates[_KEY + text] = marshal.loads(data)  # noqa: S302 - written by us

    def save(self, macros: Iterable[Macro]) -> None:
        """Keep what was compiled of these macros since."""
        made: dict[str, bytes] = {}
        for macro in macros:
            code = self._templates.get(_KEY + macro.macro_sql)
            if isinstance(code, CodeType) and macro.macro_sql not in self._codes:
                made[macro.macro_sql] = marshal.dumps(code)
        if made:
            self._codes = {**self._codes, **made}
            _write(self._place, _Codes(_stamp(), self._codes))


def _read(place: Path | None, kind: type[Kept]) -> Kept | None:
    if place is None:
        return None
    try:
        return msgspec.msgpack.decode(place.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError):
        return None


def _write(place: Path | None, kept: _Codes | _Parsed) -> None:
    if place is None or sys.dont_write_bytecode:
        return
    beside = place.with_name(f"{place.name}.{os.getpid()}")
    try:
        place.parent.mkdir(exist_ok=True)
        beside.write_bytes(msgspec.msgpack.encode(kept))
        beside.replace(place)
    except OSError:
        with contextlib.suppress(OSError):
            beside.unlink()


def _place(name: str) -> Path | None:
    """Return a file; None where this Python keeps nothing."""
    try:
        module = importlib.util.cache_from_source(upriver.adapters.macro_files.__file__)
    except NotImplementedError:
        return None
    return Path(module).with_suffix(f".{name}")


def _stamp() -> tuple[str, ...]:
    """Return what code depends on besides its text."""
    # Loaded where templates are compiled, and not where a project is only read.
    import jinja2.compiler

    import upriver.jinja.environment

    files = [os.stat(upriver.jinja.environment.__file__), os.stat(jinja2.compiler.__file__)]
    return (
        importlib.util.MAGIC_NUMBER.hex(),
        __version__,
        *(f"{file.st_size}:{file.st_mtime_ns}" for file in files),
    )
