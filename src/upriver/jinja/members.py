"""The names every template has: JSON and YAML, sets, time, logging, vars (JINJA-16..37)."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

from upriver.jinja.errors import CompilationError, MacroReturn
from upriver.jinja.world import World

SECRET_PREFIX = "DBT_ENV_SECRET"  # noqa: S105 - the prefix of names, not a secret
_NOT_GIVEN: Final = object()


def return_value(value: Any = None) -> NoReturn:
    """Leave the macro with a value (JINJA-7)."""
    raise MacroReturn(value)


def fromjson(string: Any, default: Any = None) -> Any:
    """Read JSON; the default stands in for text that is none (JINJA-20)."""
    try:
        return json.loads(string)
    except ValueError:
        return default


def tojson(value: Any, default: Any = None, sort_keys: bool = False) -> Any:
    """Write JSON; what JSON cannot hold is an error, as in dbt, except dates and mappings."""
    try:
        return json.dumps(value, sort_keys=sort_keys, default=_plain)
    except ValueError:
        return default


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, datetime.date):
        return value.isoformat()
    raise TypeError(f"a {type(value).__name__} cannot be written as JSON")


def fromyaml(value: Any, default: Any = None) -> Any:
    """Read YAML; the default stands in for text that is none (JINJA-21)."""
    # Few templates read YAML.
    import yaml

    try:
        return yaml.load(value, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except yaml.YAMLError:
        return default


def toyaml(value: Any, default: Any = None, sort_keys: bool = False) -> Any:
    """Write YAML, or give the default."""
    # Few templates write YAML.
    import yaml

    try:
        return yaml.safe_dump(value, sort_keys=sort_keys)
    except yaml.YAMLError:
        return default


def make_set(value: Any, default: Any = None) -> Any:
    """Make a set, or give the default (JINJA-22)."""
    try:
        return set(value)
    except TypeError:
        return default


def make_set_strict(value: Any) -> set[Any]:
    """Make a set; what is no list is an error."""
    return set(value)


def make_zip(*values: Any, default: Any = None) -> Any:
    """Pair the items of lists, or give the default (JINJA-23)."""
    try:
        return zip(*values, strict=False)
    except TypeError:
        return default


def make_zip_strict(*values: Any) -> Any:
    """Pair the items of lists; what is no list is an error."""
    return zip(*values, strict=False)


def local_md5(value: Any) -> str:
    """Return the MD5 of a text, in hexadecimal (JINJA-31)."""
    return hashlib.md5(str(value).encode(), usedforsecurity=False).hexdigest()


def diff_of_two_dicts(
    dict_a: Mapping[str, Any], dict_b: Mapping[str, Any]
) -> dict[str, list[Any]]:
    """Return what the first holds and the second does not, whatever the case (JINJA-32)."""
    known = {
        key.lower(): {item.lower() for item in _listed(items)} for key, items in dict_b.items()
    }
    found: dict[str, list[Any]] = {}
    for key, items in dict_a.items():
        others = known.get(key.lower())
        if others is None:
            found[key] = _listed(items)
            continue
        only = [item for item in _listed(items) if item.lower() not in others]
        if only:
            found[key] = only
    return found


def _listed(value: Any) -> list[Any]:
    return [value] if isinstance(value, str) else list(value)


def try_or_compiler_error(
    message_if_exception: str, func: Callable[..., Any], *args: Any, **kwargs: Any
) -> Any:
    """Call a function; its failure becomes a compilation error (JINJA-64)."""
    try:
        return func(*args, **kwargs)
    except Exception:  # noqa: BLE001 - whatever it is, the template has words for it
        raise CompilationError(message_if_exception) from None


class Var:
    """`var('x')`, `var('x', default)`, `var.has_var('x')` (JINJA-17, PROJ-253..255)."""

    __slots__ = ("_overrides", "_owner", "_package", "_render", "_world")

    def __init__(
        self,
        world: World,
        package: str,
        *,
        owner: str,
        overrides: Mapping[str, Any],
        render: Callable[[str], Any],
    ) -> None:
        """`render` renders text values once more, as models see them."""
        self._world = world
        self._package = package
        self._owner = owner
        self._overrides = overrides
        self._render = render

    def __call__(self, var_name: str, default: Any = _NOT_GIVEN) -> Any:
        """Return the value, rendered, or the default."""
        if var_name in self._overrides:
            return self._overrides[var_name]
        found = self._world.var(var_name, self._package)
        if found.is_found:
            value = found.value
            return self._render(value) if isinstance(value, str) and "{" in value else value
        if default is not _NOT_GIVEN:
            return default
        if not self._world.is_executing:
            # What is missing is reported when the node is compiled, where it is really needed.
            return None
        raise CompilationError(
            f"The var `{var_name}`, which `{self._owner}` needs, is not set",
            code="var-not-found",
            hint=f"Set it under `vars:` in dbt_project.yml, pass --vars '{{{var_name}: ...}}', or"
            f" give a default: var('{var_name}', ...)",
        )

    def has_var(self, var_name: str) -> bool:
        """Tell whether the var is set anywhere."""
        return var_name in self._overrides or self._world.var(var_name, self._package).is_found


class EnvVar:
    """`env_var('X')`, `env_var('X', default)` (JINJA-18, PROJ-256); secrets are refused."""

    __slots__ = ("_overrides", "_world")

    def __init__(self, world: World, overrides: Mapping[str, Any]) -> None:
        self._world = world
        self._overrides = overrides

    def __call__(self, var: str, default: Any = None) -> Any:
        """Return the variable's text, or the default as it was given."""
        if var in self._overrides:
            return self._overrides[var]
        if var.startswith(SECRET_PREFIX):
            raise CompilationError(
                f"The secret environment variable `{var}` may be read in profiles.yml and"
                " packages.yml only",
                code="secret-env-var",
            )
        value = self._world.env_var(var)
        if value is not None:
            return value
        if default is not None:
            return default
        raise CompilationError(
            f"The environment variable `{var}` is not set",
            code="env-var-not-found",
            hint=f"Set it, or give a default: env_var('{var}', '...')",
        )


class Modules(dict[str, Mapping[str, Any]]):
    """The name `modules` (JINJA-29): each module is loaded when a template names it."""

    __slots__ = ()

    def __missing__(self, name: str) -> Mapping[str, Any]:
        if name not in _MODULES:
            raise KeyError(name)
        # pytz alone takes 20 ms to load.
        from importlib import import_module

        module = import_module(name)
        members: tuple[str, ...] = _MODULES[name] or tuple(module.__all__)
        made = self[name] = {
            member: getattr(module, member) for member in members if hasattr(module, member)
        }
        return made

    def __contains__(self, name: object) -> bool:
        return name in _MODULES

    def keys(self) -> Any:
        """Return the names of the modules."""
        return _MODULES.keys()


_MODULES: Mapping[str, tuple[str, ...] | None] = {
    "pytz": (
        "timezone", "utc", "country_timezones", "country_names", "AmbiguousTimeError",
        "InvalidTimeError", "NonExistentTimeError", "UnknownTimeZoneError", "all_timezones",
        "all_timezones_set", "common_timezones", "common_timezones_set", "BaseTzInfo",
        "FixedOffset",
    ),
    "datetime": ("date", "datetime", "time", "timedelta", "tzinfo"),
    "re": None,
    "itertools": (
        "count", "cycle", "repeat", "accumulate", "chain", "compress", "islice", "starmap", "tee",
        "zip_longest", "product", "permutations", "combinations", "combinations_with_replacement",
    ),
}  # fmt: skip
"""Modules and the members templates may use; None is all that are public."""


class Flags:
    """The name `flags` (JINJA-30): an unknown member is undefined and renders empty."""

    __slots__ = ("_world",)

    def __init__(self, world: World) -> None:
        self._world = world

    def __getattr__(self, name: str) -> Any:
        found = self._world.flag(name)
        if not found.is_found:
            raise AttributeError(name)
        return found.value

    def get(self, name: str, default: Any = None) -> Any:
        """Return a flag by name."""
        found = self._world.flag(name)
        return found.value if found.is_found else default


class Validation:
    """The name `validation` (JINJA-65)."""

    __slots__ = ("any",)

    def __init__(self) -> None:
        self.any = AnyOf()


class AnyOf:
    """`validation.any[type]` and `validation.any('a', 'b')`: makes validators."""

    __slots__ = ()

    def __getitem__(self, kinds: Any) -> Callable[[Any], None]:
        return self(*(kinds if isinstance(kinds, tuple) else (kinds,)))

    def __call__(self, *kinds: Any) -> Callable[[Any], None]:
        """Return a function that refuses all but values of these types, and these values."""

        def validate(value: Any) -> None:
            # These names also serve the settings files, for which Jinja is not loaded.
            from jinja2 import Undefined

            types = tuple(kind for kind in kinds if isinstance(kind, type))
            # Templates name types that are undefined, e.g. `basestring`; those refuse nothing.
            if any(isinstance(kind, Undefined) for kind in kinds):
                return
            if value not in kinds and not isinstance(value, types):
                allowed = ", ".join(f"`{kind}`" for kind in kinds)
                raise CompilationError(f"`{value}` is not one of {allowed}", code="config-type")

        return validate
