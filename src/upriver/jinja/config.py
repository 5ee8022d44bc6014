"""The name `config`: recording while parsing, answering while running (JINJA-42..45)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from upriver.jinja.errors import CompilationError

Validator = Callable[[Any], Any]


class CaptureConfig:
    """Records `config(...)` calls; every question is answered with empty text."""

    __slots__ = ("_record",)

    def __init__(self, record: Callable[[dict[str, Any]], None]) -> None:
        self._record = record

    def __call__(self, *args: Any, **kwargs: Any) -> str:
        """Record the arguments of one call."""
        given = _call_arguments(args, kwargs)
        for name, value in given.items():
            _refuse_object(name, value)
        self._record(given)
        return ""

    def set(self, name: str, value: Any) -> str:
        """Record one key, as `config(name=value)` does."""
        return self(**{name: value})

    def get(self, *_args: Any, **_kwargs: Any) -> str:
        """Answer nothing: configuration is settled after parsing."""
        return ""

    require = meta_get = meta_require = get

    def persist_relation_docs(self) -> bool:
        """Answer no."""
        return False

    def persist_column_docs(self) -> bool:
        """Answer no."""
        return False


class RunConfig:
    """Answers from a node's final config."""

    __slots__ = ("_config", "_model")

    def __init__(
        self, config: Mapping[str, Any], *, model: Callable[[], Any] | None = None
    ) -> None:
        """`model` makes what templates see as `config.model`."""
        self._config = config
        self._model = model

    def __call__(self, *_args: Any, **_kwargs: Any) -> str:
        """Ignore: the call was read while parsing."""
        return ""

    def set(self, _name: str, _value: Any) -> str:
        """Ignore, for the same reason."""
        return ""

    @property
    def model(self) -> Any:
        """The node."""
        return None if self._model is None else self._model()

    def get(self, name: str, default: Any = None, validator: Validator | None = None) -> Any:
        """Return a key's value, None included, or the default where the key is not there.

        A validator looks at what was found only where a default was given (ADPT-86).
        """
        if name not in self._config:
            return default
        found = self._config[name]
        if validator is not None and default is not None:
            validator(found)
        return found

    def require(self, name: str, validator: Validator | None = None) -> Any:
        """Return the value of a key that must be there."""
        return _required(self._config, name, "config", validator)

    def meta_get(self, name: str, default: Any = None, validator: Validator | None = None) -> Any:
        """Return a value of `meta`, or the default."""
        meta = self._config.get("meta") or {}
        if name not in meta:
            return default
        if validator is not None and default is not None:
            validator(meta[name])
        return meta[name]

    def meta_require(self, name: str, validator: Validator | None = None) -> Any:
        """Return a value of `meta` that must be there."""
        return _required(self._config.get("meta") or {}, name, "`meta` key", validator)

    def persist_relation_docs(self) -> bool:
        """Tell whether the relation's description is kept in the warehouse."""
        return bool((self._config.get("persist_docs") or {}).get("relation", False))

    def persist_column_docs(self) -> bool:
        """Tell whether the columns' descriptions are kept in the warehouse."""
        return bool((self._config.get("persist_docs") or {}).get("columns", False))


def _required(values: Mapping[str, Any], name: str, kind: str, validator: Validator | None) -> Any:
    if name not in values:
        raise CompilationError(
            f"The {kind} `{name}` is required and not set", code="config-required"
        )
    if validator is not None:
        validator(values[name])
    return values[name]


def _refuse_object(name: str, value: Any) -> None:
    """Stop at a value no artifact can hold: a function, something undefined, a huge number."""
    try:
        msgspec.msgpack.encode(value)
    except (TypeError, OverflowError, RecursionError):
        raise CompilationError(
            f"The config `{name}` is given something that is no plain value",
            code="config-value",
            hint="Give text, a number, a list or a mapping; a name that is not defined is none",
        ) from None


def _call_arguments(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return what one `config(...)` call sets: keyword arguments, or one mapping."""
    if not args:
        return dict(kwargs)
    if kwargs or len(args) > 1 or not isinstance(args[0], Mapping):
        raise CompilationError(
            "`config` takes keyword arguments, or one mapping",
            code="config-arguments",
            hint="Write config(materialized='table', tags=['daily'])",
        )
    return dict(args[0])
