"""`retry`: run again what failed last time, as it was asked for then (deferral.md section 11).

Unlike dbt, the selected set is the one of the run being retried, every state argument is carried
over, and the directory of the deferral state is never taken for the directory of the previous
results (defect D6): only an explicit `--state` on the retry itself names another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from upriver.problems import Problem, ProblemsError
from upriver.project.arguments import STATE_OPTIONS
from upriver.project.option_groups import GlobalOptions, Selecting
from upriver.project.requests import REQUESTS, Request, Retry
from upriver.run.batches import PastBatches
from upriver.state.remote.address import REDACTED, secret_free
from upriver.state.run_results import PastRun, load_run_results, to_retry
from upriver.workspace.inputs import option_from_env

RETRIED: Mapping[str, str] = {
    **{
        name: name
        for name in (
            "run", "build", "compile", "clone", "seed", "snapshot", "test", "run-operation"
        )
    },
    "generate": "docs generate",
}  # fmt: skip
"""Verbs by what results say of the command that left them."""
_NOT_CARRIED = frozenset(
    {"project_dir", "profiles_dir", "log_path", "target_path", "warn_error", "warn_error_options",
     "log_format", "log_format_file", "log_level", "log_level_file", "quiet", "debug", "profile"}
)  # fmt: skip
"""What belongs to the terminal of the retry, not to the run that is retried (CLI-124)."""


class Retrying(msgspec.Struct, frozen=True, kw_only=True):
    """The previous request, and which of its resources are run again."""

    request: Request
    which: str
    ids: tuple[str, ...]
    batches: Mapping[str, PastBatches]
    """Microbatch models of which only some batches failed."""


def read_previous(
    request: Retry, *, target_path: str, warn_is_error: bool, env: Mapping[str, str] = {}
) -> tuple[Retrying, tuple[Problem, ...]]:
    """Rebuild the previous request; raises ProblemsError when there is none to retry.

    Credentials of a state's address are not in results; they are taken from where they stand still.
    """
    given = request.options.state or target_path
    directory = given if isinstance(given, str) else given[0]
    past, problems = load_run_results(directory)
    if past is None:
        raise ProblemsError((*problems, _no_previous(directory)))
    which = str(past.command or past.args.get("which") or "")
    if which not in RETRIED:
        raise ProblemsError((*problems, _not_retried(which)))
    rebuilt = _with_credentials(_rebuild(which, past, request), request, env)
    ids = to_retry(past, with_warnings=warn_is_error)
    batches = {
        unique_id: PastBatches(succeeded=result.succeeded_batches, failed=result.failed_batches)
        for unique_id, result in past.results.items()
        if unique_id in ids and result.succeeded_batches
    }
    return Retrying(request=rebuilt, which=which, ids=ids, batches=batches), problems


def _rebuild(which: str, past: PastRun, request: Retry) -> Request:
    kind = REQUESTS[RETRIED[which]]
    options = _fields(GlobalOptions, past.args, skipped=_NOT_CARRIED)
    given = request.options
    for name in given.__struct_fields__:
        value = getattr(given, name)
        if value is not None and name != "state":
            options[name] = value
    parts: dict[str, Any] = _fields(kind, past.args, skipped=frozenset({"options", "selecting"}))
    if "selecting" in kind.__struct_fields__:
        selecting = _fields(Selecting, past.args, skipped=frozenset())
        parts["selecting"] = msgspec.convert(selecting, Selecting, strict=False)
    if request.full_refresh is not None and "full_refresh" in kind.__struct_fields__:
        parts["full_refresh"] = request.full_refresh
    parts["options"] = msgspec.convert(options, GlobalOptions, strict=False)
    return kind(**parts)


def _with_credentials(rebuilt: Request, retry: Retry, env: Mapping[str, str]) -> Request:
    """Give addresses their credentials again, from `--defer-state` and variables as they are now."""
    texts = [option_from_env(env, name) or "" for name in ("STATE", "DEFER_STATE")]
    typed = retry.options.defer_state or ()
    known = (*((typed,) if isinstance(typed, str) else typed), *";".join(texts).split(";"))
    by_shown = {secret_free(one): one for one in known if one}
    options = rebuilt.options
    values: dict[str, Any] = {}
    for name in sorted(STATE_OPTIONS):
        given = getattr(options, name)
        places = (given,) if isinstance(given, str) else given or ()
        if not any(REDACTED in place for place in places):
            continue
        found = tuple(by_shown.get(place, place) for place in places)
        if any(place not in known and REDACTED in place for place in found):
            raise ProblemsError((_without_credentials(found),))
        values[name] = found[0] if isinstance(given, str) else found
    if not values:
        return rebuilt
    options = msgspec.structs.replace(options, **values)
    return msgspec.structs.replace(rebuilt, options=options)


def _fields(
    kind: type[msgspec.Struct], args: Mapping[str, Any], *, skipped: frozenset[str]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in kind.__struct_fields__:
        value = args.get(name)
        if name not in skipped and value is not None:
            found[name] = tuple(value) if isinstance(value, list) else value
    return found


def _no_previous(directory: str) -> Problem:
    return Problem(
        code="retry-no-previous-run",
        message=f"Could not find previous run in '{directory}' target directory",
        hint="`retry` needs the `run_results.json` that the run to retry has left; `--state` names"
        " another directory",
    )


def _without_credentials(places: tuple[str, ...]) -> Problem:
    return Problem(
        code="retry-state-credentials",
        message=f"The run to retry read the state `{' '.join(places)}`, whose credentials are not"
        " written down",
        hint="Set `DBT_STATE` to the whole address, or keep credentials in `~/.netrc`,"
        " `UPRIVER_STATE_TOKEN` or where the cloud's own tools look for them",
    )


def _not_retried(which: str) -> Problem:
    return Problem(
        code="retry-not-supported",
        message=f"The previous command was `{which}`, which cannot be retried",
        hint=f"Commands that can be retried: {', '.join(sorted(RETRIED.values()))}",
    )
