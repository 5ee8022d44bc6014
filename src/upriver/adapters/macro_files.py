"""The built-in macros, as the text of SQL files that ship inside this package.

Every adapter has its macros in `adapters/<type>/macros`, the ones all adapters share are in
`adapters/macros`. They are read as data: no driver is imported, and the file names mean nothing
except that a reader finds what belongs together in one place.
"""

from __future__ import annotations

from pathlib import Path

from upriver import __version__
from upriver.digest import digest_value

_ROOT = Path(__file__).parent
_SHARED_PACKAGE = "dbt"


def builtin_macro_files(
    adapter_type: str, parents: tuple[str, ...] = ()
) -> tuple[tuple[str, str, str], ...]:
    """Return (package name, path, text) of each built-in macro file, nearest package first.

    The order is that of the internal namespace: the adapter's package, its parents', then `dbt`
    (JINJA-135). An adapter type without macros of its own here contributes nothing, which is what
    an adapter behind a bridge wants: it brings its own.
    """
    return tuple(
        (package, path.relative_to(folder.parent).as_posix(), path.read_text("utf-8"))
        for package, folder in _folders(adapter_type, parents)
        for path in _sql_files(folder)
    )


def builtin_version(adapter_type: str, parents: tuple[str, ...] = ()) -> str:
    """Return a key that changes when a built-in macro may have changed, without reading any.

    It combines the version of this package with the size and modification time of each file, so
    that an edited checkout is noticed as well as an upgrade.
    """
    stamps = []
    for package, folder in _folders(adapter_type, parents):
        for path in _sql_files(folder):
            stat = path.stat()
            stamps.append((package, path.name, stat.st_size, stat.st_mtime_ns))
    return digest_value((__version__, stamps))


def _folders(adapter_type: str, parents: tuple[str, ...]) -> tuple[tuple[str, Path], ...]:
    own = tuple(
        (f"{_SHARED_PACKAGE}_{name}", _ROOT / name / "macros") for name in (adapter_type, *parents)
    )
    return (*own, (_SHARED_PACKAGE, _ROOT / "macros"))


def _sql_files(folder: Path) -> tuple[Path, ...]:
    return tuple(sorted(folder.rglob("*.sql")))
