"""Compiled built-in macros, kept where Python keeps compiled modules.

Building a table calls some fifty macros, and to compile them takes longer than to run a hundred
models. They are the same in every project, so what one command compiled serves all later ones: it
lies in the `__pycache__` beside the macros, under the same conditions as Python's own files. What
cannot be read or written there costs time and nothing else.
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
from typing import Any

import jinja2.compiler
import msgspec

import upriver.adapters.macro_files
import upriver.jinja.environment
from upriver import __version__
from upriver.resources.macro import Macro

_KEY = "jinja-code:"
"""How the process-wide store of templates calls the code of a text."""


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    stamp: tuple[str, ...]
    codes: dict[str, bytes]
    """Marshalled code by the text of its macro."""


class CompiledMacros:
    """The code of built-in macros, on its way from one process to the next."""

    def __init__(self, templates: dict[str, Any], place: Path | None = None) -> None:
        """`templates` is the process-wide store of compiled templates."""
        self._templates = templates
        self._place = place or _place()
        self._codes: dict[str, bytes] = {}

    def load(self) -> None:
        """Put into the store what was compiled before."""
        if self._place is None:
            return
        try:
            kept = msgspec.msgpack.decode(self._place.read_bytes(), type=_Kept)
        except (OSError, msgspec.DecodeError):
            return
        if kept.stamp != _stamp():
            return
        self._codes = kept.codes
        for text, data in kept.codes.items():
            if _KEY + text not in self._templates:
                self._templates[_KEY + text] = marshal.loads(data)  # noqa: S302 - written by us

    def save(self, macros: Iterable[Macro]) -> None:
        """Keep what was compiled of these macros since."""
        if self._place is None or sys.dont_write_bytecode:
            return
        made: dict[str, bytes] = {}
        for macro in macros:
            code = self._templates.get(_KEY + macro.macro_sql)
            if isinstance(code, CodeType) and macro.macro_sql not in self._codes:
                made[macro.macro_sql] = marshal.dumps(code)
        if made:
            self._codes = {**self._codes, **made}
            with contextlib.suppress(OSError):
                _write(self._place, msgspec.msgpack.encode(_Kept(_stamp(), self._codes)))


def _write(place: Path, data: bytes) -> None:
    place.parent.mkdir(exist_ok=True)
    beside = place.with_name(f"{place.name}.{os.getpid()}")
    try:
        beside.write_bytes(data)
        beside.replace(place)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def _place() -> Path | None:
    """Return the file; None where this Python keeps nothing."""
    try:
        module = importlib.util.cache_from_source(upriver.adapters.macro_files.__file__)
    except NotImplementedError:
        return None
    return Path(module).with_suffix(".macros")


def _stamp() -> tuple[str, ...]:
    """Return what code depends on besides its text."""
    files = [os.stat(upriver.jinja.environment.__file__), os.stat(jinja2.compiler.__file__)]
    return (
        importlib.util.MAGIC_NUMBER.hex(),
        __version__,
        *(f"{file.st_size}:{file.st_mtime_ns}" for file in files),
    )
