"""What a profile adds to DuckDB in Python: plug-ins, file systems, a provider of credentials.

A plug-in is a module with a class `Plugin`, as dbt-duckdb has it: it is made with its alias and its
`config`, and may set up the database (`configure_connection`) and every cursor
(`configure_cursor`). Such modules import their base class from dbt-duckdb; where that is not
installed, they are given one of ours.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from upriver.problems import WarehouseError

BUILT_IN = ("delta", "excel", "glue", "gsheet", "iceberg", "motherduck", "postgres", "sqlalchemy")
"""Names of plug-ins that dbt-duckdb brings itself."""
_BASE = "dbt.adapters.duckdb.plugins"


class BasePlugin:
    """What plug-ins derive from where dbt-duckdb is not installed."""

    def __init__(self, name: str, plugin_config: dict[str, Any], credentials: Any = None) -> None:
        self.name = name
        self.creds = credentials
        self.initialize(plugin_config)

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Take the `config` of the profile's entry."""

    def configure_connection(self, conn: Any) -> None:
        """Set up the database, once."""

    def configure_cursor(self, cursor: Any) -> None:
        """Set up a cursor."""


class Plugins:
    """The plug-ins of one profile, loaded."""

    def __init__(self, loaded: Sequence[tuple[str, Any]] = ()) -> None:
        self._loaded = loaded

    def configure_connection(self, connection: Any) -> None:
        """Let each set up the database."""
        self._ask("configure_connection", connection)

    def configure_cursor(self, cursor: Any) -> None:
        """Let each set up a cursor."""
        self._ask("configure_cursor", cursor)

    def _ask(self, method: str, subject: Any) -> None:
        for alias, plugin in self._loaded:
            asked = getattr(plugin, method, None)
            if asked is not None:
                _attempt(functools.partial(asked, subject), alias)


def load_plugins(entries: Sequence[Mapping[str, Any]], paths: Sequence[str]) -> Plugins:
    """Load what `plugins:` lists; raises WarehouseError that names the entry that fails."""
    for path in paths:
        if path not in sys.path:
            sys.path.append(path)
    return Plugins([_load(entry) for entry in entries])


def _load(entry: Mapping[str, Any]) -> tuple[str, Any]:
    module = str(entry["module"])
    alias = str(entry.get("alias") or entry.get("name") or module)
    place = f"{_BASE}.{module}" if module in BUILT_IN else module
    found = _attempt(lambda: _import(place), alias)
    if not isinstance(getattr(found, "Plugin", None), type):
        raise WarehouseError(f"The plug-in `{alias}` has no class `Plugin` (in module `{place}`)")
    config = dict(entry.get("config") or {})
    made = _attempt(lambda: found.Plugin(name=alias, plugin_config=config), alias)
    return alias, made


def _import(place: str) -> types.ModuleType:
    if has_dbt_duckdb():
        return importlib.import_module(place)
    lent = _lent_modules()
    sys.modules.update(lent)
    try:
        return importlib.import_module(place)
    finally:
        for name in lent:
            sys.modules.pop(name, None)


def has_dbt_duckdb() -> bool:
    """Tell whether dbt-duckdb is installed beside upriver."""
    try:
        return importlib.util.find_spec(_BASE) is not None
    except ModuleNotFoundError:
        return False


def _lent_modules() -> dict[str, types.ModuleType]:
    """Return stand-ins for dbt-duckdb's modules, from its root on."""
    parts = _BASE.split(".")
    names = [".".join(parts[: at + 1]) for at in range(len(parts))]
    modules = {name: types.ModuleType(name) for name in [*names, "dbt.adapters.duckdb.utils"]}
    for name, module in modules.items():
        module.__path__ = []
        above, _, own = name.rpartition(".")
        if above:
            setattr(modules[above], own, module)
    modules[_BASE].BasePlugin = BasePlugin  # type: ignore[attr-defined]
    utils = modules["dbt.adapters.duckdb.utils"]
    utils.SourceConfig = utils.TargetConfig = Any  # type: ignore[attr-defined]
    return modules


def _attempt(do: Callable[[], Any], alias: str) -> Any:
    try:
        return do()
    except WarehouseError:
        raise
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
        raise WarehouseError(f"The plug-in `{alias}` failed: {told}") from error


def file_systems(entries: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Make what `filesystems:` lists, by fsspec."""
    if not entries:
        return []
    import fsspec  # its presence was checked with the profile

    made = []
    for entry in entries:
        options = dict(entry)
        kind = options.pop("fs")
        try:
            made.append(fsspec.filesystem(kind, **options))
        except Exception as error:
            told = f"{type(error).__name__}: {error}"
            raise WarehouseError(f"The file system `{kind}` cannot be set up: {told}") from error
    return made


def provided_settings(provider: str) -> dict[str, Any]:
    """Return the settings that hold cloud credentials; AWS is the one provider."""
    import boto3  # its presence was checked with the profile

    try:
        session = boto3.session.Session()
        found = session.get_credentials()
        frozen = None if found is None else found.get_frozen_credentials()
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
        raise WarehouseError(f"No credentials of `{provider}`: {told}") from error
    if frozen is None:
        raise WarehouseError(f"No credentials of `{provider}` were found by boto3")
    settings = {
        "s3_region": session.region_name,
        "s3_access_key_id": frozen.access_key,
        "s3_secret_access_key": frozen.secret_key,
        "s3_session_token": frozen.token,
    }
    return {name: value for name, value in settings.items() if value is not None}
