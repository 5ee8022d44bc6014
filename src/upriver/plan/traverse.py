"""Walking the graph: ancestors and descendants, bounded or not (SEL-1..4, SEL-39)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Edges = Mapping[str, tuple[str, ...]]


def reach(start: Iterable[str], edges: Edges, depth: int | None = None) -> set[str]:
    """Return what can be reached from `start` along the edges, without `start` itself unless
    it is reached; at most `depth` edges away.
    """
    seen: set[str] = set()
    front = set(start)
    steps = 0
    while front and (depth is None or steps < depth):
        following: set[str] = set()
        for unique_id in front:
            following.update(edges.get(unique_id, ()))
        front = following - seen
        seen |= front
        steps += 1
    return seen


def nearest_selected(selected: set[str], parents: Edges) -> dict[str, tuple[str, ...]]:
    """For each selected id, its nearest selected ancestors, looking through unselected ones
    (SEL-40).
    """
    through: dict[str, frozenset[str]] = {}

    def look(unique_id: str) -> frozenset[str]:
        # An explicit stack: chains of unselected resources can be deeper than Python's own stack.
        stack = [unique_id]
        while stack:
            current = stack[-1]
            waiting = [
                parent
                for parent in parents.get(current, ())
                if parent not in selected and parent not in through
            ]
            if waiting:
                stack.extend(waiting)
                continue
            found: set[str] = set()
            for parent in parents.get(current, ()):
                if parent in selected:
                    found.add(parent)
                else:
                    found |= through[parent]
            through[current] = frozenset(found)
            stack.pop()
        return through[unique_id]

    answer: dict[str, tuple[str, ...]] = {}
    for unique_id in selected:
        found: set[str] = set()
        for parent in parents.get(unique_id, ()):
            if parent in selected:
                found.add(parent)
            else:
                found |= through[parent] if parent in through else look(parent)
        answer[unique_id] = tuple(sorted(found))
    return answer
