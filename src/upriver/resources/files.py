"""Files of a project, and what one of them was found to hold."""

from typing import Literal

import msgspec

FileKind = Literal[
    "model", "python_model", "snapshot", "analysis", "singular_test", "generic_test", "macro",
    "seed", "properties", "docs", "fixture", "function",
]  # fmt: skip


class SourceFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file that belongs to a package, as listed on disk."""

    package: str
    kind: FileKind
    path: str
    """Relative to the package's root, forward slashes: dbt's `original_file_path`."""
    search_path: str
    """The configured directory it was found under, e.g. `models`; dbt's `path` is what follows."""
    absolute: str
    size: int
    mtime_ns: int
    inode: int

    @property
    def id(self) -> str:
        """`package://path`, unique within a workspace together with `kind`."""
        return f"{self.package}://{self.path}"

    @property
    def relative(self) -> str:
        """The path below the search path: dbt's `path`."""
        prefix = len(self.search_path) + 1 if self.search_path else 0
        return self.path[prefix:]
