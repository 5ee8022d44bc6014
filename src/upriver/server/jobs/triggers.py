"""What a trigger's body may ask for (platform.md 6.5)."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from upriver.server.jobs.commands import read_commands
from upriver.server.jobs.queue import Trigger
from upriver.server.refusals import UNPROCESSABLE, Refused

_PULL_REQUESTS: Final = (
    "github_pull_request_id", "gitlab_merge_request_id", "azure_pull_request_id",
    "non_native_pull_request_id",
)  # fmt: skip
_LONGEST_NAME: Final = 255
_LONGEST_SHA: Final = 64


class TriggerBody(msgspec.Struct, frozen=True, kw_only=True):
    """How one run differs from its job; clients send nulls for what they do not mean."""

    cause: str | None = None
    git_sha: str | None = None
    git_branch: str | None = None
    azure_pull_request_id: int | None = None
    github_pull_request_id: int | None = None
    gitlab_merge_request_id: int | None = None
    non_native_pull_request_id: int | None = None
    schema_override: str | None = None
    dbt_version_override: str | None = None
    threads_override: int | None = None
    target_name_override: str | None = None
    generate_docs_override: bool | None = None
    timeout_seconds_override: int | None = None
    steps_override: tuple[str, ...] | None = None


def trigger_of(body: TriggerBody, *, by: str, category: str = "api", key: str | None) -> Trigger:
    """Return the trigger; raises Refused with all that is wrong."""
    wrong = [problem.message for problem in read_commands(body.steps_override or ())[1]]
    names = {"git_branch": body.git_branch, "schema_override": body.schema_override,
             "target_name_override": body.target_name_override}  # fmt: skip
    wrong += [
        f"`{name}` is too long, or not a name"
        for name, word in names.items()
        if word is not None and (len(word) > _LONGEST_NAME or not word.isprintable())
    ]
    if body.git_sha is not None and len(body.git_sha) > _LONGEST_SHA:
        wrong.append("`git_sha` is no commit")
    for name in ("threads_override", "timeout_seconds_override"):
        number = getattr(body, name)
        if number is not None and not 0 <= number <= 1_000_000:  # noqa: PLR2004 - far beyond use
            wrong.append(f"`{name}` is out of range")
    if wrong:
        raise Refused(UNPROCESSABLE, f"The run cannot be started: {'; '.join(wrong)}.")
    given: dict[str, Any] = {
        name: value
        for name, value in msgspec.structs.asdict(body).items()
        if value is not None and name not in ("cause", "git_sha", "git_branch")
    }
    request_id = next((given[name] for name in _PULL_REQUESTS if name in given), None)
    return Trigger(
        cause=body.cause or "Triggered by the API",
        category=category,
        by=by,
        overrides=msgspec.to_builtins(given),
        git_sha=body.git_sha or None,
        git_branch=body.git_branch or None,
        pull_request_id=None if request_id is None else str(request_id),
        idempotency_key=key,
    )
