"""The arguments of an invocation as plain data: `args` of run results, and what templates see."""

from __future__ import annotations

from typing import Any

import msgspec

from upriver.project.option_groups import GlobalOptions, Selecting
from upriver.project.requests import Request
from upriver.state.remote.address import secret_free

STATE_OPTIONS = frozenset({"state", "defer_state"})
"""Options that may name an address."""


def args_of(request: Request, which: str, command_line: tuple[str, ...]) -> dict[str, Any]:
    """Return the request as `args` of run results and `invocation_args_dict` (ART-56).

    `retry` builds its request from this, so every option that was given is here, except for the
    credentials in addresses of states: what is written down is handed on.
    """
    args: dict[str, Any] = {}
    for group in (request.options, getattr(request, "selecting", None), request):
        if group is None:
            continue
        for name in group.__struct_fields__:
            value = getattr(group, name)
            if isinstance(value, (GlobalOptions, Selecting)) or value is None:
                continue
            args[name] = list(value) if isinstance(value, tuple) else value
    for name in STATE_OPTIONS & args.keys():
        given = args[name]
        is_list = isinstance(given, list)
        args[name] = [secret_free(one) for one in given] if is_list else secret_free(given)
    args.setdefault("vars", {})
    args["which"] = which
    args["invocation_command"] = secret_free(" ".join(("dbt", *command_line)))
    return msgspec.to_builtins(args)  # type: ignore[no-any-return]
