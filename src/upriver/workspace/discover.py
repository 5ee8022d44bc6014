"""Find the files of a workspace (PROJ-138..140).

Every search path is walked once, by `os.scandir`, which gives names and kinds without asking for
each file; one `stat` per file that counts follows. Nothing is read.
"""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from upriver.problems import Problem, Span
from upriver.resources.files import FileKind, SourceFile
from upriver.workspace.packages import Package
from upriver.workspace.settings import ProjectSettings
from upriver.workspace.workspace import Workspace

_IGNORE_FILE = ".dbtignore"
_HIDDEN = frozenset(".#~")
_EXTENSIONS = frozenset({".sql", ".py", ".csv", ".md", ".yml", ".yaml"})
_YAML = (".yml", ".yaml")
_MARKED = (".sql", ".csv")
_BINARY = getattr(os, "O_BINARY", 0)
"""Windows translates line ends without it."""
_PIECE = 1 << 16

Ignored = Callable[[str], bool]
"""Told a path relative to the package's root."""


_Found = tuple[str, str, os.stat_result]
"""Path relative to the package's root, absolute path, stamp; tuples, as there are thousands."""


class _Rule(msgspec.Struct, frozen=True):
    """Which files below which directories are of a kind."""

    kind: FileKind
    paths: tuple[str, ...]
    extensions: tuple[str, ...]


def list_files(workspace: Workspace) -> tuple[SourceFile, ...]:
    """List every file of every package, in load order: packages as in `workspace.packages`, then
    kinds, then paths sorted.
    """
    return tuple(file for package in workspace.packages for file in _list_package(package))


def read_text(file: SourceFile) -> str | Problem:
    """Read a file as UTF-8; bytes that are no UTF-8 are a problem.

    dbt keeps a byte order mark, so it counts in the code and checksum of SQL and seeds; from other
    files it is taken off.
    """
    try:
        data = _read(file.absolute, file.size)
        if data.startswith(codecs.BOM_UTF8) and not file.path.endswith(_MARKED):
            data = data[3:]
        return data.decode()
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        return Problem(
            code="file-not-utf8",
            message=f"`{file.path}` holds a byte that is no UTF-8 text",
            span=Span(file=file.path, line=line),
            hint="Save the file as UTF-8",
        )
    except OSError as error:
        return Problem(
            code="file-unreadable",
            message=f"`{file.path}` cannot be read: {error.strerror}",
            span=Span(file=file.path),
        )


def _read(path: str, size: int) -> bytes:
    """Read a file of about this size.

    Bare system calls, three for a file whose size is known: a file object makes twice as many, and
    5,000 of them take 30 ms more.
    """
    descriptor = os.open(path, os.O_RDONLY | _BINARY)
    try:
        data = os.read(descriptor, size + 1)
        if len(data) == size:
            return data
        # It changed since it was listed, or came in pieces.
        pieces = [data]
        while piece := os.read(descriptor, _PIECE):
            pieces.append(piece)
        return b"".join(pieces)
    finally:
        os.close(descriptor)


def _list_package(package: Package) -> Iterable[SourceFile]:
    ignored = _read_ignore_file(package.root)
    walked: dict[str, dict[str, list[_Found]]] = {}
    for rule in _rules(package.settings):
        seen: set[str] = set()
        for search_path in rule.paths:
            if search_path not in walked:
                walked[search_path] = _walk(package.root, search_path, ignored)
            yield from _of_rule(package.name, rule, search_path, walked[search_path], seen)


def _of_rule(
    package: str,
    rule: _Rule,
    search_path: str,
    walked: dict[str, list[_Found]],
    seen: set[str],
) -> Iterable[SourceFile]:
    """Give the files of one kind below one search path; `seen` are those other paths gave."""
    found = [item for extension in rule.extensions for item in walked.get(extension, ())]
    if len(rule.extensions) > 1:
        found.sort()
    for path, absolute, stat in found:
        if rule.kind == "singular_test" and _is_set_apart(path, search_path):
            continue
        if path in seen:
            continue
        seen.add(path)
        yield SourceFile(
            package=package,
            kind=rule.kind,
            path=path,
            search_path=search_path,
            absolute=absolute,
            size=stat.st_size,
            mtime_ns=stat.st_mtime_ns,
            inode=stat.st_ino,
        )


def _rules(settings: ProjectSettings) -> tuple[_Rule, ...]:
    """Return what belongs to which kind, in load order (PROJ-139, PROJ-143)."""
    tests = settings.test_paths
    generic = tuple(_below(path, "generic") for path in tests)
    fixtures = tuple(_below(path, "fixtures") for path in tests)
    return (
        _Rule("macro", settings.macro_paths, (".sql",)),
        _Rule("generic_test", generic, (".sql",)),
        _Rule("model", settings.model_paths, (".sql",)),
        _Rule("python_model", settings.model_paths, (".py",)),
        _Rule("snapshot", settings.snapshot_paths, (".sql",)),
        _Rule("analysis", settings.analysis_paths, (".sql",)),
        _Rule("singular_test", tests, (".sql",)),
        _Rule("seed", settings.seed_paths, (".csv",)),
        _Rule("docs", settings.docs_paths, (".md",)),
        _Rule("fixture", fixtures, (".csv", ".sql")),
        _Rule("function", settings.function_paths, (".sql", ".py")),
        _Rule("properties", settings.source_paths, _YAML),
    )


def _below(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name


def _is_set_apart(path: str, search_path: str) -> bool:
    """Whether a file of a test directory is a generic test or a fixture (PROJ-9)."""
    start = len(search_path) + 1 if search_path else 0
    return path.startswith(("generic/", "fixtures/"), start)


def _walk(root: str, search_path: str, ignored: Ignored | None) -> dict[str, list[_Found]]:
    """List the files below one search path by extension, sorted; links to directories are not
    followed. Works on plain strings: building path objects would cost more than the walk.
    """
    top = os.path.join(root, search_path) if search_path else root  # noqa: PTH118
    found: dict[str, list[_Found]] = {}
    pending = [(top, f"{search_path}/" if search_path else "")]
    while pending:
        folder, prefix = pending.pop()
        try:
            entries = os.scandir(folder)
        except OSError:
            continue
        with entries:
            for entry in entries:
                name = entry.name
                if entry.is_dir(follow_symlinks=False):
                    pending.append((entry.path, f"{prefix}{name}/"))
                elif name[0] not in _HIDDEN and not (ignored and ignored(prefix + name)):
                    _add(found, entry, prefix + name)
    for files in found.values():
        files.sort()
    return found


def _add(found: dict[str, list[_Found]], entry: os.DirEntry[str], path: str) -> None:
    extension = path[path.rfind(".") :].lower()
    if extension not in _EXTENSIONS:
        return
    try:
        if entry.is_file():
            found.setdefault(extension, []).append((path, entry.path, entry.stat()))
    except OSError:
        # Gone since it was listed, or a link to nothing.
        return


def _read_ignore_file(root: str) -> Ignored | None:
    """Return a test for the patterns of `.dbtignore`; None without the file (PROJ-60)."""
    path = Path(root) / _IGNORE_FILE
    if not path.is_file():
        return None
    # Few projects have the file, and the library takes 10 ms to load.
    from pathspec import GitIgnoreSpec

    return GitIgnoreSpec.from_lines(path.read_text("utf-8").splitlines()).match_file
