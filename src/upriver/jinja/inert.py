"""Tell whether calling a macro at parse time can change what a node is known to ask for.

The text is read, not run: a macro that, with all it calls, never mentions the names below can
record nothing and cannot fail in a way that matters while parsing. Jinja is not loaded for it.
"""

from __future__ import annotations

import functools
import re

from upriver.jinja.macro_table import dispatched
from upriver.jinja.world import World
from upriver.resources.macro import Macro

_LOUD = re.compile(
    r"\b(?:ref|source|config|metric|function|graph|context|builtins|caller|render|model|this"
    r"|exceptions|run_query|statement|log|print|set_sql_header|env_var|invocation_id"
    r"|run_started_at|invocation_args_dict|selected_resources|try_or_compiler_error)\b"
)
_VAR = re.compile(r"""\bvar\b(?:\.has_var)?(?:\s*\(\s*(['"])([^'"\\]*)\1\s*[,)])?""")
_DISPATCH = re.compile(
    r"""\badapter\s*\.\s*dispatch\b
        (?P<is_plain>\s*\(\s*(?:macro_name\s*=\s*)?(?:'\w+'|"\w+")\s*
        (?:,\s*(?:macro_namespace\s*=\s*)?(?:'\w+'|"\w+")\s*)?\))?""",
    re.VERBOSE,
)
_MAX_MACROS = 60


def is_inert(world: World, macro_name: str, package: str) -> bool:
    """Tell whether the macro that `name` or `package.name` reaches, and all it calls, records
    nothing while parsing. False where that cannot be seen from the text. Callers cache.
    """
    first = _find(world, macro_name, package)
    if first is None:
        return False
    waiting = [first]
    seen: set[str] = set()
    while waiting:
        macro = waiting.pop()
        if macro.unique_id in seen:
            continue
        seen.add(macro.unique_id)
        if len(seen) > _MAX_MACROS or _is_loud(world, macro, package):
            return False
        called = _callees(world, macro, package)
        if called is None:
            return False
        waiting.extend(called)
    return True


def _find(world: World, name: str, package: str) -> Macro | None:
    namespace, dot, rest = name.partition(".")
    return world.find_macro_in(namespace, rest) if dot else world.find_macro(name, package)


@functools.lru_cache(maxsize=4096)
def _said(text: str) -> tuple[bool, tuple[str | None, ...], bool]:
    """Return what a macro's text says, whoever asks: whether it is loud, the vars it reads (None
    for one whose name is not written out), and whether all it dispatches can be seen.

    Kept, since the same few macros are asked about by thousands of models.
    """
    is_loud = _LOUD.search(text) is not None
    names = tuple(match[2] for match in _VAR.finditer(text))
    return is_loud, names, all(match["is_plain"] for match in _DISPATCH.finditer(text))


def _is_loud(world: World, macro: Macro, package: str) -> bool:
    is_loud, names, _ = _said(macro.macro_sql)
    if is_loud:
        return True
    for name in names:
        if name is None:
            return True
        # The text of a var is rendered where it is used, and may ask for anything.
        value = world.var(name, package).value
        if isinstance(value, str) and "{" in value:
            return True
    return False


def _callees(world: World, macro: Macro, package: str) -> list[Macro] | None:
    """Return the macros a macro may call; None when that is not certain."""
    if not _said(macro.macro_sql)[2]:
        return None
    found: list[Macro] = []
    for name in macro.calls:
        # What is no macro is a member, which `_LOUD` knows, or an argument.
        called = _find(world, name, package)
        if called is not None:
            found.append(called)
    for name, namespace in macro.dispatches:
        target, _ = dispatched(name, namespace, world, package)
        if target is None:
            return None
        found.append(target)
    return found
