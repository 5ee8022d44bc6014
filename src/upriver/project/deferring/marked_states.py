"""What states say of their resources, as rules go by it: read once, remembered under the stamp."""

from __future__ import annotations

from pathlib import Path

from upriver.graph.graph import Graph
from upriver.problems import Problem, ProblemsError, Span
from upriver.project.published import manifest_stamp
from upriver.project.store import Store
from upriver.state.remote.archive import plain
from upriver.state.rules.marked import decode_marked, encode_marked, read_marked

_BUCKET = "marked"


def marked_graph(store: Store, manifest: str) -> Graph:
    """Return what a manifest marks.

    Raises ProblemsError where that cannot be read: a rule must not be lifted by a damaged file.
    """
    key = manifest_stamp(manifest)
    known = None if key is None else store.get(_BUCKET, key)
    found = None if known is None else decode_marked(known)
    if found is not None:
        return found
    try:
        found = read_marked(plain(Path(manifest).read_bytes()))
    except OSError:
        found = None
    if found is None:
        raise ProblemsError((_unread(manifest),))
    if key is not None:
        store.put([(_BUCKET, key, encode_marked(found))])
    return found


def _unread(manifest: str) -> Problem:
    return Problem(
        code="deferral-rules-unread",
        message=f"`{manifest}` does not say how its resources are marked, which rules of"
        " `deferral: deny:` go by",
        span=Span(file=manifest),
        hint="The file was not written by dbt or upriver, or was edited since; publish it again",
    )
