"""upriver: run dbt projects, reading production instead of rebuilding it.

`open_project` and `invoke` are the two public names; both are resolved on first use, so that
importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from upriver.cli.invoke import invoke
    from upriver.project.open import open_project

__version__ = "0.1.0"

__all__ = ["__version__", "invoke", "open_project"]


def __getattr__(name: str) -> Any:
    # Deferred so that `upriver --help` does not load the engine.
    if name == "open_project":
        from upriver.project.open import open_project

        return open_project
    if name == "invoke":
        from upriver.cli.invoke import invoke

        return invoke
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
