"""Files as the disk would list them."""

from __future__ import annotations

from upriver.resources.files import FileKind, SourceFile


def source_file(path: str, kind: FileKind, text: str = "", size: int | None = None) -> SourceFile:
    return SourceFile(
        package="shop",
        kind=kind,
        path=path,
        search_path=path.partition("/")[0],
        absolute=f"/shop/{path}",
        size=len(text.encode()) if size is None else size,
        mtime_ns=0,
        inode=0,
    )
